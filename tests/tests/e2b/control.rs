//! Errors of the control plane when a sandbox is created.

use std::time::Duration;

use e2b_local::{Answer, Effect, Fault, Options, Versions};
use osiris_tests::wait::wait_for;

use crate::fixture::{ENDLESS, Fixture, PATIENCE, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    a_wrong_key_is_told,
    a_key_without_the_right_is_told,
    a_template_that_is_not_there_is_told,
    a_conflict_is_told,
    a_failure_of_the_server_is_told,
    a_failure_of_the_server_as_a_page_is_told,
    a_rate_limit_for_hours_is_told_at_once,
    a_full_plan_that_a_retry_does_not_help_is_told_at_once,
    a_rate_limit_with_its_end_recovers,
    a_rate_limit_without_its_end_recovers,
    a_full_plan_recovers_when_another_run_ends,
    a_create_that_is_in_progress_recovers,
    no_capacity_recovers,
    a_page_with_502_recovers,
    a_page_with_503_recovers,
    a_page_with_504_recovers,
    a_page_instead_of_the_sandbox_recovers,
    an_older_control_plane_will_do,
];

const CREATE: &str = "POST /v2/sandboxes";
const HTML: &str = "<html><head><title>Bad Gateway</title></head></html>";

fn html(status: u16) -> Answer {
    let headers = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    Answer { status, headers, body: HTML.to_owned() }
}

/// Checks that a run recovers if creating its sandbox has this effect once.
#[track_caller]
fn recovers(effect: Effect) {
    let fixture = Fixture::new(SHORT);
    let attempts = if matches!(effect, Effect::Answer(_)) { 2 } else { 1 };
    fixture.e2b.fault(Fault::on(CREATE, effect));
    let finished = fixture.assert_well(fixture.run(&[]).run());
    assert_eq!(fixture.e2b.requests()[CREATE], attempts);
    assert!(!finished.stderr.contains("error"), "{}", finished.stderr);
}

/// Checks that the user gets an error if creating a sandbox always returns this answer.
#[track_caller]
fn is_told(answer: Answer, words: &[&str]) {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on(CREATE, Effect::Answer(answer)).always());
    let finished = fixture.run(&[]).run();
    assert!(finished.took < Duration::from_secs(20), "it took {:?}", finished.took);
    fixture.assert_failed(finished, 3, "sandbox", words);
    assert_eq!(fixture.e2b.requests()[CREATE], 1);
}

fn a_wrong_key_is_told() {
    let fixture = Fixture::new(SHORT);
    let key = format!("e2b_{}", "0".repeat(40));
    let finished = fixture.run(&[]).env("E2B_API_KEY", &key).run();
    assert!(!finished.stderr.contains(&key), "{}", finished.stderr);
    fixture.assert_failed(finished, 3, "sandbox", &["401", "Invalid API key", "E2B_API_KEY"]);
}

fn a_key_without_the_right_is_told() {
    let answer = Answer::error(403, "Team is blocked: payment failed");
    is_told(answer, &["create a sandbox", "403", "Team is blocked: payment failed"]);
}

fn a_template_that_is_not_there_is_told() {
    let fixture = Fixture::new(SHORT);
    let finished =
        fixture.osiris(&["run", "pipeline.yaml", "--e2b", "--e2b-template", "nope"]).run();
    let words = ["404", "template 'nope' not found", "--e2b-template", "osiris e2b template"];
    fixture.assert_failed(finished, 3, "sandbox", &words);
}

fn a_conflict_is_told() {
    is_told(Answer::error(409, "the node is being drained"), &["409", "the node is being drained"]);
}

fn a_failure_of_the_server_is_told() {
    is_told(Answer::error(500, "we are sorry"), &["create a sandbox", "500", "we are sorry"]);
}

fn a_failure_of_the_server_as_a_page_is_told() {
    is_told(html(500), &["create a sandbox", "500", "an HTML page"]);
}

fn a_rate_limit_for_hours_is_told_at_once() {
    let answer = Answer::error(429, "Rate limit exceeded").header("Retry-After", "7200");
    is_told(answer, &["429", "Rate limit exceeded", "osiris e2b sweep"]);
}

fn a_full_plan_that_a_retry_does_not_help_is_told_at_once() {
    let full = "you have reached the maximum number of concurrent E2B sandboxes (20)";
    let answer = Answer::error(429, full).header("Should-Retry", "false");
    is_told(answer, &["429", full, "wait for other sandboxes to end", "osiris e2b sweep"]);
}

fn a_rate_limit_with_its_end_recovers() {
    let answer = Answer::error(429, "Rate limit exceeded").header("Retry-After", "1");
    recovers(Effect::Answer(answer));
}

fn a_rate_limit_without_its_end_recovers() {
    recovers(Effect::Answer(Answer::error(429, "Rate limit exceeded")));
}

fn a_full_plan_recovers_when_another_run_ends() {
    let first = Fixture::with(ENDLESS, Options { concurrent: 1, ..Options::default() });
    let (mut running, _) = first.in_mid_run(&[]);
    let second = first.beside(SHORT);
    let waiting = second.run(&[]).start();
    let refused = || first.e2b.requests()[CREATE] >= 3;
    wait_for("refusals", PATIENCE, || refused().then_some(()));
    running.interrupt();
    running.wait_for_words("Stopping");
    running.finish().expect(1);
    second.assert_well(waiting.finish());
}

fn a_create_that_is_in_progress_recovers() {
    let body = r#"{"code": 409, "message": "wait", "error_code": "idempotency_in_progress"}"#;
    recovers(Effect::Answer(Answer { body: body.to_owned(), ..Answer::error(409, "") }));
}

fn no_capacity_recovers() {
    let body = r#"{"code": 503, "message": "x", "error_code": "sandbox_capacity_unavailable"}"#;
    recovers(Effect::Answer(Answer { body: body.to_owned(), ..Answer::error(503, "") }));
}

fn a_page_with_502_recovers() {
    recovers(Effect::Answer(html(502)));
}

fn a_page_with_503_recovers() {
    recovers(Effect::Answer(html(503)));
}

fn a_page_with_504_recovers() {
    recovers(Effect::Answer(html(504)));
}

fn a_page_instead_of_the_sandbox_recovers() {
    recovers(Effect::AnswerDone(html(200)));
}

fn an_older_control_plane_will_do() {
    let fixture = Fixture::with(SHORT, Options { versions: Versions::V1, ..Options::default() });
    fixture.assert_well(fixture.run(&[]).run());
}
