//! Runs that do not finish.

use osiris_tests::session::Session;
use osiris_tests::{Running, Sandbox};

/// An endless source that writes to a file.
const ENDLESS: &str = "\
oml_version: 0.1.0
name: endless
steps:
  - {id: source, component: test.source, mode: read, config: {rows: 1000, batch: 100, then: hold}}
  - {id: write, component: test.sink, mode: write, config: {path: ids.txt}}
";

/// Starts the endless run and waits until rows reach the output.
fn in_mid_run(sandbox: &Sandbox) -> Running {
    sandbox.write("endless.yaml", ENDLESS);
    let mut running = sandbox.osiris(["run", "endless.yaml"]).guests().start();
    running.wait_for_part(&sandbox.path("ids.txt"));
    running
}

#[test]
fn a_killed_run_is_told_as_crashed_and_leaves_nothing_that_looks_whole() {
    let sandbox = Sandbox::new();
    let running = in_mid_run(&sandbox);
    let session = Session::only(&sandbox);
    assert_eq!(session.status["status"], "running");
    running.kill();
    assert_eq!(running.finish().code(), None);
    assert!(!sandbox.exists("ids.txt"));

    let list = sandbox.osiris(["runs", "list", "--json"]).run().expect(0).json();
    assert!(list.to_string().contains("\"status\":\"crashed\""), "{list:#}");
    let status = Session::only(&sandbox).status;
    assert_eq!(status["status"], "crashed");
    assert_eq!(status["error"]["kind"], "crash");
}

#[test]
fn a_running_run_is_not_called_crashed() {
    let sandbox = Sandbox::new();
    let running = in_mid_run(&sandbox);
    let list = sandbox.osiris(["runs", "list", "--json"]).run().expect(0).json();
    assert!(list.to_string().contains("\"status\":\"running\""), "{list:#}");
    drop(running);
}

#[test]
fn ctrl_c_cancels_in_order_and_takes_back_what_is_not_finished() {
    let sandbox = Sandbox::new();
    let running = in_mid_run(&sandbox);
    running.interrupt();
    let finished = running.finish();
    let session = Session::only(&sandbox);
    assert_eq!(session.status["status"], "cancelled", "{}", finished.stderr);
    assert_eq!(session.status["exit_code"], finished.code().unwrap());
    assert_ne!(finished.code(), Some(0));
    assert_eq!(session.status["error"]["kind"], "cancelled");
    for step in ["source", "write"] {
        assert_eq!(session.step(step)["status"], "cancelled");
    }
    assert_eq!(sandbox.files(), ["endless.yaml"]);
    assert!(finished.stderr.contains("cancelled"), "{}", finished.stderr);
}

#[test]
fn a_run_can_follow_a_killed_one() {
    let sandbox = Sandbox::new();
    in_mid_run(&sandbox).kill();
    let ends = ENDLESS.replace("then: hold", "then: end");
    sandbox.write("ends.yaml", ends);
    sandbox.osiris(["run", "ends.yaml"]).guests().run().expect(0);
    assert_eq!(sandbox.read("ids.txt").lines().count(), 1000);
}
