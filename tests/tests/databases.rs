//! The pipelines of `testing_env` with the real program and real servers.

use std::fs;
use std::path::Path;

use osiris_tests::databases::{MYSQL, POSTGRES, Project, samples};
use osiris_tests::session::Session;

/// Checks that no file below a directory contains a password of the servers.
fn assert_hidden(folder: &Path) {
    for entry in fs::read_dir(folder).expect("the project can be read") {
        let path = entry.expect("an entry has a name").path();
        if path.is_dir() {
            assert_hidden(&path);
            continue;
        }
        let text = String::from_utf8_lossy(&fs::read(&path).expect("it can be read")).into_owned();
        assert!(!text.contains("s3cret"), "{} holds a password", path.display());
    }
}

#[test]
fn movies_sample_extracts_all_rows() {
    let project = Project::new("movies_csv");
    project.run("movies");
    let session = Session::only(&project.folder);
    assert_eq!(session.status["steps_completed"], 10);
    assert_eq!(session.status["steps_total"], 10);
    let rows: usize = ["actors", "directors", "movie_actors", "movies", "reviews"]
        .map(|table| {
            let path = format!("output/movies/{table}.csv");
            project.folder.read(path).lines().count() - 1
        })
        .iter()
        .sum();
    assert_eq!(rows, 84);
    let movies = project.folder.read("output/movies/movies.csv");
    assert!(
        movies.contains("1,Inception,1,2010,Science fiction,148,160000000.00,836800000.00\n"),
        "{movies}"
    );
    assert!(movies.contains("10,Cléo from 5 to 7,6,1962,Drama,90,,\n"), "{movies}");
    assert!(project.folder.read("output/movies/actors.csv").contains("7,Timothée Chalamet,0007\n"));
}

#[test]
fn mysql_table_is_copied_to_postgres_with_its_types() {
    let project = Project::new("movies_over");
    for _ in 0..2 {
        project.run("mysql-to-postgres");
        assert_eq!(
            project.postgres("SELECT count(*), sum(box_office), min(budget) FROM movies"),
            "14|4948600000.00|3000000.00"
        );
    }
    assert_eq!(
        project.postgres(
            "SELECT data_type, numeric_precision, numeric_scale FROM information_schema.columns
             WHERE table_name = 'movies' AND column_name = 'budget'"
        ),
        "numeric|14|2"
    );
}

#[test]
fn csv_file_is_loaded_into_postgres() {
    let project = Project::new("csv_in");
    project.run("csv-to-postgres");
    assert_eq!(project.postgres("SELECT count(*) FROM penguins"), "344");
}

#[test]
fn incremental_run_reads_only_new_rows() {
    let project = Project::new("news");
    project.run("incremental");
    assert_eq!(project.postgres("SELECT count(*), max(id) FROM reviews"), "20|20");
    MYSQL
        .sql(project.name, "INSERT INTO reviews (movie_id, rating) VALUES (1, 9.5)")
        .expect("a row");
    project.run("incremental");
    assert_eq!(project.postgres("SELECT count(*), max(id) FROM reviews"), "21|21");
    project.run("incremental");
    assert_eq!(project.postgres("SELECT count(*) FROM reviews"), "21");
}

#[test]
fn failed_run_changes_no_row_and_no_state() {
    let project = Project::new("failed");
    project.run("incremental");
    // The new row refers to a film that PostgreSQL does not have.
    project.postgres("ALTER TABLE reviews ADD CHECK (movie_id < 100)");
    MYSQL.sql(project.name, "INSERT INTO reviews (movie_id) VALUES (1), (500)").expect("rows");
    let failed = project.osiris(&["run", "pipelines/incremental.yaml"]).run().expect(1);
    assert!(failed.stderr.contains("load-reviews"), "{}", failed.stderr);
    assert_eq!(project.postgres("SELECT count(*) FROM reviews"), "20");
    project.postgres("ALTER TABLE reviews DROP CONSTRAINT reviews_movie_id_check");
    project.run("incremental");
    assert_eq!(project.postgres("SELECT count(*) FROM reviews"), "22");
}

#[test]
fn successful_pair_saves_state_if_another_pair_fails() {
    let project = Project::new("pairs");
    // This pair is rejected long after the other one has ended.
    let slow = r#"
  - id: slow
    component: mysql.extractor
    mode: read
    config: {connection: "@mysql.movies", query: "SELECT id, SLEEP(0.2) AS nap FROM reviews"}
  - id: load-slow
    component: postgres.writer
    mode: write
    config: {connection: "@postgres.warehouse", table: refused, mode: append}
"#;
    project.postgres("CREATE TABLE refused (id int CHECK (id < 0), nap int)");
    let pairs = project.folder.read("pipelines/incremental.yaml") + slow;
    project.folder.write("pipelines/pairs.yaml", pairs);
    for _ in 0..2 {
        let failed = project.osiris(&["run", "pipelines/pairs.yaml"]).run().expect(1);
        assert!(failed.stderr.contains("load-slow"), "{}", failed.stderr);
        assert_eq!(project.postgres("SELECT count(*), max(id) FROM reviews"), "20|20");
    }
}

#[test]
fn doctor_names_the_fault_of_a_connection() {
    let project = Project::new("doctors");
    let answer = project.osiris(&["connections", "doctor", "--json"]).run().expect(0).json();
    for connection in answer["connections"].as_array().expect("a list") {
        assert_eq!(connection["category"], "ok", "{connection}");
    }
    let wrong = [
        ("MYSQL_PASSWORD", "nobody's", "auth"),
        ("POSTGRES_PASSWORD", "nobody's", "auth"),
        ("MYSQL_PORT", "1", "network"),
        ("POSTGRES_PORT", "1", "network"),
    ];
    for (variable, value, category) in wrong {
        let command = project.osiris(&["connections", "doctor", "--json"]).env(variable, value);
        let answer = command.run().expect(3).json();
        let found = answer["connections"].as_array().expect("a list");
        assert!(found.iter().any(|one| one["category"] == category), "{variable}: {answer:#}");
        assert!(!answer.to_string().contains("nobody's"), "{answer}");
    }
    assert_hidden(&project.folder.root());
}

#[test]
fn discovery_lists_tables_with_a_stable_fingerprint() {
    let project = Project::new("discovered");
    let discover = || {
        let command = project.osiris(&["discover", "@mysql.movies", "--refresh", "--json"]);
        command.run().expect(0).json()
    };
    let (first, second) = (discover(), discover());
    assert_eq!(first["fingerprint"], second["fingerprint"]);
    let names: Vec<&str> = first["resources"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|resource| resource["name"].as_str())
        .collect();
    assert_eq!(names.len(), 5, "{names:?}");
    MYSQL.sql(project.name, "ALTER TABLE movies ADD COLUMN seen BIT(1)").expect("a column");
    let third = discover();
    assert_ne!(third["fingerprint"], first["fingerprint"]);
    assert_eq!(third["changes"]["changed"].as_array().map(Vec::len), Some(1), "{third:#}");
}

#[test]
fn samples_are_the_first_rows() {
    let project = Project::new("samples");
    project.run("csv-to-postgres");
    project.postgres("CREATE SCHEMA other; CREATE TABLE other.t AS SELECT 7 AS n");
    for (reference, name, column, value) in [
        ("@mysql.movies", "movies", "title", "Inception"),
        ("@postgres.warehouse", "penguins", "Region", "Anvers"),
        ("@postgres.warehouse", "other.t", "n", "7"),
    ] {
        let command = project.osiris(&["discover", reference, "--samples", "1", "--json"]);
        let answer = command.run().expect(0).json();
        let rows = &answer["samples"][name]["rows"];
        assert_eq!(rows.as_array().map(Vec::len), Some(1), "{answer:#}");
        assert_eq!(rows[0][column], value);
    }
}

#[test]
fn tls_is_verified_inside_the_sandbox() {
    let project = Project::new("tls");
    for (name, server) in [
        ("good.pem", MYSQL.ca_file()),
        ("other.pem", MYSQL.other_ca_file()),
        ("pg.pem", POSTGRES.ca_file()),
    ] {
        project.folder.write(name, fs::read(server).expect("a certificate"));
    }
    let connections = |mysql_ca: &str| {
        let text =
            fs::read_to_string(samples().join("osiris_connections.yaml")).expect("it is there");
        let text = text
            .replace(
                "user: ${MYSQL_USER:-root}",
                &format!("user: root\n      tls: verify_ca\n      ca_file: {mysql_ca}"),
            )
            .replace(
                "user: ${POSTGRES_USER:-postgres}",
                "user: ${POSTGRES_USER:-postgres}\n      sslmode: verify-ca\n      ca_file: pg.pem",
            );
        project.folder.write("osiris_connections.yaml", text);
    };
    connections("good.pem");
    project.run("mysql-to-postgres");
    connections("other.pem");
    let failed = project.osiris(&["run", "pipelines/mysql-to-postgres.yaml"]).run().expect(1);
    assert!(failed.stderr.contains("certificate"), "{}", failed.stderr);
}
