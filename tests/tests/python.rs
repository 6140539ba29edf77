//! Python drivers: every type crosses the boundary, the host gets all their output, and a new
//! driver builds and passes its tests unchanged.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use osiris_tests::session::Session;
use osiris_tests::{Finished, TestProject, conformance};

/// Sends a table of every type through a Python driver to a writer that expects it unchanged.
fn pass(how: &str, extreme: bool) -> (TestProject, Finished) {
    let project = TestProject::new();
    let pipeline = format!(
        "\
oml_version: 0.1.0
name: types
steps:
  - {{id: make, component: test.types, mode: read, config: {{extreme: {extreme}}}}}
  - {{id: python, component: test.python, mode: transform, needs: [make], config: {{how: {how}}}}}
  - {{id: expect, component: test.types, mode: write, needs: [python], config: {{extreme: {extreme}}}}}
"
    );
    project.write("pipeline.yaml", pipeline);
    let finished = project.osiris(["run", "pipeline.yaml"]).test_drivers().run();
    (project, finished)
}

/// Checks the message that the user gets for a failed step.
#[track_caller]
fn fails(how: &str, extreme: bool, message: &str) {
    let finished = pass(how, extreme).1.expect(1);
    assert!(finished.stderr.contains(message), "{}", finished.stderr);
    assert!(!finished.stderr.contains("Traceback"), "{}", finished.stderr);
}

#[test]
fn every_type_survives_as_columns_and_as_rows() {
    for how in ["forward", "columns", "cells", "rows", "tuples", "raw"] {
        let (project, finished) = pass(how, false);
        finished.expect(0);
        assert_eq!(Session::only(&project).status["rows_written"], 5, "{how}");
    }
}

#[test]
fn changed_value_is_detected() {
    fails("one_off", false, "column id: it is PrimitiveArray");
}

#[test]
fn extreme_times_survive_as_integers() {
    for how in ["columns", "raw"] {
        pass(how, true).1.expect(0);
    }
    fails("rows", true, "a date32 is beyond what Python's date holds: ");
}

#[test]
fn driver_errors_are_reported_with_position() {
    for (how, message) in [
        ("crash", "KeyError: 'nope' (test_python.py:64) (internal)"),
        ("leave", "SystemExit: 3 (test_python.py:68) (internal)"),
        ("lazy", "No module named 'csv'; a component has only what is imported while it is built"),
        ("misfit", "column 'id': row 0: 'one' is no int64: "),
        ("refuse", "nobody is there (network)"),
    ] {
        fails(how, false, message);
    }
}

#[test]
fn telemetry_and_state_are_recorded() {
    let (project, finished) = pass("talk", false);
    finished.expect(0);
    let session = Session::only(&project);
    for words in ["printed", "INFO  [python] logged", "WARN  [python] warned", "run 1, 29.02.2024"]
    {
        assert!(session.log.contains(words), "{words}\n{}", session.log);
    }
    let metric =
        |name: &str| session.metrics.iter().find(|metric| metric["metric"] == name).unwrap();
    assert_eq!(metric("pages")["value"], 2);
    assert_eq!(metric("ratio")["value"], 0.5);
    assert!(
        session.events.iter().any(|event| event["event_type"] == "page.read"),
        "{:?}",
        session.events
    );
    let note = session.folder.join("artifacts/python/note.txt");
    assert_eq!(std::fs::read_to_string(note).unwrap(), "kept");
    // State is kept, and random numbers differ in each run.
    project.osiris(["run", "pipeline.yaml"]).test_drivers().run().expect(0);
    let sessions = Session::all(&project).unwrap();
    assert!(sessions[1].log.contains("run 2, "), "{}", sessions[1].log);
    let random = |session: &Session| {
        let line = session.log.lines().find(|line| line.contains("random ")).unwrap();
        line.rsplit(' ').next().unwrap().to_owned()
    };
    assert_ne!(random(&sessions[0]), random(&sessions[1]));
}

#[test]
fn sdk_passes_its_own_tests() {
    python_tests(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/python"));
    python_tests(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/python/examples/word_count"));
}

/// Makes, tests and builds a driver, and runs the conformance kit on it.
#[track_caller]
fn new_driver(role: &str) -> TestProject {
    let project = TestProject::new();
    let (name, folder) = (format!("acme.lines_{role}"), format!("acme-lines-{role}"));
    project.osiris(["drivers", "new", &name, "--lang", "python"]).run().expect(0);
    python_tests(&project.path(&folder));
    let build = project.osiris(["drivers", "build", &folder, "--out", "drivers"]);
    let built = build.patience(Duration::from_secs(300)).run().expect(0);
    let told = format!("Building acme_lines_{role} with componentize-py");
    assert!(built.stderr.contains(&told), "{}", built.stderr);
    conformance::new_driver_passes(&project, &name, &folder);
    project
}

#[test]
fn new_writer_passes_its_tests_and_the_kit() {
    new_driver("writer");
}

#[test]
fn new_processor_passes_its_tests_and_the_kit() {
    new_driver("processor");
}

#[test]
fn new_extractor_passes_its_tests_and_the_kit_and_runs() {
    let project = new_driver("extractor");
    let size = std::fs::metadata(project.path("drivers/acme.lines_extractor.wasm")).unwrap().len();
    assert!(size < 20_000_000, "{size}");
    let pipeline = "\
oml_version: 0.1.0
name: lines
steps:
  - id: read
    component: acme.lines_extractor
    mode: read
    config: {path: in.jsonl, columns: [{name: who}, {name: age, type: integer}]}
  - {id: write, component: filesystem.csv_writer, mode: write, needs: [read], config: {path: out.csv}}
";
    project.write("pipeline.yaml", pipeline);
    project.write("in.jsonl", "{\"who\": \"Zoë\", \"age\": 36}\n{}\n");
    project.osiris(["run", "pipeline.yaml"]).run().expect(0);
    assert_eq!(project.read("out.csv"), "who,age\nZoë,36\n,\n");
    // The driver cannot see files that it was not given.
    project.write("in.jsonl", "{\"who\": 1}\n");
    let failed = project.osiris(["run", "pipeline.yaml"]).run().expect(1);
    assert!(
        failed.stderr.contains("in.jsonl, line 1: `who` is 1, not text (data)"),
        "{}",
        failed.stderr
    );
}

#[test]
fn failed_driver_build_is_explained() {
    let project = TestProject::new();
    let manifest = "[tool.osiris]\nmodule = 'mine'\npython-path = ['.', '";
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/python");
    let sdk = sdk.canonicalize().unwrap();
    project.write("mine/pyproject.toml", format!("{manifest}{}']\n", sdk.display()));
    project.write("mine/spec.yaml", SPEC);
    for (code, message) in [
        ("import osiris_sdk\n", "the module exports no driver; end it with: export(MyDriver)"),
        ("import numpy\n", "No module named 'numpy'"),
        ("def f(:\n", "SyntaxError"),
    ] {
        project.write("mine/mine.py", code);
        let build = ["drivers", "build", "mine", "--out", "drivers"];
        let failed = project.osiris(build).patience(Duration::from_secs(300)).run().expect(1);
        assert!(failed.stderr.contains(message), "{}", failed.stderr);
        assert!(failed.stderr.contains("its messages are above"), "{}", failed.stderr);
    }
    assert!(!project.exists("drivers"));
}

/// A valid spec.
const SPEC: &str = "\
name: test.mine
version: 1.0.0
modes: [extract]
configSchema: {type: object, properties: {}}
";

/// Runs a project's own tests, natively.
#[track_caller]
fn python_tests(folder: &Path) {
    let mut python = Command::new("python3");
    python.args(["-B", "-m", "unittest"]).current_dir(folder);
    let output = python.output().expect("python3 runs: `cargo xtask test` installs it");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("\nOK"), "{said}");
}
