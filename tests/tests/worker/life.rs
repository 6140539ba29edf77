//! A worker from its first message to its last.

use serde_json::{Value, json};

use crate::talk::{Talk, sha256};

#[test]
fn worker_prepares_runs_and_cleans_up() {
    let mut talk = Talk::start(&json!({"rows": 1000, "batch": 10}));
    let hello = talk.next();
    assert_eq!((&hello["type"], &hello["protocol"]), (&"hello".into(), &1.into()));
    let n = talk.prepare();
    assert_eq!(talk.until("ready")["re"], n);
    assert!(!talk.file("confidential.json").exists());
    let ping = talk.command(json!({"cmd": "ping"}));
    assert_eq!(talk.until("pong")["re"], ping);

    let run = talk.command(json!({"cmd": "run"}));
    let finished = talk.until("finished");
    assert_eq!(finished["re"], run);
    let status = &finished["status"];
    assert_eq!((&status["status"], &status["rows_written"]), (&"success".into(), &1000.into()));
    assert_eq!(status["session_id"], "20260101T000000000Z-00000000");
    let files = finished["files"].as_array().expect("a list");
    let output = files.iter().find(|file| file["path"] == "ids.txt").expect("the output");
    assert_eq!(output["sha256"], sha256(&talk.base().join("ids.txt")).as_str());
    assert_eq!(output["size"], std::fs::metadata(talk.base().join("ids.txt")).expect("it").len());
    let artifact = "logs/run_20260101T000000000Z-00000000/artifacts/source/";
    assert!(
        files.iter().any(|file| file["path"].as_str().unwrap_or_default().starts_with(artifact))
    );

    let copy = talk.copy();
    assert_eq!(copy, talk.heard);
    let cleanup = talk.command(json!({"cmd": "cleanup"}));
    assert_eq!(talk.until("cleaned")["re"], cleanup);
    assert!(talk.end().success());
    assert!(!talk.base().exists() && !talk.file("").exists());
}

#[test]
fn worker_records_match_the_session() {
    let mut talk = Talk::start(&json!({"rows": 10}));
    talk.ready();
    talk.command(json!({"cmd": "run"}));
    talk.until("finished");
    let lines = talk.heard.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let records: Vec<Value> = lines.filter(|line: &Value| line["type"] == "record").collect();
    let events: Vec<&str> =
        records.iter().filter_map(|line| line["record"]["event_type"].as_str()).collect();
    for wanted in ["run_start", "step_start", "step_complete", "run_complete", "run_end"] {
        assert!(events.contains(&wanted), "{events:?}");
    }
    let session = talk.base().join("logs/run_20260101T000000000Z-00000000");
    let written = std::fs::read_to_string(session.join("events.jsonl")).expect("it is there");
    assert_eq!(written.lines().count(), events.len());
}

#[test]
fn worker_answers_during_a_run_and_can_be_cancelled() {
    let mut talk = Talk::start(&json!({"rows": 10, "then": "hold"}));
    talk.ready();
    let run = talk.command(json!({"cmd": "run"}));
    // The worker sends progress while no step moves.
    for _ in 0..2 {
        talk.until("progress");
    }
    let ping = talk.command(json!({"cmd": "ping"}));
    assert_eq!(talk.until("pong")["re"], ping);
    let again = talk.command(json!({"cmd": "run"}));
    let refused = talk.until("refused");
    assert_eq!((&refused["re"], &refused["why"]), (&again.into(), &"the worker is busy".into()));
    talk.command(json!({"cmd": "cancel"}));
    let finished = talk.until("finished");
    assert_eq!(
        (&finished["re"], &finished["status"]["status"]),
        (&run.into(), &"cancelled".into())
    );
    assert!(!talk.base().join("ids.txt").exists());
    talk.command(json!({"cmd": "cleanup"}));
    talk.until("cleaned");
    assert!(talk.end().success());
}

#[test]
fn cleanup_during_a_run_cancels_it_first() {
    let mut talk = Talk::start(&json!({"rows": 10, "then": "hold"}));
    talk.ready();
    talk.command(json!({"cmd": "run"}));
    talk.until("progress");
    let cleanup = talk.command(json!({"cmd": "cleanup"}));
    assert_eq!(talk.until("finished")["status"]["status"], "cancelled");
    assert_eq!(talk.until("cleaned")["re"], cleanup);
    assert!(talk.end().success());
    assert!(!talk.base().exists());
}

#[test]
fn repeated_command_is_executed_once() {
    let mut talk = Talk::start(&json!({"rows": 10, "then": "hold"}));
    talk.ready();
    let run = talk.command(json!({"cmd": "run"}));
    // The host repeats a command that may have been lost.
    talk.write(&format!("{}\n", json!({"n": run, "cmd": "run"})));
    talk.until("progress");
    let ping = talk.command(json!({"cmd": "ping"}));
    talk.write(&format!("{}\n", json!({"n": ping, "cmd": "ping"})));
    let next = talk.command(json!({"cmd": "ping"}));
    assert_eq!(talk.until("pong")["re"], ping);
    assert_eq!(talk.until("pong")["re"], next);
    talk.command(json!({"cmd": "cancel"}));
    assert_eq!(talk.until("finished")["re"], run);
}
