//! Only files that the plan declares are uploaded.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use osiris_tests::secret::SECRET;
use osiris_tests::service::new_project;
use osiris_tests::session::Session;
use osiris_tests::{Cloud, TestProject, built};

pub(crate) const COPY: &str = "\
oml_version: 0.1.0
name: copy
steps:
  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: in.csv}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out/copy.csv}}
";

/// Content of every file that does not belong to the pipeline.
const PRIVATE: &str = "of no concern to anybody";

/// Returns every file below a directory by its path, sorted.
fn below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("it can be read").flatten() {
            match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                true => folders.push(entry.path()),
                false => {
                    let path = entry.path();
                    let name = path.strip_prefix(folder).expect("it is below");
                    files.push(name.display().to_string());
                }
            }
        }
    }
    files.sort();
    files
}

#[test]
fn undeclared_project_files_are_not_sent() {
    let cloud = Cloud::bare();
    let project = TestProject::new();
    project.write("in.csv", "n\n1\n");
    project.write("pipeline.yaml", COPY);
    project.write("out/of-before.csv", PRIVATE);
    project.write(".env", format!("OTHER='{PRIVATE}'\n"));
    project.write("data/in.csv", PRIVATE);
    project.write("in.csv.bak", PRIVATE);
    project.write("notes.txt", PRIVATE);
    project.write(
        "drivers/mine.wasm",
        fs::read(built::test_driver("test.source")).expect("it is built"),
    );
    let connections = "version: 1\nconnections: {a: {b: {password: \"${OTHER}\", host: h}}}\n";
    project.write("osiris_connections.yaml", connections);
    let run = ["run", "pipeline.yaml", "--e2b-install-deps", "--e2b-keep"];
    // Without the test drivers, since the project has a copy of one.
    cloud.reach(project.osiris(cloud.arguments(&run))).run().expect(0);

    let home = cloud.home();
    let session = Session::only(&project);
    let id = session.status["session_id"].as_str().expect("it has an id");
    let (mut sent, mut private) = (0, Vec::new());
    for name in below(&home) {
        let bytes = fs::read(home.join(&name)).unwrap_or_default();
        if String::from_utf8_lossy(&bytes).contains(PRIVATE) {
            private.push(name.clone());
        }
        sent += usize::from(name.starts_with(".osiris/blobs/"));
    }
    assert_eq!(private, [""; 0]);
    // `osiris`, two drivers with their compiled code, and the input.
    assert_eq!(sent, 6, "{:?}", below(&home));
    let of_run = below(&home.join("session").join(id));
    let (own, files): (Vec<_>, Vec<_>) = of_run
        .into_iter()
        .partition(|name| name.starts_with("logs/") || name.starts_with(".osiris/"));
    assert_eq!(files, ["in.csv", "out/copy.csv"]);
    assert!(own.iter().any(|name| name.ends_with("status.json")), "{own:?}");
}

#[test]
fn secrets_of_unused_connections_are_not_sent() {
    let cloud = Cloud::bare();
    let project = new_project("127.0.0.1", 7, "");
    let other = project.read("osiris_connections.yaml")
        + "    other: {host: h, password: \"${OTHER}\"}\n  more:\n    one: {password: \"${OTHER}\"}\n";
    project.write("osiris_connections.yaml", other);
    let runtime = project.outside().join("worker.sh");
    let script = "#!/bin/sh\ncp \"$3/confidential.json\" \"$3/plan.json\" \"$HOME\"\nexit 1\n";
    fs::write(&runtime, script).expect("it can be written");
    let run = cloud.run(&project, "pipeline.yaml", &["--e2b-install-deps", "--e2b-keep"]);
    let run = run.env("SECRET", SECRET).env("OTHER", PRIVATE);
    run.env("OSIRIS_E2B_RUNTIME", runtime).run().expect(3);
    let read = |name| fs::read_to_string(cloud.home().join(name)).expect("the worker copied it");
    let (confidential, plan) = (read("confidential.json"), read("plan.json"));
    let sent: serde_json::Value = serde_json::from_str(&confidential).expect("it is JSON");
    assert_eq!(sent["configs"]["ask"]["resolved_connection"]["password"], SECRET);
    assert!(!confidential.contains(PRIVATE), "{confidential}");
    assert!(!plan.contains(PRIVATE) && !plan.contains("c4nary"), "{plan}");
}

/// Reads a directory and ends: only the files sent to the sandbox matter.
const LOOK: &str = "\
oml_version: 0.1.0
name: look
steps:
  - {id: look, component: test.hostile, mode: read, config: {attack: look-around, path: FOLDER}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out/copy.csv}}
";

/// Creates a project with many files that no step may read, and links to them.
fn full() -> TestProject {
    let project = TestProject::new();
    for path in [
        ".envrc",
        ".git/config",
        "logs/run_1/status.json",
        "drivers/README",
        ".osiris/state/other/x.json",
        "data/.env",
        "data/sub/.git/config",
        "private/keys.txt",
    ] {
        project.write(path, PRIVATE);
    }
    project.write(".env", format!("OTHER='{PRIVATE}'\n"));
    project
        .write("osiris_connections.yaml", format!("version: 1\nconnections: {{}}\n# {PRIVATE}\n"));
    project.write("data/a.csv", "n\n1\n");
    project.write("data/deep/b.csv", "n\n2\n");
    fs::write(project.outside().join("keys.txt"), PRIVATE).expect("it can be written");
    for (link, target) in [
        ("data/env", "../.env"),
        ("data/keys", "../private/keys.txt"),
        ("data/private", "../private"),
        ("data/outside", "../../keys.txt"),
        ("data/up", ".."),
        ("data/self", "."),
        ("data/c.csv", "a.csv"),
        ("data/also-deep", "deep"),
    ] {
        symlink(target, project.path(link)).expect("links can be made");
    }
    project
}

/// Returns the names of the files that would be uploaded.
fn sent(project: &TestProject, folder: &str) -> Vec<String> {
    project.write("pipeline.yaml", LOOK.replace("FOLDER", folder));
    let run = ["run", "pipeline.yaml", "--e2b", "--dry-run", "--json"];
    let answer = project.osiris(run).test_drivers().run().expect(0).json();
    let uploads = answer["e2b"]["uploads"].as_array().expect("a list").iter();
    uploads.filter_map(|upload| Some(upload["name"].as_str()?.to_owned())).collect()
}

#[test]
fn unreadable_files_are_not_sent() {
    let project = full();
    let inputs = |folder: &str| -> Vec<String> {
        let is_input = |name: &String| {
            name.contains('/')
                || name.contains('.')
                    && !name.starts_with("test.")
                    && !name.starts_with("filesystem.")
        };
        sent(&project, folder).into_iter().filter(is_input).collect()
    };
    let of_data = ["data/a.csv", "data/also-deep/b.csv", "data/c.csv", "data/deep/b.csv"];
    assert_eq!(inputs("data"), of_data);
    assert_eq!(inputs("./data/../data/"), of_data);
    // The whole project is allowed: `private` as well, but none of osiris's own files.
    let all = inputs(".");
    for name in &all {
        let is_closed = |part: &str| {
            matches!(
                part,
                ".env" | ".envrc" | ".git" | ".osiris" | "drivers" | "logs" | "env" | "outside"
            ) || part.starts_with("osiris")
        };
        assert!(!name.split('/').any(is_closed), "{name} of {all:?}");
    }
    assert!(all.contains(&"private/keys.txt".to_owned()), "{all:?}");
}

#[test]
fn symlink_targets_are_not_sent() {
    let cloud = Cloud::equipped();
    let project = full();
    project.write("pipeline.yaml", LOOK.replace("FOLDER", "data"));
    let run = cloud.run(&project, "pipeline.yaml", &["--e2b-install-deps", "--e2b-keep"]);
    run.test_drivers().run().expect(1);
    let home = cloud.home();
    for name in below(&home) {
        let bytes = fs::read(home.join(&name)).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains(PRIVATE), "{name}");
    }
}
