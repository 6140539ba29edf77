//! A worker without a host continues to the end of its run.

use std::time::Duration;

use osiris_tests::wait::wait_for;
use serde_json::{Value, json};

use crate::talk::Talk;

/// Waits for a line of this type in the worker's own copy, and returns the last one.
fn written(talk: &Talk, kind: &str) -> Value {
    wait_for(kind, Duration::from_secs(30), || {
        let copy = talk.copy();
        let mut lines = copy.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.rfind(|line| line["type"] == kind)
    })
}

#[test]
fn unread_worker_finishes_its_run() {
    let mut talk = Talk::start_unheard(&json!({"rows": 1000, "batch": 1}));
    written(&talk, "hello");
    talk.prepare();
    written(&talk, "ready");
    talk.command(json!({"cmd": "run"}));
    assert_eq!(written(&talk, "finished")["status"]["rows_written"], 1000);
    // The copy has every line.
    let numbers: Vec<u64> = talk
        .copy()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).expect("whole")["n"].as_u64())
        .collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    talk.command(json!({"cmd": "cleanup"}));
    assert!(talk.end().success());
    assert!(!talk.base().exists());
}

#[test]
fn worker_without_input_finishes_its_run() {
    let mut talk = Talk::start(&json!({"rows": 300_000, "batch": 10}));
    talk.ready();
    talk.command(json!({"cmd": "run"}));
    talk.until("progress");
    talk.input = None;
    let finished = talk.until("finished");
    assert_eq!(finished["status"]["rows_written"], 300_000);
    assert!(talk.end().success());
    // The output is kept for a host that returns.
    assert!(talk.base().join("ids.txt").exists());
    assert_eq!(talk.copy(), talk.heard);
}

#[test]
fn worker_without_a_host_exits() {
    let mut talk = Talk::start(&json!({}));
    talk.until("hello");
    talk.input = None;
    assert!(talk.end().success());
}
