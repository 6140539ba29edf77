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
        run: |bench| {
            let normal = bench.normal(Mode::Extract)?;
            let mut trial = bench.trial(&normal.case)?;
            trial.cancel_at = Some(1);
            let outcome = bench.run(&bench.place(&normal.case)?, trial)?;
            if outcome.report.result.is_ok() && outcome.rows() == normal.outcome.rows() {
                return Err(skip(
                    "the first case has a single batch, which was sent before the cancellation",
                ));
            }
            stopped(&outcome)
        },
    },
    Check {
        id: "cancel.transform",
        title: "a cancelled transform ends within two seconds with the kind `cancelled`",
        fix: "return the error of `input.next` or `output.send` unchanged and immediately",
        needs: TRANSFORMS,
        run: |bench| stopped(&ended(bench, Mode::Transform, InputEnd::StaysOpen)?.0),
    },
    Check {
        id: "cancel.write",
        title: "a cancelled writer ends within two seconds with the kind `cancelled`",
        fix: "return the error of `input.next` unchanged after rolling back",
        needs: WRITES,
        run: |bench| stopped(&ended(bench, Mode::Write, InputEnd::StaysOpen)?.0),
    },
    Check {
        id: "cancel.nothing-left",
        title: "a cancelled writer leaves no changes",
        fix: "write to a temporary file or in a transaction, and roll back if `input.next` fails",
        needs: WRITES,
        run: |bench| unchanged(bench, InputEnd::StaysOpen),
    },
    Check {
        id: "upstream.transform",
        title: "a transform fails if its upstream step fails",
        fix: "return the error of `input.next` unchanged",
        needs: TRANSFORMS,
        run: |bench| followed(&ended(bench, Mode::Transform, InputEnd::UpstreamFailed)?.0),
    },
    Check {
        id: "upstream.write",
        title: "a writer fails if its upstream step fails",
        fix: "return the error of `input.next` unchanged: the input is incomplete",
        needs: WRITES,
        run: |bench| followed(&ended(bench, Mode::Write, InputEnd::UpstreamFailed)?.0),
    },
    Check {
        id: "upstream.nothing-left",
        title: "a writer with an incomplete input leaves no changes",
        fix: "commit, or rename the file, only after `input.next` has returned `None`",
        needs: WRITES,
        run: |bench| unchanged(bench, InputEnd::UpstreamFailed),
    },
];

/// Runs the first case of a mode with an input that does not end normally.
fn ended(
    bench: &Harness,
    mode: Mode,
    end: InputEnd,
) -> Result<(Outcome, SideEffects, SideEffects), NotPassed> {
    let case: Case = bench.normal(mode)?.case.clone();
    let place = bench.place(&case)?;
    // Run the case once first, so that there is data which could be lost.
    bench.run(&place, bench.trial(&case)?)?;
    let before = bench.left(&place, &case)?;
    let mut trial = bench.trial(&case)?;
    trial.inputs = feeds(&case, end);
    if end == InputEnd::StaysOpen {
        trial.cancel_at = Some(1);
    }
    let outcome = bench.run(&place, trial)?;
    let after = bench.left(&place, &case)?;
    Ok((outcome, before, after))
}

fn stopped(outcome: &Outcome) -> Verdict {
    let Some(took) = outcome.stopping else {
        return Err(skip("the run ended before the cancellation"));
    };
    ensure(took <= GRACE, || format!("stopping took {:.1} s", took.as_secs_f64()))?;
    failed(outcome, ErrorKind::Cancelled, "the run succeeded despite the cancellation")
}

fn followed(outcome: &Outcome) -> Verdict {
    failed(outcome, ErrorKind::Upstream, "the run succeeded with incomplete input")
}

/// Checks that the run failed with this kind of error.
fn failed(outcome: &Outcome, kind: ErrorKind, well: &str) -> Verdict {
    match &outcome.report.result {
        Err(failure) if failure.kind == kind => Ok(()),
        _ => fail(outcome.failure().unwrap_or_else(|| well.to_owned())),
    }
}

fn unchanged(bench: &Harness, end: InputEnd) -> Verdict {
    let (_, before, after) = ended(bench, Mode::Write, end)?;
    let names = after.changed(&before);
    ensure(names.is_empty(), || format!("these files changed: {}", names.join(", ")))?;
    ensure(before.rows == after.rows, || "the rows in the destination changed".to_owned())
}
