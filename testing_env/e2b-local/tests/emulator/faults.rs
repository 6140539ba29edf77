//! Faults of requests and answers.

use std::time::{Duration, Instant};

use e2b_local::{Answer, Effect, Fault};
use reqwest::Method;
use serde_json::json;

use crate::client::{Emulator, answer, until};

const CREATE: &str = "POST /v2/sandboxes";

#[test]
fn response_is_replaced_a_given_number_of_times() {
    let emulator = Emulator::new();
    let busy = Answer::error(503, "busy").header("Retry-After", "7").header("Should-Retry", "true");
    emulator.server.fault(Fault::on(CREATE, Effect::Answer(busy)).nth(2).times(2));
    let create = || {
        emulator
            .api(Method::POST, "/v2/sandboxes")
            .json(&json!({"templateID": "base"}))
            .send()
            .expect("answers")
    };
    let statuses: Vec<u16> = (0..4).map(|_| create().status().as_u16()).collect();
    assert_eq!(statuses, [201, 503, 503, 201]);
    assert_eq!(emulator.server.sandboxes().len(), 2);
    emulator.server.fault(Fault::on(
        "*",
        Effect::Answer(Answer::error(503, "busy").header("Retry-After", "7")),
    ));
    assert_eq!(create().headers()["retry-after"], "7");
}

#[test]
fn create_response_is_dropped() {
    let emulator = Emulator::new();
    let create =
        || emulator.api(Method::POST, "/v2/sandboxes").json(&json!({"templateID": "base"})).send();
    emulator.server.fault(Fault::on(CREATE, Effect::Drop));
    assert!(create().is_err());
    assert_eq!(emulator.server.sandboxes().len(), 0);
    emulator.server.fault(Fault::on(CREATE, Effect::DropDone));
    assert!(create().is_err());
    assert_eq!(emulator.server.sandboxes().len(), 1);
    emulator.server.fault(Fault::on(CREATE, Effect::AnswerDone(Answer::error(504, "late"))));
    assert_eq!(create().expect("answers").status(), 504);
    assert_eq!(emulator.server.sandboxes().len(), 2);
    let later = Duration::from_millis(200);
    emulator.server.fault(Fault::on(CREATE, Effect::DropThenDo(later)));
    let started = Instant::now();
    assert!(create().is_err());
    until("the late create", || emulator.server.sandboxes().len() == 3);
    assert!(started.elapsed() >= later);
}

#[test]
fn responses_are_delayed() {
    let emulator = Emulator::new();
    for effect in [Effect::Delay, Effect::DelayAnswer] {
        emulator.server.fault(Fault::on("GET /health", effect(Duration::from_millis(300))));
        let started = Instant::now();
        assert_eq!(emulator.get("/health").0, 204);
        assert!(started.elapsed() >= Duration::from_millis(300));
    }
}

#[test]
fn downloads_are_cut_and_altered() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    emulator.upload(&sandbox, "file", &[b'a'; 100_000]).send().expect("answers");
    let read = || emulator.envd(&sandbox, Method::GET, "/files?path=file").send().expect("answers");
    emulator.server.fault(Fault::on("GET /files", Effect::FlipByte(70_000)));
    let changed = read().bytes().expect("is whole");
    let different: Vec<usize> = (0..changed.len()).filter(|at| changed[*at] != b'a').collect();
    assert_eq!((changed.len(), different), (100_000, vec![70_000]));
    emulator.server.fault(Fault::on("GET /files", Effect::CutAnswer(70_000)));
    let mut body = Vec::new();
    assert!(std::io::copy(&mut read(), &mut body).is_err());
    assert_eq!(body.len(), 70_000);
    assert_eq!(read().bytes().expect("is whole").len(), 100_000);
}

#[test]
fn uploads_are_cut_and_rejected_by_a_full_disk() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let home = emulator.server.home(&sandbox.id).expect("lives");
    let fault = Fault::on("POST /files", Effect::CutUpload(5000)).containing("cut");
    emulator.server.fault(fault);
    assert_eq!(answer(emulator.upload(&sandbox, "other", &[1; 9000])).0, 200);
    assert!(emulator.upload(&sandbox, "cut", &[1; 1_000_000]).send().is_err());
    assert_eq!(std::fs::read(home.join("cut")).expect("is there").len(), 5000);
    emulator.server.fault(Fault::on("POST /files", Effect::DiskFull(10)));
    assert_eq!(answer(emulator.upload(&sandbox, "full", &[1; 9000])).0, 507);
    assert_eq!(std::fs::read(home.join("full")).expect("is there").len(), 10);
}

#[test]
fn clock_can_be_shifted() {
    let emulator = Emulator::new();
    emulator.server.set_clock_ahead(-400 * 24 * 3600);
    let sandbox = emulator.sandbox();
    let (_, detail) = emulator.get(&format!("/sandboxes/{}", sandbox.id));
    let started = detail["startedAt"].as_str().expect("is text");
    let date = emulator.api(Method::GET, "/health").send().expect("answers");
    let date = date.headers()["date"].to_str().expect("is text").to_owned();
    let this_year = &jiff::Timestamp::now().to_string()[..4];
    assert!(!started.starts_with(this_year) && !date.contains(this_year), "{started} {date}");
}
