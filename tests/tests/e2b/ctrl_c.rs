//! Ctrl-C, pressed once and twice.

use std::time::Duration;

use e2b_local::{Effect, Fault};
use osiris_tests::wait::wait_for;

use crate::fixture::{ENDLESS, Fixture, PATIENCE, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    ctrl_c_during_the_run_stops_in_order,
    ctrl_c_twice_during_the_run_stops_immediately,
    ctrl_c_while_creating_kills_the_sandbox,
    ctrl_c_while_uploading_stops,
    ctrl_c_while_downloading_stops,
    ctrl_c_while_a_response_is_missing_kills_the_sandbox,
    ctrl_c_twice_while_a_response_is_missing_kills_the_sandbox,
    ctrl_c_without_a_listening_worker_kills_the_sandbox,
];

const CREATE: &str = "POST /v2/sandboxes";

fn ctrl_c_during_the_run_stops_in_order() {
    let fixture = Fixture::new(ENDLESS);
    let (running, _) = fixture.in_mid_run(&[]);
    running.interrupt();
    let finished = running.finish();
    assert!(finished.stderr.contains("cancelled"), "{}", finished.stderr);
    fixture.assert_ended(finished, 130, "cancelled", "cancelled", &[]);
    let session = fixture.last_session();
    for step in ["source", "write"] {
        assert_eq!(session.step(step)["status"], "cancelled");
    }
    fixture.assert_in_order();
}

fn ctrl_c_twice_during_the_run_stops_immediately() {
    let fixture = Fixture::new(ENDLESS);
    let (mut running, worker) = fixture.in_mid_run(&[]);
    // The frozen worker does not get the first request.
    worker.freeze();
    running.interrupt();
    running.wait_for_words("Press Ctrl-C again to stop immediately");
    running.interrupt();
    let words = ["stopped immediately by the user"];
    fixture.assert_ended(running.finish(), 130, "cancelled", "cancelled", &words);
}

fn ctrl_c_while_creating_kills_the_sandbox() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on(CREATE, Effect::DelayAnswer(Duration::from_secs(2))));
    let running = fixture.run(&[]).start();
    fixture.id();
    running.interrupt();
    let words = ["interrupted by the user before the run started"];
    fixture.assert_ended(running.finish(), 130, "cancelled", "cancelled", &words);
}

fn ctrl_c_while_uploading_stops() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on("POST /files", Effect::Delay(Duration::from_secs(60))).always());
    let running = fixture.run(&[]).start();
    fixture.wait_for_request("POST /files");
    running.interrupt();
    let words = ["interrupted by the user before the run started"];
    fixture.assert_ended(running.finish(), 130, "cancelled", "cancelled", &words);
}

fn ctrl_c_while_downloading_stops() {
    let fixture = Fixture::new(SHORT);
    let slow = Fault::on("GET /files", Effect::Delay(Duration::from_secs(60)));
    fixture.e2b.fault(slow.containing("ids%2Etxt").always());
    let running = fixture.run(&[]).start();
    let is_over = || {
        let mut sessions = std::fs::read_dir(fixture.project.path("logs")).ok()?;
        let events = sessions.next()?.ok()?.path().join("events.jsonl");
        std::fs::read_to_string(events).ok()?.contains("run_end").then_some(())
    };
    wait_for("the end of the run in the sandbox", PATIENCE, is_over);
    running.interrupt();
    let words = ["interrupted by the user before all outputs were downloaded"];
    fixture.assert_ended(running.finish(), 130, "cancelled", "cancelled", &words);
}

fn ctrl_c_while_a_response_is_missing_kills_the_sandbox() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on(CREATE, Effect::DelayAnswer(Duration::from_secs(60))));
    let running = fixture.run(&[]).start();
    fixture.id();
    running.interrupt();
    let words = ["interrupted by the user before the run started"];
    fixture.assert_ended(running.finish(), 130, "cancelled", "cancelled", &words);
}

fn ctrl_c_twice_while_a_response_is_missing_kills_the_sandbox() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on(CREATE, Effect::DelayAnswer(Duration::from_secs(60))));
    let mut running = fixture.run(&[]).start();
    fixture.id();
    running.interrupt();
    running.wait_for_words("Press Ctrl-C again to stop immediately");
    running.interrupt();
    let words = ["stopped immediately by the user"];
    fixture.assert_ended(running.finish(), 130, "cancelled", "cancelled", &words);
}

fn ctrl_c_without_a_listening_worker_kills_the_sandbox() {
    let fixture = Fixture::new(ENDLESS);
    let (running, _) = fixture.in_mid_run(&[]);
    assert!(fixture.e2b.restart_envd(&fixture.id()));
    running.interrupt();
    let finished = running.finish();
    assert!(finished.took < Duration::from_secs(25), "it took {:?}", finished.took);
    fixture.assert_ended(finished, 130, "cancelled", "cancelled", &["its sandbox was killed"]);
}
