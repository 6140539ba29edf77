//! Standard input.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Emulator, Sandbox, Stream, encode, envelope};

fn cat(emulator: &Emulator, sandbox: &Sandbox) -> (u64, Stream) {
    let message = json!({"process": {"cmd": "cat"}, "stdin": true});
    let mut stream = Stream::of(emulator.open(sandbox, "Start", &message));
    (stream.pid(), stream)
}

fn input(pid: u64, text: &str) -> Value {
    json!({"process": {"pid": pid}, "input": {"stdin": encode(text.as_bytes())}})
}

#[test]
fn sent_input_arrives_and_is_logged() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let (pid, stream) = cat(&emulator, &sandbox);
    let send = |text| emulator.call(&sandbox, "process.Process/SendInput", &input(pid, text));
    assert_eq!(send("one\n"), (200, json!({})));
    assert_eq!(send("two\n"), (200, json!({})));
    let close =
        || emulator.call(&sandbox, "process.Process/CloseStdin", &json!({"process": {"pid": pid}}));
    assert_eq!(close(), (200, json!({})));
    assert_eq!(stream.rest().expect("ends").stdout, "one\ntwo\n");
    assert_eq!(send("late").0, 404);
    assert_eq!(close().0, 404);
    assert!(emulator.server.log().contains(&"input one\n".to_owned()));
}

#[test]
fn sending_to_closed_input_is_an_error() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let mut stream = emulator.start(&sandbox, "sleep 600");
    let pid = stream.pid();
    let (status, error) = emulator.call(&sandbox, "process.Process/SendInput", &input(pid, "x"));
    assert_eq!(status, 500);
    assert!(error["message"].to_string().contains("stdin not enabled or closed"));
    let empty =
        emulator.call(&sandbox, "process.Process/SendInput", &json!({"process": {"pid": pid}}));
    assert_eq!(empty.0, 501);
}

#[test]
fn streamed_input_arrives_and_is_not_logged() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let (pid, stream) = cat(&emulator, &sandbox);
    let data = |text: &str| json!({"data": {"input": {"stdin": encode(text.as_bytes())}}});
    let messages = [json!({"start": {"process": {"pid": pid}}}), data("one\n"), data("two\n")];
    let request = |messages: &[Value]| {
        emulator
            .envd(&sandbox, Method::POST, "/process.Process/StreamInput")
            .header("Content-Type", "application/connect+json")
            .body(messages.iter().flat_map(envelope).collect::<Vec<u8>>())
    };
    let mut responses = Stream::of(request(&messages));
    assert_eq!(responses.next().expect("comes"), (0, json!({})));
    assert_eq!(responses.next().expect("comes"), (2, json!({})));
    assert!(request(&messages[1..]).send().is_err(), "data came first");
    emulator.call(&sandbox, "process.Process/CloseStdin", &json!({"process": {"pid": pid}}));
    assert_eq!(stream.rest().expect("ends").stdout, "one\ntwo\n");
    assert!(!emulator.server.log().join("\n").contains("one"));
}
