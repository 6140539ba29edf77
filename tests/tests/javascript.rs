//! JavaScript drivers in the real host.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use osiris_tests::{Finished, TestProject, built, conformance};

/// Creates every type, forwards it in each way, and compares the result with the original.
const EVERY_TYPE: &str = "\
oml_version: 0.1.0
name: every
steps:
  - {id: make, component: test.javascript, mode: read, config: {}}
  - {id: rows, component: test.javascript, mode: transform, needs: [make], config: {way: rows}}
  - {id: columns, component: test.javascript, mode: transform, needs: [rows], config: {way: columns}}
  - {id: values, component: test.javascript, mode: transform, needs: [columns], config: {way: values}}
  - {id: forward, component: test.javascript, mode: transform, needs: [values], config: {way: forward}}
  - {id: check, component: test.javascript, mode: write, needs: [forward], config: {}}
";

/// The same values, written by a driver in Rust.
const AS_TEXT: &str = "\
oml_version: 0.1.0
name: text
steps:
  - id: make
    component: test.javascript
    mode: read
    config: {columns: [int64, uint64, float64, decimal, utf8, bool, date32, timestamp_us]}
  - {id: rows, component: test.javascript, mode: transform, needs: [make], config: {way: rows}}
  - {id: write, component: filesystem.csv_writer, mode: write, needs: [rows], config: {path: out.csv}}
";

fn run(project: &TestProject, pipeline: &str) -> Finished {
    project.write("pipeline.yaml", pipeline);
    project.osiris(["run", "pipeline.yaml"]).test_drivers().run()
}

/// Runs a step with a side effect and writes its output.
fn act(project: &TestProject, config: &str) -> Finished {
    let pipeline = format!(
        "oml_version: 0.1.0\nname: act\nsteps:\n\
         - {{id: act, component: test.javascript, mode: read, config: {{{config}}}}}\n\
         - {{id: write, component: filesystem.csv_writer, mode: write, config: {{path: out.csv}}}}\n"
    );
    run(project, &pipeline)
}

/// Returns the content of this file in all sessions.
fn logs(project: &TestProject, file: &str) -> String {
    let runs = std::fs::read_dir(project.path("logs")).unwrap().map(|run| run.unwrap().path());
    runs.map(|run| std::fs::read_to_string(run.join(file)).unwrap()).collect()
}

#[test]
fn every_type_keeps_its_values() {
    let finished = run(&TestProject::new(), EVERY_TYPE).expect(0);
    assert_eq!(finished.stdout.matches("test.javascript").count(), 6, "{}", finished.stdout);
}

#[test]
fn other_drivers_read_the_same_values() {
    let project = TestProject::new();
    run(&project, AS_TEXT).expect(0);
    insta::assert_snapshot!(project.read("out.csv"));
}

#[test]
fn every_batch_is_released() {
    for way in ["rows", "forward"] {
        // More batches than handles that a driver may hold.
        let pipeline = format!(
            "oml_version: 0.1.0\nname: many\nsteps:\n\
             - {{id: make, component: test.source, mode: read, config: {{rows: 12000, batch: 1}}}}\n\
             - {{id: act, component: test.javascript, mode: transform, needs: [make], config: {{way: {way}}}}}\n\
             - {{id: write, component: test.sink, mode: write, needs: [act], config: {{path: ids.txt}}}}\n"
        );
        let project = TestProject::new();
        run(&project, &pipeline).expect(0);
        assert_eq!(project.read("ids.txt").lines().count(), 12_000);
    }
}

#[test]
fn driver_errors_are_reported_with_position() {
    let mut told = String::new();
    for name in
        ["mistake", "reject", "throw-text", "async", "surrogate", "misfit", "recursion", "nothing"]
    {
        let finished = act(&TestProject::new(), &format!("act: {name}")).expect(1);
        let error = finished.stderr.lines().find(|line| line.starts_with("error: "));
        told.push_str(&format!("{name}\n  {}\n", error.unwrap_or(&finished.stderr)));
    }
    insta::assert_snapshot!(told);
}

#[test]
fn endless_loop_times_out() {
    let project = TestProject::new();
    project.write("osiris.yaml", "version: 1\nlimits: {seconds: 1}\n");
    let finished = act(&project, "act: loop").expect(1);
    assert!(finished.stderr.contains("limits.seconds"), "{}", finished.stderr);
}

#[test]
fn telemetry_and_state_are_recorded() {
    let project = TestProject::new();
    for runs in 0..2 {
        act(&project, "act: tell").expect(0);
        let expected = format!("runs,folder\n{runs},/logs/run/artifacts/act\n");
        assert_eq!(project.read("out.csv"), expected);
    }
    let kept =
        ["osiris.log", "metrics.jsonl", "events.jsonl"].map(|file| logs(&project, file)).concat();
    for told in [
        "it says",
        "and so does console {\"n\":\"1n\"}",
        "\"metric\":\"javascript_pieces\",\"value\":3,",
        "\"metric\":\"javascript_share\",\"value\":0.5,",
        "\"event_type\":\"javascript.happened\",\"step_id\":\"act\",\"why\":\"naïve\"",
    ] {
        assert!(kept.contains(told), "{told} in {kept}");
    }
}

#[test]
fn file_access_follows_the_spec() {
    let project = TestProject::new();
    project.write("in.txt", "naïve\nlines\n".repeat(20_000));
    let copy = "oml_version: 0.1.0\nname: copy\nsteps:\n\
         - {id: make, component: test.source, mode: read}\n\
         - {id: act, component: test.javascript, mode: write, needs: [make], config: {CONFIG}}\n";
    let with = |config: &str| run(&project, &copy.replace("CONFIG", config));
    with("act: copy, path: in.txt, output: deep/out.txt").expect(0);
    assert_eq!(project.read("deep/out.txt"), project.read("in.txt"));
    let finished = with("act: copy, path: missing.txt, output: deep/out.txt").expect(1);
    assert!(finished.stderr.contains("missing.txt: there is no such file"), "{}", finished.stderr);
    assert_eq!(project.read("deep/out.txt"), project.read("in.txt"));
    for config in ["act: escape, output: x", "act: escape"] {
        let finished = with(config).expect(1);
        assert!(finished.stderr.contains("(permission)"), "{}", finished.stderr);
    }
    assert_eq!(project.files(), ["deep/out.txt", "in.txt", "pipeline.yaml"]);
}

#[test]
fn new_driver_passes_its_tests_and_the_kit_and_runs() {
    let project = TestProject::new();
    for role in ["extractor", "processor", "writer"] {
        let name = format!("acme.people_{role}");
        let new = ["drivers", "new", &name, "--lang", "javascript", "--dir", role];
        project.osiris(new).run().expect(0);
        npm(&project.path(role), &["ci", "--prefer-offline", "--no-audit", "--no-fund"]);
        npm(&project.path(role), &["test"]);
        let build = project.osiris(["drivers", "build", role]).patience(Duration::from_secs(300));
        build.run().expect(0);
        conformance::new_driver_passes(&project, &name, role);
    }
    project.write("people.jsonl", "{\"name\": \"Ada\", \"age\": 36}\n{\"name\": \"Zoë\"}\n{}\n");
    let pipeline = "\
oml_version: 0.1.0
name: people
steps:
  - id: read
    component: acme.people_extractor
    mode: read
    config: {path: people.jsonl, columns: [{name: name}, {name: age, type: integer}]}
  - {id: long, component: acme.people_processor, mode: transform, needs: [read], config: {column: name}}
  - {id: write, component: acme.people_writer, mode: write, needs: [long], config: {path: out/people.jsonl}}
";
    project.write("pipeline.yaml", pipeline);
    project.osiris(["run", "pipeline.yaml"]).run().expect(0);
    let expected = "{\"name\":\"Ada\",\"characters\":3}\n{\"name\":\"Zoë\",\"characters\":3}\n";
    assert_eq!(project.read("out/people.jsonl"), expected);
}

#[test]
fn failed_driver_build_is_explained() {
    let project = TestProject::new();
    let new = ["drivers", "new", "acme.bad_extractor", "--lang", "javascript", "--dir", "bad"];
    project.osiris(new).run().expect(0);
    npm(&project.path("bad"), &["ci", "--prefer-offline", "--no-audit", "--no-fund"]);
    for (source, why) in [
        ("export default { run( };", "src/driver.js:1:"),
        ("export function run() {}", "must end with `export default { run(ctx"),
        ("export default { discover() { return []; } };", "the driver has no function `run`"),
        (
            "import x from 'nowhere'; export default x;",
            "failed to resolve JavaScript import \"nowhere\"",
        ),
        ("import fs from 'node:fs'; export default fs;", "node:fs"),
    ] {
        project.write("bad/src/driver.js", source);
        let finished = project.osiris(["drivers", "build", "bad"]).run().expect(1);
        assert!(finished.stderr.contains(why), "{source}: {}", finished.stderr);
    }
    project.write("bad/package.json", "{\"osiris\": {\"driver\": \"../other.js\"}}");
    let finished = project.osiris(["drivers", "build", "bad"]).run().expect(1);
    assert!(finished.stderr.contains("is no file of this folder"), "{}", finished.stderr);
    assert!(!project.exists("drivers/acme.bad_extractor.wasm"));
}

/// Runs npm with a download cache shared by all tests.
fn npm(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("npm");
    command
        .current_dir(folder)
        .args(arguments)
        .env("npm_config_cache", built::folder().join("npm-cache"));
    let output = command.output().expect("npm is installed");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "npm {arguments:?}: {said}");
}
