//! Early ends: a cancel, and an upstream step that fails.

use std::time::Duration;

use osiris_core::contract::{ErrorKind, Mode};

use super::super::cases::Case;
use super::super::check::{Check, NotPassed, Verdict, ensure, fail, skip};
use super::super::fixtures::feeds;
use super::super::harness::{Harness, SideEffects};
use super::super::invocation::{InputEnd, Outcome};
use super::super::requirement::{EXTRACTS, TRANSFORMS, WRITES};

/// Time for a driver to undo its work after a cancel.
const GRACE: Duration = Duration::from_secs(2);

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "cancel.extract",
        title: "a cancelled extractor ends within two seconds with the kind `cancelled`",
        fix: "return the error of `output.send` or `check_cancelled` unchanged and immediately",
        needs: EXTRACTS,
        run: |harness| {
            let normal = harness.normal(Mode::Extract)?;
            let mut trial = harness.trial(&normal.case)?;
            trial.cancel_at = Some(1);
            let outcome = harness.run(&harness.create_project(&normal.case)?, trial)?;
            if outcome.report.result.is_ok() && outcome.rows() == normal.outcome.rows() {
                return Err(skip(
                    "the first case has a single batch, which was sent before the cancellation",
                ));
            }
            cancelled_in_time(&outcome)
        },
    },
    Check {
        id: "cancel.transform",
        title: "a cancelled transform ends within two seconds with the kind `cancelled`",
        fix: "return the error of `input.next` or `output.send` unchanged and immediately",
        needs: TRANSFORMS,
        run: |harness| {
            cancelled_in_time(&run_with_end(harness, Mode::Transform, InputEnd::StaysOpen)?.0)
        },
    },
    Check {
        id: "cancel.write",
        title: "a cancelled writer ends within two seconds with the kind `cancelled`",
        fix: "return the error of `input.next` unchanged after rolling back",
        needs: WRITES,
        run: |harness| {
            cancelled_in_time(&run_with_end(harness, Mode::Write, InputEnd::StaysOpen)?.0)
        },
    },
    Check {
        id: "cancel.nothing-left",
        title: "a cancelled writer leaves no changes",
        fix: "write to a temporary file or in a transaction, and roll back if `input.next` fails",
        needs: WRITES,
        run: |harness| unchanged(harness, InputEnd::StaysOpen),
    },
    Check {
        id: "upstream.transform",
        title: "a transform fails if its upstream step fails",
        fix: "return the error of `input.next` unchanged",
        needs: TRANSFORMS,
        run: |harness| {
            upstream_failed(&run_with_end(harness, Mode::Transform, InputEnd::UpstreamFailed)?.0)
        },
    },
    Check {
        id: "upstream.write",
        title: "a writer fails if its upstream step fails",
        fix: "return the error of `input.next` unchanged: the input is incomplete",
        needs: WRITES,
        run: |harness| {
            upstream_failed(&run_with_end(harness, Mode::Write, InputEnd::UpstreamFailed)?.0)
        },
    },
    Check {
        id: "upstream.nothing-left",
        title: "a writer with an incomplete input leaves no changes",
        fix: "commit, or rename the file, only after `input.next` has returned `None`",
        needs: WRITES,
        run: |harness| unchanged(harness, InputEnd::UpstreamFailed),
    },
];

/// Runs the first case of a mode with an input that does not end normally.
fn run_with_end(
    harness: &Harness,
    mode: Mode,
    end: InputEnd,
) -> Result<(Outcome, SideEffects, SideEffects), NotPassed> {
    let case: Case = harness.normal(mode)?.case.clone();
    let project = harness.create_project(&case)?;
    // Run the case once first, so that there is data which could be lost.
    harness.run(&project, harness.trial(&case)?)?;
    let before = harness.side_effects(&project, &case)?;
    let mut trial = harness.trial(&case)?;
    trial.inputs = feeds(&case, end);
    if end == InputEnd::StaysOpen {
        trial.cancel_at = Some(1);
    }
    let outcome = harness.run(&project, trial)?;
    let after = harness.side_effects(&project, &case)?;
    Ok((outcome, before, after))
}

fn cancelled_in_time(outcome: &Outcome) -> Verdict {
    let Some(took) = outcome.stopping else {
        return Err(skip("the run ended before the cancellation"));
    };
    ensure(took <= GRACE, || format!("stopping took {:.1} s", took.as_secs_f64()))?;
    failed(outcome, ErrorKind::Cancelled, "the run succeeded despite the cancellation")
}

fn upstream_failed(outcome: &Outcome) -> Verdict {
    failed(outcome, ErrorKind::Upstream, "the run succeeded with incomplete input")
}

/// Checks that the run failed with this kind of error.
fn failed(outcome: &Outcome, kind: ErrorKind, success_message: &str) -> Verdict {
    match &outcome.report.result {
        Err(failure) if failure.kind == kind => Ok(()),
        _ => fail(outcome.failure().unwrap_or_else(|| success_message.to_owned())),
    }
}

fn unchanged(harness: &Harness, end: InputEnd) -> Verdict {
    let (_, before, after) = run_with_end(harness, Mode::Write, end)?;
    let names = after.changed(&before);
    ensure(names.is_empty(), || format!("these files changed: {}", names.join(", ")))?;
    ensure(before.rows == after.rows, || "the rows in the destination changed".to_owned())
}
