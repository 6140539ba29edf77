//! Sandboxes that cannot be killed on the first attempt, or at all.

use e2b_local::{Answer, Effect, Fault};

use crate::fixture::{Fixture, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    conflicting_kill_is_retried,
    failed_kill_is_retried,
    kill_with_lost_response_recovers,
    unkillable_sandbox_is_reported_and_swept_later,
];

const KILL: &str = "DELETE /sandboxes/{id}";

#[track_caller]
fn assert_recovers(effect: Effect) {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on(KILL, effect));
    fixture.assert_well(fixture.run(&[]).run());
    assert_eq!(fixture.e2b.requests()[KILL], 2);
}

fn conflicting_kill_is_retried() {
    assert_recovers(Effect::Answer(Answer::error(409, "the sandbox is being snapshotted")));
}

fn failed_kill_is_retried() {
    assert_recovers(Effect::Answer(Answer::error(500, "we are sorry")));
}

fn kill_with_lost_response_recovers() {
    assert_recovers(Effect::DropDone);
}

fn unkillable_sandbox_is_reported_and_swept_later() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on(KILL, Effect::Answer(Answer::error(403, "no"))).always());
    let finished = fixture.run(&[]).run().expect(0);
    let id = fixture.id();
    for words in ["cannot kill sandbox", &id, "ends by itself", "osiris e2b prune"] {
        assert!(finished.stderr.contains(words), "{words:?} is not in {}", finished.stderr);
    }
    fixture.e2b.clear_faults();
    let swept = fixture.osiris(&["e2b", "sweep"]).run().expect(0);
    assert!(swept.stdout.contains(&id), "{}", swept.stdout);
    assert_eq!(fixture.e2b.sandboxes(), []);
}
