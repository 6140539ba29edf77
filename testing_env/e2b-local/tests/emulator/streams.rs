//! Faults of processes' streams.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use e2b_local::{Effect, Fault};
use serde_json::json;

use crate::client::{Emulator, Run, Sandbox, Stream, shell};

const START: &str = "POST /process.Process/Start";
const LINES: &str = "echo one; echo two; echo three";

fn emulator(effect: Effect) -> (Emulator, Sandbox) {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    emulator.server.fault(Fault::on(START, effect));
    (emulator, sandbox)
}

fn broken(effect: Effect, script: &str) -> Run {
    let (emulator, sandbox) = emulator(effect);
    emulator.start(&sandbox, script).broken()
}

#[test]
fn stream_breaks_before_its_start() {
    let run = broken(Effect::NoStart, LINES);
    assert_eq!((run.pid, run.stdout.as_str()), (0, ""));
}

#[test]
fn stream_breaks_before_its_end() {
    let run = broken(Effect::NoEnd, LINES);
    assert_eq!((run.stdout.as_str(), &run.end["exited"]), ("one\ntwo\nthree\n", &json!(true)));
}

#[test]
fn stream_breaks_within_an_envelope() {
    let run = broken(Effect::CutAnswer(45), LINES);
    assert!(run.pid != 0 && run.end.is_null(), "{run:?}");
}

#[test]
fn stream_breaks_within_a_line() {
    let run = broken(Effect::CutLine(2), LINES);
    assert_eq!((run.stdout.as_str(), &run.end), ("one\ntw", &json!(null)));
}

#[test]
fn lines_are_repeated_or_dropped() {
    for (effect, expected) in
        [(Effect::RepeatLine(2), "one\ntwo\ntwo\nthree\n"), (Effect::DropLine(2), "one\nthree\n")]
    {
        let (emulator, sandbox) = emulator(effect);
        assert_eq!(emulator.run(&sandbox, LINES).stdout, expected);
        assert_eq!(emulator.run(&sandbox, LINES).stdout, "one\ntwo\nthree\n");
    }
}

#[test]
fn stream_falls_silent() {
    let (emulator, sandbox) = emulator(Effect::Silence { after: 1, keepalives: true });
    let request = emulator.open(&sandbox, "Start", &shell(LINES));
    let mut stream = Stream::of(request.header("Keepalive-Ping-Interval", "1"));
    stream.pid();
    assert_eq!(stream.event(), json!({"keepalive": {}}));
    drop(stream);

    emulator.server.fault(Fault::on(START, Effect::Silence { after: 1, keepalives: false }));
    let request = emulator.open(&sandbox, "Start", &shell(LINES));
    let mut stream = Stream::of(request.header("Keepalive-Ping-Interval", "1"));
    stream.pid();
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(stream.next().is_ok()));
    assert!(receiver.recv_timeout(Duration::from_millis(2500)).is_err(), "it said something");
}
