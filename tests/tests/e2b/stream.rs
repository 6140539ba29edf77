//! Breaks, repetitions, gaps and silence in the worker's message stream.

use e2b_local::{Effect, Fault};

use crate::fixture::{Fixture, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    stream_broken_before_its_start_is_reported,
    stream_broken_in_its_first_line_recovers,
    stream_broken_in_a_later_line_recovers,
    repeatedly_broken_stream_recovers,
    stream_broken_after_its_last_event_recovers,
    repeated_line_counts_once,
    missing_line_recovers,
    missing_first_line_recovers,
    missing_last_lines_recover,
    silent_stream_recovers,
    stream_of_only_keepalives_recovers,
];

const START: &str = "POST /process.Process/Start";
const CONNECT: &str = "POST /process.Process/Connect";

/// Returns a fault in the worker's stream, not in that of another command.
fn of_the_worker(effect: Effect) -> Fault {
    Fault::on(START, effect).containing("worker")
}

#[track_caller]
fn assert_recovers(faults: impl IntoIterator<Item = Fault>) -> Fixture {
    let fixture = Fixture::new(SHORT);
    faults.into_iter().for_each(|fault| fixture.e2b.fault(fault));
    fixture.assert_well(fixture.run(&[]).run());
    fixture
}

fn stream_broken_before_its_start_is_reported() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(of_the_worker(Effect::NoStart));
    let words = ["cannot run /usr/local/bin/osiris in the sandbox", "connection to ", " failed: "];
    fixture.assert_failed(fixture.run(&[]).run(), 3, "sandbox", &words);
}

fn stream_broken_in_its_first_line_recovers() {
    let fixture = assert_recovers([of_the_worker(Effect::CutLine(1))]);
    assert!(fixture.e2b.requests().contains_key(CONNECT));
}

fn stream_broken_in_a_later_line_recovers() {
    let fixture = assert_recovers([of_the_worker(Effect::CutLine(5))]);
    assert!(fixture.e2b.requests().contains_key(CONNECT));
}

fn repeatedly_broken_stream_recovers() {
    let fixture = assert_recovers([
        of_the_worker(Effect::CutLine(1)),
        Fault::on(CONNECT, Effect::CutLine(1)).always(),
    ]);
    assert!(fixture.e2b.requests()[CONNECT] > 1);
}

fn stream_broken_after_its_last_event_recovers() {
    assert_recovers([Fault::on(START, Effect::NoEnd).always()]);
}

fn repeated_line_counts_once() {
    assert_recovers((1..9).map(|line| of_the_worker(Effect::RepeatLine(line))));
}

fn missing_line_recovers() {
    assert_recovers([of_the_worker(Effect::DropLine(3))]);
}

fn missing_first_line_recovers() {
    // Nothing follows the first line until it is received.
    assert_recovers([of_the_worker(Effect::DropLine(1))]);
}

fn missing_last_lines_recover() {
    assert_recovers((6..400).map(|line| of_the_worker(Effect::DropLine(line))));
}

fn silent_stream_recovers() {
    assert_recovers([of_the_worker(Effect::Silence { after: 3, keepalives: false })]);
}

fn stream_of_only_keepalives_recovers() {
    assert_recovers([of_the_worker(Effect::Silence { after: 3, keepalives: true })]);
}
