//! The host loses its network for a while.

use std::time::Duration;

use osiris_tests::wait::wait_for;

use crate::place::{ENDLESS, LONG, PATIENCE, Place};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    a_host_without_network_in_mid_run_recovers,
    a_run_that_ends_while_its_host_has_no_network_recovers,
    a_sandbox_that_dies_while_its_host_has_no_network_is_told,
    a_control_plane_that_is_not_there_is_told_soon,
    a_worker_without_a_word_is_told,
];

fn a_host_without_network_in_mid_run_recovers() {
    let place = Place::new(LONG);
    let (running, worker) = place.in_mid_run(&[]);
    place.e2b.set_online(false);
    let said = || place.said().len();
    let before = said();
    wait_for("words that nobody hears", PATIENCE, || (said() > before).then_some(()));
    worker.freeze();
    place.e2b.set_online(true);
    place.wait_for_request("POST /process.Process/Connect");
    worker.thaw();
    place.assert_long_well(running.finish());
}

fn a_run_that_ends_while_its_host_has_no_network_recovers() {
    let place = Place::new(LONG);
    let (running, _) = place.in_mid_run(&[]);
    place.e2b.set_online(false);
    let over = || place.said().contains("\"finished\"");
    wait_for("the end of the run in the sandbox", PATIENCE, || over().then_some(()));
    place.e2b.set_online(true);
    place.assert_long_well(running.finish());
}

fn a_sandbox_that_dies_while_its_host_has_no_network_is_told() {
    let place = Place::new(ENDLESS);
    let (running, _) = place.in_mid_run(&[]);
    let id = place.id();
    place.e2b.set_online(false);
    assert!(place.e2b.kill_sandbox(&id));
    place.e2b.set_online(true);
    let words = ["the sandbox ended before the run ended", "run the pipeline again"];
    place.assert_failed(running.finish(), 1, "sandbox", &words);
}

fn a_control_plane_that_is_not_there_is_told_soon() {
    let place = Place::new(LONG);
    // Nothing listens there.
    let mut running = place.run(&[]).env("E2B_API_URL", "http://127.0.0.1:1").start();
    running.wait_for_words("; trying again");
    let finished = running.finish();
    assert_eq!(finished.code(), Some(3), "{}", finished.stderr);
    assert!(finished.took < Duration::from_secs(60), "{:?}", finished.took);
    let error = finished.stderr.lines().find(|line| line.starts_with("error:")).unwrap_or_default();
    assert_eq!(error.matches("check the network").count(), 1, "{error}");
}

fn a_worker_without_a_word_is_told() {
    let place = Place::new(ENDLESS);
    let (mut running, worker) = place.in_mid_run(&[]);
    worker.freeze();
    running.wait_for_words("No message from the sandbox for 30 s");
    worker.thaw();
    running.interrupt();
    place.assert_ended(running.finish(), 1, "cancelled", "cancelled", &[]);
}
