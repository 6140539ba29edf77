//! Breaks, repetitions, gaps and silence in the worker's message stream.

use e2b_local::{Effect, Fault};

use crate::fixture::{Fixture, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    a_stream_that_breaks_before_its_start_is_told,
    a_stream_that_breaks_in_its_first_line_recovers,
    a_stream_that_breaks_in_a_later_line_recovers,
    a_stream_that_breaks_again_and_again_recovers,
    a_stream_that_breaks_after_its_last_event_recovers,
    a_line_that_comes_twice_counts_once,
    a_line_that_is_missing_recovers,
    a_first_line_that_is_missing_recovers,
    lines_that_are_missing_at_the_end_recover,
    a_stream_that_falls_silent_recovers,
    a_stream_of_which_only_keepalives_come_recovers,
];

const START: &str = "POST /process.Process/Start";
const CONNECT: &str = "POST /process.Process/Connect";

/// Returns a fault in the worker's stream, not in that of another command.
fn of_the_worker(effect: Effect) -> Fault {
    Fault::on(START, effect).containing("worker")
}

#[track_caller]
fn recovers(faults: impl IntoIterator<Item = Fault>) -> Fixture {
    let fixture = Fixture::new(SHORT);
    faults.into_iter().for_each(|fault| fixture.e2b.fault(fault));
    fixture.assert_well(fixture.run(&[]).run());
    fixture
}

fn a_stream_that_breaks_before_its_start_is_told() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(of_the_worker(Effect::NoStart));
    let words =
        ["cannot run /usr/local/bin/osiris in the sandbox", "the connection to ", " broke: "];
    fixture.assert_failed(fixture.run(&[]).run(), 3, "sandbox", &words);
}

fn a_stream_that_breaks_in_its_first_line_recovers() {
    let fixture = recovers([of_the_worker(Effect::CutLine(1))]);
    assert!(fixture.e2b.requests().contains_key(CONNECT));
}

fn a_stream_that_breaks_in_a_later_line_recovers() {
    let fixture = recovers([of_the_worker(Effect::CutLine(5))]);
    assert!(fixture.e2b.requests().contains_key(CONNECT));
}

fn a_stream_that_breaks_again_and_again_recovers() {
    let fixture = recovers([
        of_the_worker(Effect::CutLine(1)),
        Fault::on(CONNECT, Effect::CutLine(1)).always(),
    ]);
    assert!(fixture.e2b.requests()[CONNECT] > 1);
}

fn a_stream_that_breaks_after_its_last_event_recovers() {
    recovers([Fault::on(START, Effect::NoEnd).always()]);
}

fn a_line_that_comes_twice_counts_once() {
    recovers((1..9).map(|line| of_the_worker(Effect::RepeatLine(line))));
}

fn a_line_that_is_missing_recovers() {
    recovers([of_the_worker(Effect::DropLine(3))]);
}

fn a_first_line_that_is_missing_recovers() {
    // Nothing follows the first line until it is received.
    recovers([of_the_worker(Effect::DropLine(1))]);
}

fn lines_that_are_missing_at_the_end_recover() {
    recovers((6..400).map(|line| of_the_worker(Effect::DropLine(line))));
}

fn a_stream_that_falls_silent_recovers() {
    recovers([of_the_worker(Effect::Silence { after: 3, keepalives: false })]);
}

fn a_stream_of_which_only_keepalives_come_recovers() {
    recovers([of_the_worker(Effect::Silence { after: 3, keepalives: true })]);
}
