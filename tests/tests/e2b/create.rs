//! Late or lost answers to a create request: exactly one sandbox is used all the same.

use std::time::Duration;

use e2b_local::{Effect, Fault, Options, Versions};
use osiris_tests::wait::wait_for;

use crate::fixture::{Fixture, PATIENCE, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    late_response_is_awaited,
    lost_request_recovers,
    lost_response_recovers_with_the_created_sandbox,
    lost_response_of_an_older_control_plane_recovers,
    sandbox_created_soon_after_a_lost_response_is_used,
    sandbox_created_long_after_a_lost_response_is_used,
    second_sandbox_of_a_run_is_killed_with_it,
    sandbox_created_after_its_run_is_killed_by_the_next,
];

const V1: &str = "POST /sandboxes";
const V2: &str = "POST /v2/sandboxes";

/// Checks that a run with a fault in its create request uses one sandbox and leaves none.
#[track_caller]
fn assert_recovers(versions: Versions, route: &str, effect: Effect) {
    let fixture = Fixture::with(SHORT, Options { versions, ..Options::default() });
    fixture.e2b.fault(Fault::on(route, effect));
    fixture.assert_well(fixture.run(&[]).run());
    let session = fixture.last_session();
    let made = session.events.iter().filter(|event| event["event_type"] == "e2b_sandbox_created");
    assert_eq!(made.count(), 1);
}

fn late_response_is_awaited() {
    assert_recovers(Versions::Both, V2, Effect::DelayAnswer(Duration::from_secs(2)));
}

fn lost_request_recovers() {
    assert_recovers(Versions::Both, V2, Effect::Drop);
}

fn lost_response_recovers_with_the_created_sandbox() {
    assert_recovers(Versions::Both, V2, Effect::DropDone);
}

fn lost_response_of_an_older_control_plane_recovers() {
    assert_recovers(Versions::V1, V1, Effect::DropDone);
}

fn sandbox_created_soon_after_a_lost_response_is_used() {
    assert_recovers(Versions::V1, V1, Effect::DropThenDo(Duration::from_secs(1)));
}

fn sandbox_created_long_after_a_lost_response_is_used() {
    // The second attempt has the same key, so E2B returns the sandbox of the first.
    assert_recovers(Versions::V2, V2, Effect::DropThenDo(Duration::from_secs(4)));
}

fn second_sandbox_of_a_run_is_killed_with_it() {
    let fixture = Fixture::with(
        crate::fixture::ENDLESS,
        Options { versions: Versions::V1, ..Options::default() },
    );
    fixture.e2b.fault(Fault::on(V1, Effect::DropThenDo(Duration::from_secs(4))));
    let running = fixture.run(&[]).start();
    wait_for("two sandboxes", PATIENCE, || (fixture.living() == 2).then_some(()));
    running.interrupt();
    running.finish().expect(130);
    assert_eq!(fixture.e2b.sandboxes(), []);
}

fn sandbox_created_after_its_run_is_killed_by_the_next() {
    let fixture = Fixture::with(SHORT, Options { versions: Versions::V1, ..Options::default() });
    fixture.e2b.fault(Fault::on(V1, Effect::DropThenDo(Duration::from_secs(8))));
    fixture.assert_well(fixture.run(&[]).run());
    wait_for("the late one", PATIENCE, || (fixture.living() == 1).then_some(()));
    fixture.assert_well(fixture.run(&[]).run());
}
