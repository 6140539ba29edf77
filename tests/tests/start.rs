//! The first commands of a user: `init`, `quickstart` and `pipelines new`.

use osiris_tests::TestProject;

const TEMPLATES: [&str; 5] =
    ["hello", "csv-to-postgres", "mysql-to-csv", "postgres-to-csv", "incremental"];

#[test]
fn every_template_is_valid() {
    for name in TEMPLATES {
        let project = TestProject::new();
        project.osiris(["init", "--template", name]).run().expect(0);
        if project.exists(".env.example") {
            project.write(".env", project.read(".env.example"));
        }
        let valid = project.osiris(["validate", name]).run().expect(0);
        assert_eq!(valid.stderr, "", "{name}");
        if project.exists("osiris_connections.yaml") {
            let list = project.osiris(["connections", "list", "--json"]).run().expect(0).json();
            assert!(!list.to_string().contains("change me"), "{name}: {list:#}");
        }
    }
}

#[test]
fn options_in_the_comments_of_a_template_are_valid() {
    for name in TEMPLATES {
        let project = TestProject::new();
        project.osiris(["init", "--template", name]).run().expect(0);
        let path = format!("pipelines/{name}.yaml");
        let all = uncommented(&project.read(&path));
        project.write(&path, all);
        project.write(".env", "MYSQL_PASSWORD=x\nPOSTGRES_PASSWORD=x\n");
        project.osiris(["validate", name]).run().expect(0);
    }
}

#[test]
fn templates_share_a_project() {
    let project = TestProject::new();
    for _ in 0..2 {
        for name in TEMPLATES {
            project.osiris(["init", "--template", name]).run().expect(0);
        }
    }
    let list = project.osiris(["pipelines", "list", "--json"]).run().expect(0).json();
    let names: Vec<_> =
        list["pipelines"].as_array().unwrap().iter().map(|one| one["name"].as_str()).collect();
    let mut expected = TEMPLATES;
    expected.sort_unstable();
    assert_eq!(names, expected.map(Some));
}

#[test]
fn new_pipeline_is_valid_with_its_blanks_filled_in() {
    let project = TestProject::new();
    project.osiris(["init"]).run().expect(0);
    let drivers = ["--from", "filesystem.csv_extractor", "--to", "filesystem.csv_writer"];
    let new =
        project.osiris(["pipelines", "new", "copy"].iter().chain(&drivers).chain(&["--json"]));
    let answer = new.run().expect(0).json();
    let blanks = answer["blanks"].as_array().unwrap();
    let lines: Vec<usize> =
        blanks.iter().map(|blank| blank["line"].as_u64().unwrap() as usize).collect();
    assert_eq!(lines.len(), 2, "{answer:#}");

    // Each blank is reported with its line.
    let problems = project.osiris(["validate", "copy", "--json"]).run().expect(2).json();
    let reported: Vec<_> =
        problems["problems"].as_array().unwrap().iter().map(|one| one["line"].as_u64()).collect();
    assert_eq!(reported, lines.iter().map(|line| Some(*line as u64)).collect::<Vec<_>>());

    let mut values = ["data/planets.csv", "output/copy.csv"].into_iter();
    let draft = project.read("pipelines/copy.yaml");
    let filled: String = draft
        .lines()
        .enumerate()
        .map(|(index, line)| match lines.contains(&(index + 1)) {
            true => {
                format!("{}\n", line.replace("path:", &format!("path: {}", values.next().unwrap())))
            }
            false => format!("{line}\n"),
        })
        .collect();
    project.write("pipelines/copy.yaml", &filled);
    project.osiris(["validate", "copy"]).run().expect(0);
    project.osiris(["run", "copy"]).run().expect(0);
    assert!(project.read("output/copy.csv").contains("Neptune"));

    // The options in the comments are valid as well, if they have a value.
    let with_values = |line: &&str| !line.trim_start().starts_with('#') || !line.contains(":  # ");
    let all: Vec<&str> = filled.lines().filter(with_values).collect();
    project.write("pipelines/copy.yaml", uncommented(&all.join("\n")));
    project.osiris(["validate", "copy"]).run().expect(0);

    // Never replaced.
    let again = project.osiris(["pipelines", "new", "copy"].iter().chain(&drivers)).run().expect(2);
    assert!(again.stderr.contains("`pipelines/copy.yaml` exists"), "{}", again.stderr);
}

#[test]
fn new_pipeline_names_connections() {
    let project = TestProject::new();
    project.osiris(["init", "--template", "incremental"]).run().expect(0);
    let new = |name: &str, more: &[&str]| {
        let drivers = ["--from", "mysql.extractor", "--to", "postgres.writer"];
        project.osiris(["pipelines", "new", name].iter().chain(&drivers).chain(more)).run()
    };
    new("defaults", &[]).expect(0);
    let defaults = project.read("pipelines/defaults.yaml");
    assert!(defaults.contains("connection: \"@mysql.main\""), "{defaults}");
    assert!(defaults.contains("connection: \"@postgres.main\""), "{defaults}");
    let named = new("named", &["--connection", "@mysql.shop"]).expect(0);
    assert!(named.stdout.contains("Add @mysql.shop to osiris_connections.yaml"), "{named:?}");
    assert!(project.read("pipelines/named.yaml").contains("connection: \"@mysql.shop\""));
    let wrong = new("wrong", &["--connection", "@oracle.main"]).expect(2);
    assert!(wrong.stderr.contains("no step uses the connection `@oracle.main`"), "{wrong:?}");
    assert!(!project.exists("pipelines/wrong.yaml"));
}

#[test]
fn quickstart_leaves_nothing() {
    let project = TestProject::new();
    let temporary = project.outside().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let quickstart = || project.osiris(["quickstart"]).env("TMPDIR", &temporary);
    let text = quickstart().run().expect(0).stdout;
    assert!(text.contains("Mercury,rocky,2439.7,0,"), "{text}");
    let answer =
        project.osiris(["quickstart", "--json"]).env("TMPDIR", &temporary).run().expect(0).json();
    assert_eq!(answer["rows_written"], 8, "{answer:#}");
    for folder in [project.root(), temporary.clone()] {
        let left: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }
    let broken = project.osiris(["quickstart"]).env("TMPDIR", "/nowhere").run().expect(3);
    assert!(broken.stderr.contains("set TMPDIR"), "{broken:?}");
}

/// Removes the `#` before options; comments have a space after theirs.
fn uncommented(text: &str) -> String {
    let option = |line: &str| {
        let indent = &line[..line.len() - line.trim_start().len()];
        let option = line.trim_start().strip_prefix('#').filter(|rest| !rest.starts_with(' '));
        option.map_or(format!("{line}\n"), |option| format!("{indent}{option}\n"))
    };
    text.lines().map(option).collect()
}
