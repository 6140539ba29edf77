//! `osiris run --e2b --dry-run`: lists the uploads without sending anything.

use osiris_tests::service;
use serde_json::json;

use crate::{assert_told, new_project};

#[test]
fn dry_run_needs_no_key_and_sends_nothing() {
    let project = new_project();
    let finished = project.osiris(["run", "pipeline.yaml", "--e2b", "--dry-run"]).run().expect(0);
    assert_told("dry-run", &finished, &project);
    assert!(!project.exists("out.csv") && !project.exists("logs"));
}

#[test]
fn dry_run_json_lists_every_file() {
    let project = new_project();
    let arguments = ["run", "pipeline.yaml", "--e2b", "--dry-run", "--json", "--e2b-timeout", "90"];
    let answer = project.osiris(arguments).run().expect(0).json();
    let e2b = &answer["e2b"];
    assert_eq!((&e2b["template"], &e2b["timeout_seconds"]), (&"base".into(), &90.into()));
    let uploads = e2b["uploads"].as_array().expect("a list");
    let names: Vec<_> = uploads.iter().filter_map(|upload| upload["name"].as_str()).collect();
    let csv = ["filesystem.csv_extractor", "filesystem.csv_writer"];
    assert_eq!(names, ["osiris", csv[0], csv[1], "compiled code", "compiled code", "in.csv"]);
    assert_eq!(uploads[5]["size"], 4);
    assert_eq!((&e2b["destinations"], &e2b["unreachable"]), (&json!([]), &json!([])));
}

#[test]
fn dry_run_warns_of_unreachable_addresses() {
    let project = service::new_project("10.1.2.3", 7, "");
    let run = project.osiris(["run", "pipeline.yaml", "--e2b", "--dry-run"]).test_drivers();
    let finished = run.env("SECRET", osiris_tests::secret::SECRET).run().expect(0);
    assert_told("dry-run-private-address", &finished, &project);
}
