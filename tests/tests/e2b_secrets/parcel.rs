//! Only what the plan declares is sent.

use std::fs;
use std::path::Path;

use osiris_tests::secret::SECRET;
use osiris_tests::service::project;
use osiris_tests::session::Session;
use osiris_tests::{Cloud, Sandbox, built};

pub(crate) const COPY: &str = "\
oml_version: 0.1.0
name: copy
steps:
  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: in.csv}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out/copy.csv}}
";

/// Stands in every file that is none of the pipeline's business.
const PRIVATE: &str = "of no concern to anybody";

/// Every file below a folder by its path, sorted.
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
fn the_rest_of_the_project_stays_here() {
    let cloud = Cloud::bare();
    let sandbox = Sandbox::new();
    sandbox.write("in.csv", "n\n1\n");
    sandbox.write("pipeline.yaml", COPY);
    sandbox.write("out/of-before.csv", PRIVATE);
    sandbox.write(".env", format!("OTHER='{PRIVATE}'\n"));
    sandbox.write("data/in.csv", PRIVATE);
    sandbox.write("in.csv.bak", PRIVATE);
    sandbox.write("notes.txt", PRIVATE);
    sandbox.write("drivers/mine.wasm", fs::read(built::guest("test.source")).expect("it is built"));
    let connections = "version: 1\nconnections: {a: {b: {password: \"${OTHER}\", host: h}}}\n";
    sandbox.write("osiris_connections.yaml", connections);
    let run = ["run", "pipeline.yaml", "--e2b-install-deps", "--e2b-keep"];
    // Without the guests, of which one is in the project.
    cloud.reach(sandbox.osiris(cloud.arguments(&run))).run().expect(0);

    let home = cloud.home();
    let session = Session::only(&sandbox);
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
    // osiris, two drivers and their compiled code, and the input.
    assert_eq!(sent, 6, "{:?}", below(&home));
    let of_run = below(&home.join("session").join(id));
    let (own, files): (Vec<_>, Vec<_>) = of_run
        .into_iter()
        .partition(|name| name.starts_with("logs/") || name.starts_with(".osiris/"));
    assert_eq!(files, ["in.csv", "out/copy.csv"]);
    assert!(own.iter().any(|name| name.ends_with("status.json")), "{own:?}");
}

#[test]
fn the_secrets_of_other_connections_stay_here() {
    let cloud = Cloud::bare();
    let sandbox = project("127.0.0.1", 7, "");
    let other = sandbox.read("osiris_connections.yaml")
        + "    other: {host: h, password: \"${OTHER}\"}\n  more:\n    one: {password: \"${OTHER}\"}\n";
    sandbox.write("osiris_connections.yaml", other);
    let runtime = sandbox.outside().join("worker.sh");
    let script = "#!/bin/sh\ncp \"$3/confidential.json\" \"$3/plan.json\" \"$HOME\"\nexit 1\n";
    fs::write(&runtime, script).expect("it can be written");
    let run = cloud.run(&sandbox, "pipeline.yaml", &["--e2b-install-deps", "--e2b-keep"]);
    let run = run.env("SECRET", SECRET).env("OTHER", PRIVATE);
    run.env("OSIRIS_E2B_RUNTIME", runtime).run().expect(3);
    let read = |name| fs::read_to_string(cloud.home().join(name)).expect("the worker copied it");
    let (confidential, plan) = (read("confidential.json"), read("plan.json"));
    let sent: serde_json::Value = serde_json::from_str(&confidential).expect("it is JSON");
    assert_eq!(sent["configs"]["ask"]["resolved_connection"]["password"], SECRET);
    assert!(!confidential.contains(PRIVATE), "{confidential}");
    assert!(!plan.contains(PRIVATE) && !plan.contains("c4nary"), "{plan}");
}
