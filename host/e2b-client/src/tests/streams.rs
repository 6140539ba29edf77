use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::error::{Error, Kind};
use super::super::{Command, Health, Output, Process, Signal};
use super::scripted::{Act, Scripted, answer, envelope, stream};
use super::{TOKEN, envd};

const START: &str = r#"{"event":{"start":{"pid":21}}}"#;
const HI: &str = r#"{"event":{"data":{"stdout":"aGkK"}}}"#;
const ERR: &str = r#"{"event":{"data":{"stderr":"aGkK"}}}"#;
const END: &str = r#"{"event":{"end":{"exitCode":3, "exited":true, "status":"exit status 3"}}}"#;

fn envelopes(payloads: &[&str]) -> Vec<u8> {
    payloads.iter().flat_map(|payload| envelope(0, payload)).collect()
}

fn complete_stream(payloads: &[&str], end: &str) -> Act {
    Act::Say(stream(&[envelopes(payloads), envelope(2, end)].concat(), true))
}

fn command() -> Command {
    Command { cmd: "/bin/x".into(), ..Command::default() }
}

async fn start_process(act: Act) -> (Scripted, Process) {
    let server = Scripted::start([act]);
    let envd = envd(&server.url).with_keepalive(Duration::from_millis(1));
    let process = envd.start(&command()).await.unwrap();
    (server, process)
}

async fn error_after(mut process: Process, outputs: usize) -> Error {
    for _ in 0..outputs {
        process.next().await.unwrap().unwrap();
    }
    process.next().await.unwrap_err()
}

#[tokio::test]
async fn process_stream_gives_all_events_in_order() {
    let newer = r#"{"event":{"checkpoint":{}}}"#;
    let alive = r#"{"event":{"keepalive":{}}}"#;
    let server =
        Scripted::start([complete_stream(&[alive, START, HI, newer, ERR, alive, END], "{}")]);
    let command = Command {
        args: vec!["-c".into()],
        env: [("K".to_owned(), "V".to_owned())].into(),
        cwd: Some("/srv".into()),
        user: Some("root".into()),
        ..command()
    };
    let mut process = envd(&server.url).start(&command).await.unwrap();
    assert_eq!(process.pid, 21);
    let mut outputs = Vec::new();
    while let Some(output) = process.next().await.unwrap() {
        outputs.push(output);
    }
    let expected = [
        Output::Stdout("hi\n".into()),
        Output::Stderr("hi\n".into()),
        Output::KeepAlive,
        Output::Exited { code: 3, status: "exit status 3".into() },
    ];
    assert_eq!(outputs, expected);

    let request = server.requests().await.remove(0);
    assert_eq!(request.line, "POST /process.Process/Start");
    assert_eq!(request.header("content-type"), Some("application/connect+json"));
    assert_eq!(request.header("x-access-token"), Some(TOKEN));
    assert_eq!(request.header("e2b-sandbox-id"), Some(super::ID));
    assert_eq!(request.header("e2b-sandbox-port"), Some("49983"));
    assert_eq!(request.header("keepalive-ping-interval"), Some("20"));
    assert_eq!(request.header("authorization"), Some("Basic cm9vdDo="));
    assert_eq!(request.header("connect-timeout-ms"), None);
    assert_eq!(
        u32::from_be_bytes(*request.body[1..].first_chunk().unwrap()) as usize + 5,
        request.body.len()
    );
    let body: Value = serde_json::from_slice(&request.body[5..]).unwrap();
    let process = json!({"cmd": "/bin/x", "args": ["-c"], "envs": {"K": "V"}, "cwd": "/srv"});
    assert_eq!(body, json!({"process": process, "stdin": false}));
}

#[tokio::test]
async fn stream_without_end_is_lost() {
    let cut = envelopes(&[START, HI, HI]);
    for (bytes, end, outputs) in [
        (envelopes(&[START, HI]), true, 1),
        (envelopes(&[START, HI]), false, 1),
        (envelopes(&[START, HI, END]), true, 2),
        (cut[..cut.len() - 9].to_vec(), true, 1),
        (cut[..cut.len() - 9].to_vec(), false, 1),
    ] {
        let (_server, process) = start_process(Act::Say(stream(&bytes, end))).await;
        let error = error_after(process, outputs).await;
        assert_eq!(error.kind, Kind::StreamLost, "{error}");
    }
    for bytes in [Vec::new(), envelopes(&[START])[..7].to_vec()] {
        let server = Scripted::start([Act::Say(stream(&bytes, true))]);
        let error = envd(&server.url).start(&command()).await.unwrap_err();
        assert_eq!(error.kind, Kind::StreamLost, "{error}");
    }
}

#[tokio::test]
async fn silent_stream_is_lost_across_abandoned_calls() {
    // The smallest interval is a second, so silence is two and a half.
    let start = Instant::now();
    let (_server, mut process) =
        start_process(Act::Hold(stream(&envelopes(&[START]), false))).await;
    let error = loop {
        if let Ok(result) = tokio::time::timeout(Duration::from_millis(200), process.next()).await {
            break result.unwrap_err();
        }
        assert!(start.elapsed() < Duration::from_secs(10));
    };
    assert_eq!(error.kind, Kind::StreamLost);
    assert!(start.elapsed() >= Duration::from_millis(2400), "{:?}", start.elapsed());
}

#[tokio::test]
async fn end_of_stream_error_has_kind_and_message() {
    let end = r#"{"error":{"code":"not_found","message":"process with pid 9 not found"}}"#;
    let server = Scripted::start([complete_stream(&[], end)]);
    let error = envd(&server.url).attach(9).await.unwrap_err();
    assert_eq!((error.kind, error.status), (Kind::NotFound, None));
    assert!(error.message.contains("process with pid 9 not found"), "{error}");

    let end = r#"{"error":{"code":"unavailable","message":"the connection to sandbox ended"}}"#;
    let (_server, process) = start_process(complete_stream(&[START], end)).await;
    assert_eq!(error_after(process, 0).await.kind, Kind::StreamLost);
    let end = r#"{"error":{"code":"invalid_argument","message":"cwd '/nope' does not exist"}}"#;
    let server = Scripted::start([complete_stream(&[], end)]);
    assert_eq!(envd(&server.url).start(&command()).await.unwrap_err().kind, Kind::Invalid);
}

#[tokio::test]
async fn protocol_violations_are_errors() {
    let bad = |bytes: Vec<u8>| Act::Say(stream(&[envelopes(&[START]), bytes].concat(), true));
    let after = [envelope(2, "{}"), envelope(0, HI)].concat();
    for (bytes, skipped) in [
        (b"HTTP/1.1".to_vec(), 0),
        (vec![0, 0xff, 0xff, 0xff, 0xff], 0),
        (envelope(1, "x"), 0),
        (envelope(0, "{"), 0),
        (envelope(2, "["), 0),
        (envelopes(&[r#"{"event":{"start":{"pid":22}}}"#]), 0),
        (envelopes(&[HI, r#"{"event":{"data":{"stdout":"%"}}}"#]), 1),
    ] {
        let (_server, process) = start_process(bad(bytes)).await;
        assert_eq!(error_after(process, skipped).await.kind, Kind::Protocol);
    }
    let (_server, mut process) = start_process(bad(after)).await;
    assert_eq!(process.next().await.unwrap(), None);
    for act in [complete_stream(&[HI], "{}"), complete_stream(&[], "{}"), answer(200, "{}")] {
        let server = Scripted::start([act]);
        assert_eq!(envd(&server.url).start(&command()).await.unwrap_err().kind, Kind::Protocol);
    }
}

#[tokio::test]
async fn attach_is_retried_and_start_only_if_nothing_listened() {
    let attached = complete_stream(&[START, END], "{}");
    let server = Scripted::start([Act::Drop, Act::Say(stream(&[], true)), attached]);
    assert_eq!(envd(&server.url).attach(21).await.unwrap().pid, 21);
    let closed = r#"{"message":"The sandbox is running but port is not open","code":502}"#;
    let server = Scripted::start([answer(502, closed), complete_stream(&[START, END], "{}")]);
    assert_eq!(envd(&server.url).start(&command()).await.unwrap().pid, 21);
}

#[tokio::test]
async fn run_returns_output_and_exit_code() {
    let server = Scripted::start([complete_stream(&[START, HI, ERR, HI, END], "{}")]);
    let finished = envd(&server.url).run(&command()).await.unwrap();
    assert_eq!((finished.exit_code, finished.cut), (3, false));
    assert_eq!((&finished.stdout[..], &finished.stderr[..]), (&b"hi\nhi\n"[..], &b"hi\n"[..]));
}

#[tokio::test]
async fn input_is_sent_in_ordered_chunks() {
    let server = Scripted::start([answer(200, "{}"), answer(200, "{}"), answer(200, "{}")]);
    let envd = envd(&server.url);
    envd.send_input(21, &[b'x'; (32 << 10) + 3]).await.unwrap();
    envd.signal(21, Signal::Kill).await.unwrap();
    let bodies: Vec<_> = server.requests().await.iter().map(|request| request.json()).collect();
    assert_eq!(bodies[1], json!({"process": {"pid": 21}, "input": {"stdin": "eHh4"}}));
    assert_eq!(bodies[2], json!({"process": {"pid": 21}, "signal": "SIGNAL_SIGKILL"}));
}

#[tokio::test]
async fn health_distinguishes_gone_from_unreachable() {
    let gone = r#"{"sandboxId":"i","message":"The sandbox was not found","code":502}"#;
    let closed = r#"{"message":"The sandbox is running but port is not open","code":502}"#;
    let server = Scripted::start([answer(204, ""), answer(502, gone), answer(502, closed)]);
    let envd = envd(&server.url);
    assert!(matches!(envd.health().await, Health::Up));
    assert!(matches!(envd.health().await, Health::Gone));
    let Health::Unreachable(error) = envd.health().await else { panic!("it is away") };
    assert_eq!(error.kind, Kind::Unreachable);
    assert_eq!(server.requests().await.len(), 3);
}
