//! The host loses its network for a while.

use std::time::Duration;

use osiris_tests::wait::wait_for;

use crate::fixture::{ENDLESS, Fixture, LONG, PATIENCE};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    host_offline_during_the_run_recovers,
    run_ending_while_the_host_is_offline_recovers,
    sandbox_killed_while_the_host_is_offline_is_reported,
    unreachable_control_plane_is_reported_soon,
    silent_worker_is_reported,
];

fn host_offline_during_the_run_recovers() {
    let fixture = Fixture::new(LONG);
    let (running, worker) = fixture.in_mid_run(&[]);
    fixture.e2b.set_online(false);
    let said = || fixture.said().len();
    let before = said();
    wait_for("words that nobody hears", PATIENCE, || (said() > before).then_some(()));
    worker.freeze();
    fixture.e2b.set_online(true);
    fixture.wait_for_request("POST /process.Process/Connect");
    worker.thaw();
    fixture.assert_long_well(running.finish());
}

fn run_ending_while_the_host_is_offline_recovers() {
    let fixture = Fixture::new(LONG);
    let (running, _) = fixture.in_mid_run(&[]);
    fixture.e2b.set_online(false);
    let over = || fixture.said().contains("\"finished\"");
    wait_for("the end of the run in the sandbox", PATIENCE, || over().then_some(()));
    fixture.e2b.set_online(true);
    fixture.assert_long_well(running.finish());
}

fn sandbox_killed_while_the_host_is_offline_is_reported() {
    let fixture = Fixture::new(ENDLESS);
    let (running, _) = fixture.in_mid_run(&[]);
    let id = fixture.id();
    fixture.e2b.set_online(false);
    assert!(fixture.e2b.kill_sandbox(&id));
    fixture.e2b.set_online(true);
    let words = ["the sandbox ended before the run ended", "run the pipeline again"];
    fixture.assert_failed(running.finish(), 1, "sandbox", &words);
}

fn unreachable_control_plane_is_reported_soon() {
    let fixture = Fixture::new(LONG);
    // Nothing listens there.
    let mut running = fixture.run(&[]).env("E2B_API_URL", "http://127.0.0.1:1").start();
    running.wait_for_words("; trying again");
    let finished = running.finish();
    assert_eq!(finished.code(), Some(3), "{}", finished.stderr);
    assert!(finished.took < Duration::from_secs(60), "{:?}", finished.took);
    let error = finished.stderr.lines().find(|line| line.starts_with("error:")).unwrap_or_default();
    assert_eq!(error.matches("check the network").count(), 1, "{error}");
}

fn silent_worker_is_reported() {
    let fixture = Fixture::new(ENDLESS);
    let (mut running, worker) = fixture.in_mid_run(&[]);
    worker.freeze();
    running.wait_for_words("No message from the sandbox for 30 s");
    worker.thaw();
    running.interrupt();
    fixture.assert_ended(running.finish(), 130, "cancelled", "cancelled", &[]);
}
