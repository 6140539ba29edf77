//! The sample pipelines with servers on this machine, so always in the emulator.

use osiris_tests::databases::{MYSQL, Project};
use osiris_tests::{Cloud, Finished};

use crate::both::compare;

/// Runs a sample on this machine and, with new databases, in a sandbox. `look` runs the pipelines
/// and returns the resulting content of the databases.
fn same(name: &'static str, look: impl Fn(&Project, &dyn Fn(&str) -> Finished) -> String) {
    let here = Project::new(name);
    let local = look(&here, &|pipeline| {
        here.osiris(&["run", &format!("pipelines/{pipeline}.yaml")]).run().expect(0)
    });
    let cloud = Cloud::equipped();
    let there = Project::new(name);
    let remote = look(&there, &|pipeline| {
        let file = format!("pipelines/{pipeline}.yaml");
        there.reach(cloud.run(&there.folder, &file, &[])).run().expect(0)
    });
    assert_eq!(local, remote);
    cloud.assert_empty();
    compare(&here.folder, &there.folder);
}

#[test]
fn movies_sample_is_equal() {
    same("parity_movies", |project, run| {
        run("movies");
        project.folder.read("output/movies/movies.csv")
    });
}

#[test]
fn mysql_to_postgres_copy_is_equal() {
    same("parity_over", |project, run| {
        run("mysql-to-postgres");
        project.postgres("SELECT * FROM movies ORDER BY id")
    });
}

#[test]
fn csv_load_is_equal() {
    same("parity_csv", |project, run| {
        run("csv-to-postgres");
        project.postgres("SELECT * FROM penguins ORDER BY 1, 2, 3, 4, 5, 6, 7")
    });
}

#[test]
fn incremental_run_is_equal() {
    same("parity_news", |project, run| {
        run("incremental");
        let first = project.postgres("SELECT count(*), max(id) FROM reviews");
        MYSQL
            .sql(project.name, "INSERT INTO reviews (movie_id, rating) VALUES (1, 9.5)")
            .expect("a row");
        run("incremental");
        let second = project.postgres("SELECT count(*), max(id) FROM reviews");
        assert_eq!((first.as_str(), second.as_str()), ("20|20", "21|21"));
        second
    });
}
