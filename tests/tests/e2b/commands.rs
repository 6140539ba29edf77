//! Commands from the host to the worker that are lost.

use e2b_local::{Answer, Effect, Fault};

use crate::fixture::{ENDLESS, Fixture, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    commands_that_are_lost_are_sent_again,
    commands_whose_answers_are_lost_count_once,
    commands_that_a_page_answers_are_sent_again,
    commands_that_are_always_refused_are_told,
    ctrl_c_whose_way_is_lost_is_sent_again,
];

const SEND: &str = "POST /process.Process/SendInput";

/// Checks that a run recovers if each of its commands meets this fault once.
#[track_caller]
fn recovers(effect: &Effect) {
    let fixture = Fixture::new(SHORT);
    // Every second request is a retry.
    for nth in [1, 3] {
        fixture.e2b.fault(Fault::on(SEND, effect.clone()).nth(nth));
    }
    fixture.assert_well(fixture.run(&[]).run());
    // Prepare and run, twice each, and clean up.
    assert_eq!(fixture.e2b.requests()[SEND], 5);
}

fn commands_that_are_lost_are_sent_again() {
    recovers(&Effect::Drop);
}

fn commands_whose_answers_are_lost_count_once() {
    recovers(&Effect::DropDone);
}

fn commands_that_a_page_answers_are_sent_again() {
    let page = Answer { status: 502, headers: Vec::new(), body: "<html></html>".to_owned() };
    recovers(&Effect::Answer(page));
}

fn commands_that_are_always_refused_are_told() {
    let fixture = Fixture::new(SHORT);
    let refusal = Answer::error(500, "no such luck");
    fixture.e2b.fault(Fault::on(SEND, Effect::Answer(refusal)).always());
    let words = ["cannot write to process", "no such luck"];
    fixture.assert_failed(fixture.run(&[]).run(), 3, "sandbox", &words);
}

fn ctrl_c_whose_way_is_lost_is_sent_again() {
    let fixture = Fixture::new(ENDLESS);
    let (running, _) = fixture.in_mid_run(&[]);
    fixture.e2b.fault(Fault::on(SEND, Effect::Drop));
    running.interrupt();
    fixture.assert_ended(running.finish(), 1, "cancelled", "cancelled", &[]);
    fixture.assert_in_order();
}
