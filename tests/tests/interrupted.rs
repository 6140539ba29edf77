//! Runs that do not finish.

use osiris_tests::session::Session;
use osiris_tests::{Running, TestProject};

/// An endless source that writes to a file.
const ENDLESS: &str = "\
oml_version: 0.1.0
name: endless
steps:
  - {id: source, component: test.source, mode: read, config: {rows: 1000, batch: 100, then: hold}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";

/// Starts the endless run and waits until rows reach the output.
fn in_mid_run(project: &TestProject) -> Running {
    project.write("endless.yaml", ENDLESS);
    let mut running = project.osiris(["run", "endless.yaml"]).test_drivers().start();
    running.wait_for_part(&project.path("ids.txt"));
    running
}

#[test]
fn killed_run_is_listed_as_crashed_without_output() {
    let project = TestProject::new();
    let running = in_mid_run(&project);
    let session = Session::only(&project);
    assert_eq!(session.status["status"], "running");
    running.kill();
    assert_eq!(running.finish().code(), None);
    assert!(!project.exists("ids.txt"));
    assert_eq!(project.files().len(), 2, "{:?}", project.files());

    let list = project.osiris(["runs", "list", "--json"]).run().expect(0).json();
    assert!(list.to_string().contains("\"status\":\"crashed\""), "{list:#}");
    let status = Session::only(&project).status;
    assert_eq!(status["status"], "crashed");
    assert_eq!(status["error"]["kind"], "crash");
    // What it had not finished is gone with the first look at it.
    assert_eq!(project.files(), ["endless.yaml"]);
}

#[test]
fn running_run_is_not_listed_as_crashed() {
    let project = TestProject::new();
    let running = in_mid_run(&project);
    let list = project.osiris(["runs", "list", "--json"]).run().expect(0).json();
    assert!(list.to_string().contains("\"status\":\"running\""), "{list:#}");
    drop(running);
}

#[test]
fn ctrl_c_cancels_the_run_and_removes_unfinished_output() {
    let project = TestProject::new();
    let running = in_mid_run(&project);
    running.interrupt();
    let finished = running.finish();
    let session = Session::only(&project);
    assert_eq!(session.status["status"], "cancelled", "{}", finished.stderr);
    assert_eq!(session.status["exit_code"], finished.code().unwrap());
    assert_ne!(finished.code(), Some(0));
    assert_eq!(session.status["error"]["kind"], "cancelled");
    for step in ["source", "write"] {
        assert_eq!(session.step(step)["status"], "cancelled");
    }
    assert_eq!(project.files(), ["endless.yaml"]);
    assert!(finished.stderr.contains("cancelled"), "{}", finished.stderr);
}

#[test]
fn run_succeeds_after_a_killed_one() {
    let project = TestProject::new();
    in_mid_run(&project).kill();
    let ends = ENDLESS.replace("then: hold", "then: end");
    project.write("ends.yaml", ends);
    project.osiris(["run", "ends.yaml"]).test_drivers().run().expect(0);
    assert_eq!(project.read("ids.txt").lines().count(), 1000);
}
