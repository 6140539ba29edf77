//! Errors of the control plane when a sandbox is created.

use std::time::Duration;

use e2b_local::{Answer, Effect, Fault, Options, Versions};
use osiris_tests::wait::wait_for;

use crate::fixture::{ENDLESS, Fixture, PATIENCE, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    wrong_key_is_reported,
    key_without_permission_is_reported,
    missing_template_is_reported,
    conflict_is_reported,
    server_error_is_reported,
    server_error_page_is_reported,
    rate_limit_of_hours_is_reported_immediately,
    sandbox_limit_without_retry_is_reported_immediately,
    rate_limit_with_retry_after_recovers,
    rate_limit_without_retry_after_recovers,
    sandbox_limit_recovers_when_another_run_ends,
    create_in_progress_recovers,
    missing_capacity_recovers,
    page_with_502_recovers,
    page_with_503_recovers,
    page_with_504_recovers,
    page_instead_of_the_sandbox_recovers,
    older_control_plane_is_supported,
];

const CREATE: &str = "POST /v2/sandboxes";
const HTML: &str = "<html><head><title>Bad Gateway</title></head></html>";

fn html(status: u16) -> Answer {
    let headers = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    Answer { status, headers, body: HTML.to_owned() }
}

/// Checks that a run recovers if creating its sandbox has this effect once.
#[track_caller]
fn assert_recovers(effect: Effect) {
    let fixture = Fixture::new(SHORT);
    let attempts = if matches!(effect, Effect::Answer(_)) { 2 } else { 1 };
    fixture.e2b.fault(Fault::on(CREATE, effect));
    let finished = fixture.assert_well(fixture.run(&[]).run());
    assert_eq!(fixture.e2b.requests()[CREATE], attempts);
    assert!(!finished.stderr.contains("error"), "{}", finished.stderr);
}

/// Checks that the user gets an error if creating a sandbox always returns this answer.
#[track_caller]
fn assert_reported(answer: Answer, words: &[&str]) {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on(CREATE, Effect::Answer(answer)).always());
    let finished = fixture.run(&[]).run();
    assert!(finished.took < Duration::from_secs(20), "it took {:?}", finished.took);
    fixture.assert_failed(finished, 3, "sandbox", words);
    assert_eq!(fixture.e2b.requests()[CREATE], 1);
}

fn wrong_key_is_reported() {
    let fixture = Fixture::new(SHORT);
    let key = format!("e2b_{}", "0".repeat(40));
    let finished = fixture.run(&[]).env("E2B_API_KEY", &key).run();
    assert!(!finished.stderr.contains(&key), "{}", finished.stderr);
    fixture.assert_failed(finished, 3, "sandbox", &["401", "Invalid API key", "E2B_API_KEY"]);
}

fn key_without_permission_is_reported() {
    let answer = Answer::error(403, "Team is blocked: payment failed");
    assert_reported(answer, &["create a sandbox", "403", "Team is blocked: payment failed"]);
}

fn missing_template_is_reported() {
    let fixture = Fixture::new(SHORT);
    let finished =
        fixture.osiris(&["run", "pipeline.yaml", "--e2b", "--e2b-template", "nope"]).run();
    let words = ["404", "template 'nope' not found", "--e2b-template", "osiris e2b template"];
    fixture.assert_failed(finished, 3, "sandbox", &words);
}

fn conflict_is_reported() {
    assert_reported(
        Answer::error(409, "the node is being drained"),
        &["409", "the node is being drained"],
    );
}

fn server_error_is_reported() {
    assert_reported(
        Answer::error(500, "we are sorry"),
        &["create a sandbox", "500", "we are sorry"],
    );
}

fn server_error_page_is_reported() {
    assert_reported(html(500), &["create a sandbox", "500", "an HTML page"]);
}

fn rate_limit_of_hours_is_reported_immediately() {
    let answer = Answer::error(429, "Rate limit exceeded").header("Retry-After", "7200");
    assert_reported(answer, &["429", "Rate limit exceeded", "osiris e2b prune"]);
}

fn sandbox_limit_without_retry_is_reported_immediately() {
    let full = "you have reached the maximum number of concurrent E2B sandboxes (20)";
    let answer = Answer::error(429, full).header("Should-Retry", "false");
    assert_reported(answer, &["429", full, "wait for other sandboxes to end", "osiris e2b prune"]);
}

fn rate_limit_with_retry_after_recovers() {
    let answer = Answer::error(429, "Rate limit exceeded").header("Retry-After", "1");
    assert_recovers(Effect::Answer(answer));
}

fn rate_limit_without_retry_after_recovers() {
    assert_recovers(Effect::Answer(Answer::error(429, "Rate limit exceeded")));
}

fn sandbox_limit_recovers_when_another_run_ends() {
    let first = Fixture::with(ENDLESS, Options { concurrent: 1, ..Options::default() });
    let (mut running, _) = first.in_mid_run(&[]);
    let second = first.beside(SHORT);
    let waiting = second.run(&[]).start();
    let refused = || first.e2b.requests()[CREATE] >= 3;
    wait_for("refusals", PATIENCE, || refused().then_some(()));
    running.interrupt();
    running.wait_for_words("Stopping");
    running.finish().expect(130);
    second.assert_well(waiting.finish());
}

fn create_in_progress_recovers() {
    let body = r#"{"code": 409, "message": "wait", "error_code": "idempotency_in_progress"}"#;
    assert_recovers(Effect::Answer(Answer { body: body.to_owned(), ..Answer::error(409, "") }));
}

fn missing_capacity_recovers() {
    let body = r#"{"code": 503, "message": "x", "error_code": "sandbox_capacity_unavailable"}"#;
    assert_recovers(Effect::Answer(Answer { body: body.to_owned(), ..Answer::error(503, "") }));
}

fn page_with_502_recovers() {
    assert_recovers(Effect::Answer(html(502)));
}

fn page_with_503_recovers() {
    assert_recovers(Effect::Answer(html(503)));
}

fn page_with_504_recovers() {
    assert_recovers(Effect::Answer(html(504)));
}

fn page_instead_of_the_sandbox_recovers() {
    assert_recovers(Effect::AnswerDone(html(200)));
}

fn older_control_plane_is_supported() {
    let fixture = Fixture::with(SHORT, Options { versions: Versions::V1, ..Options::default() });
    fixture.assert_well(fixture.run(&[]).run());
}
