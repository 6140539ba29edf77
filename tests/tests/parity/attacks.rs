//! Drivers with excessive or malicious output: the same part of it arrives in a sandbox.

use osiris_tests::TestProject;

use crate::both::both;
use crate::failures::into_sink;

/// Checks that a hostile driver has the same results on this machine and in a sandbox.
#[track_caller]
fn same(attacks: &[(&str, i32)]) {
    for (attack, code) in attacks {
        let both = both(*code, |project: &TestProject| {
            let config = format!("{{attack: {attack}, path: data}}");
            project.write("pipeline.yaml", into_sink("test.hostile", &config));
        });
        for text in [&both.finished.stdout, &both.finished.stderr, &both.session.log] {
            assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{attack}: {text}");
        }
    }
}

#[test]
fn log_floods_are_cut_equally() {
    same(&[("flood-log", 0), ("flood-one-long-line", 0)]);
}

#[test]
fn output_floods_are_cut_equally() {
    same(&[("flood-stdout", 0)]);
}

#[test]
fn event_and_metric_floods_are_limited_equally() {
    same(&[("flood-events", 0), ("flood-tags", 0)]);
}

#[test]
fn odd_names_and_messages_are_equal() {
    same(&[("event-forged", 0), ("event-names", 0), ("metric-names", 0), ("log-escapes", 0)]);
}

#[test]
fn odd_errors_are_equal() {
    same(&[
        ("error-escapes", 1),
        ("error-empty", 1),
        ("error-flood", 1),
        ("error-unknown-kind", 1),
        ("error-host-kind", 1),
        ("error-upstream", 1),
        ("error-cancelled", 1),
        ("error-retryable", 1),
    ]);
}

#[test]
fn denied_actions_are_denied_in_both_places() {
    same(&[
        ("dial", 1),
        ("read-outside", 1),
        ("write-without-grant", 1),
        ("write-outside-artifacts", 1),
        ("send-before-open", 1),
        ("utf8-invalid", 1),
    ]);
}
