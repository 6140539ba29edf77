//! Commands from the host to the worker that are lost.

use e2b_local::{Answer, Effect, Fault};

use crate::fixture::{ENDLESS, Fixture, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    lost_commands_are_sent_again,
    commands_with_lost_responses_count_once,
    commands_answered_by_a_page_are_sent_again,
    always_rejected_commands_are_reported,
    lost_ctrl_c_is_sent_again,
];

const SEND: &str = "POST /process.Process/SendInput";

/// Checks that a run recovers if each of its commands meets this fault once.
#[track_caller]
fn assert_recovers(effect: &Effect) {
    let fixture = Fixture::new(SHORT);
    // Every second request is a retry.
    for nth in [1, 3] {
        fixture.e2b.fault(Fault::on(SEND, effect.clone()).nth(nth));
    }
    fixture.assert_well(fixture.run(&[]).run());
    // Prepare and run, twice each, and clean up.
    assert_eq!(fixture.e2b.requests()[SEND], 5);
}

fn lost_commands_are_sent_again() {
    assert_recovers(&Effect::Drop);
}

fn commands_with_lost_responses_count_once() {
    assert_recovers(&Effect::DropDone);
}

fn commands_answered_by_a_page_are_sent_again() {
    let page = Answer { status: 502, headers: Vec::new(), body: "<html></html>".to_owned() };
    assert_recovers(&Effect::Answer(page));
}

fn always_rejected_commands_are_reported() {
    let fixture = Fixture::new(SHORT);
    let refusal = Answer::error(500, "no such luck");
    fixture.e2b.fault(Fault::on(SEND, Effect::Answer(refusal)).always());
    let words = ["cannot write to process", "no such luck"];
    fixture.assert_failed(fixture.run(&[]).run(), 3, "sandbox", &words);
}

fn lost_ctrl_c_is_sent_again() {
    let fixture = Fixture::new(ENDLESS);
    let (running, _) = fixture.in_mid_run(&[]);
    fixture.e2b.fault(Fault::on(SEND, Effect::Drop));
    running.interrupt();
    fixture.assert_ended(running.finish(), 130, "cancelled", "cancelled", &[]);
    fixture.assert_in_order();
}
