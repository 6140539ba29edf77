//! The host has no network for a while.

use osiris_tests::wait::wait_for;

use crate::place::{ENDLESS, LONG, PATIENCE, Place};

#[test]
fn a_host_without_network_in_mid_run_recovers() {
    let place = Place::new(LONG);
    let (mut running, worker) = place.in_mid_run(&["--verbose"]);
    worker.freeze();
    place.e2b.set_online(false);
    running.wait_for_words("the sandbox cannot be reached");
    worker.thaw();
    place.e2b.set_online(true);
    place.assert_long_well(running.finish());
}

#[test]
fn a_run_that_ends_while_its_host_has_no_network_recovers() {
    let place = Place::new(LONG);
    let (running, _) = place.in_mid_run(&[]);
    place.e2b.set_online(false);
    let home = place.e2b.home(&place.id()).expect("it lives");
    let session = std::fs::read_dir(home.join("session")).expect("it is there").flatten().next();
    let output = session.expect("a session").path().join("ids.txt");
    wait_for("the end of the run in the sandbox", PATIENCE, || output.exists().then_some(()));
    place.e2b.set_online(true);
    place.assert_long_well(running.finish());
}

#[test]
fn a_sandbox_that_dies_while_its_host_has_no_network_is_told() {
    let place = Place::new(ENDLESS);
    let (running, _) = place.in_mid_run(&[]);
    let id = place.id();
    place.e2b.set_online(false);
    assert!(place.e2b.kill_sandbox(&id));
    place.e2b.set_online(true);
    let words = ["the sandbox is gone before the run was over", "run it again"];
    place.assert_failed(running.finish(), 1, "sandbox", &words);
}
