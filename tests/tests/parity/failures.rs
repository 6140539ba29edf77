//! Pipelines that fail: with the same exit code, kind, step and message.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use osiris_tests::session::Session;
use osiris_tests::{Cloud, TestProject};

use crate::both::both;
use crate::plain::copy;

/// Checks that a pipeline fails in the same way in both places, and returns the message.
#[track_caller]
fn fails(kind: &str, step: &str, fill: impl Fn(&TestProject)) -> String {
    let both = both(1, fill);
    let error = &both.session.status["error"];
    assert_eq!(
        (error["kind"].as_str(), error["step"].as_str()),
        (Some(kind), Some(step)),
        "{error}"
    );
    let message = error["message"].as_str().unwrap_or_default().to_owned();
    assert!(both.finished.stderr.contains(step), "{}", both.finished.stderr);
    message
}

#[test]
fn missing_file_fails_equally() {
    let message = fails("not-found", "read", |project| {
        project.write("pipeline.yaml", copy("in/no.csv", "out.csv"));
    });
    assert!(message.contains("in/no.csv"), "{message}");
}

#[test]
fn unfit_value_fails_equally() {
    let message = fails("data", "read", |project| {
        project.write("in.csv", "n,t\n1,a\n2\n");
        project.write("pipeline.yaml", copy("in.csv", "out.csv"));
    });
    assert!(message.contains("in.csv"), "{message}");
}

#[test]
fn output_that_is_a_folder_fails_equally() {
    fails("config", "write", |project| {
        project.write("in.csv", "n\n1\n");
        project.write("out.csv/file", "");
        project.write("pipeline.yaml", copy("in.csv", "out.csv"));
    });
}

#[test]
fn output_folder_that_is_a_file_fails_equally() {
    fails("internal", "write", |project| {
        project.write("in.csv", "n\n1\n");
        project.write("out", "a file");
        project.write("pipeline.yaml", copy("in.csv", "out/a.csv"));
    });
}

#[test]
fn driver_failing_mid_stream_fails_equally() {
    let message = fails("data", "source", |project| {
        project.write(
            "pipeline.yaml",
            into_sink("test.source", "{rows: 1000, batch: 10, then: fail}"),
        );
    });
    assert!(message.contains("after 1000 rows"), "{message}");
}

#[test]
fn crashing_driver_fails_equally() {
    for (attack, kind) in [
        ("panic", "panic"),
        ("trap", "trap"),
        ("trap-after-sending", "trap"),
        ("fail-after-sending", "data"),
    ] {
        fails(kind, "source", |project| {
            project.write(
                "pipeline.yaml",
                into_sink("test.hostile", &format!("{{attack: {attack}}}")),
            );
        });
    }
}

#[test]
fn unreadable_input_is_reported_before_upload() {
    let (cloud, project) = (Cloud::equipped(), TestProject::new());
    project.write("in.csv", "n\n1\n");
    project.write("pipeline.yaml", copy("in.csv", "out.csv"));
    set_mode(&project.path("in.csv"), 0o000);
    let finished = cloud.run(&project, "pipeline.yaml", &[]).run().expect(3);
    assert!(finished.stderr.contains("in.csv"), "{}", finished.stderr);
    assert!(finished.stderr.contains("Permission denied"), "{}", finished.stderr);
    assert_eq!(cloud.local().log(), [""; 0]);
    assert!(!project.exists("logs"));
}

#[test]
fn unwritable_output_folder_is_unchanged() {
    let (cloud, project) = (Cloud::equipped(), TestProject::new());
    project.write("in.csv", "n\n1\n");
    project.write("out/a.csv", "from before\n");
    project.write("pipeline.yaml", copy("in.csv", "out/a.csv"));
    set_mode(&project.path("out"), 0o555);
    let finished = cloud.run(&project, "pipeline.yaml", &[]).run().expect(1);
    assert!(finished.stderr.contains("out/"), "{}", finished.stderr);
    cloud.assert_empty();
    let status = Session::only(&project).status;
    assert_eq!(
        (&status["status"], &status["error"]["kind"]),
        (&"failed".into(), &"session".into())
    );
    assert_eq!(project.read("out/a.csv"), "from before\n");
    assert_eq!(project.files(), ["in.csv", "out/a.csv", "pipeline.yaml"]);
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is there");
}

pub(crate) fn into_sink(component: &str, config: &str) -> String {
    format!(
        "\
oml_version: 0.1.0
name: fails
steps:
  - {{id: source, component: {component}, mode: read, config: {config}}}
  - {{id: write, component: test.sink, mode: write, config: {{path: ids.txt}}}}
"
    )
}
