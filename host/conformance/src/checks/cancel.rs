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
        title: "an extractor that is cancelled in the middle ends within two seconds, as cancelled",
        fix: "return the error of `output.send` or `check_cancelled` as it is, at once",
        needs: EXTRACTS,
        run: |bench| {
            let normal = bench.normal(Mode::Extract)?;
            let mut trial = bench.trial(&normal.case)?;
            trial.cancel_at = Some(1);
            let outcome = bench.run(&bench.place(&normal.case)?, trial)?;
            if outcome.report.result.is_ok() && outcome.rows() == normal.outcome.rows() {
                return Err(skip("its first case is one batch, which was sent by then"));
            }
            stopped(&outcome)
        },
    },
    Check {
        id: "cancel.transform",
        title: "a transform that is cancelled in the middle ends within two seconds, as cancelled",
        fix: "return the error of `input.next` or `output.send` as it is, at once",
        needs: TRANSFORMS,
        run: |bench| stopped(&ended(bench, Mode::Transform, InputEnd::StaysOpen)?.0),
    },
    Check {
        id: "cancel.write",
        title: "a writer that is cancelled in the middle ends within two seconds, as cancelled",
        fix: "return the error of `input.next` as it is once everything is undone",
        needs: WRITES,
        run: |bench| stopped(&ended(bench, Mode::Write, InputEnd::StaysOpen)?.0),
    },
    Check {
        id: "cancel.nothing-left",
        title: "a writer that is cancelled leaves everything as it was",
        fix: "write to a temporary file or in a transaction, and remove it if `input.next` fails",
        needs: WRITES,
        run: |bench| unchanged(bench, InputEnd::StaysOpen),
    },
    Check {
        id: "upstream.transform",
        title: "a transform fails if the step before it does",
        fix: "return the error of `input.next` as it is",
        needs: TRANSFORMS,
        run: |bench| followed(&ended(bench, Mode::Transform, InputEnd::UpstreamFailed)?.0),
    },
    Check {
        id: "upstream.write",
        title: "a writer fails if the step before it does",
        fix: "return the error of `input.next` as it is: the input did not end, it broke off",
        needs: WRITES,
        run: |bench| followed(&ended(bench, Mode::Write, InputEnd::UpstreamFailed)?.0),
    },
    Check {
        id: "upstream.nothing-left",
        title: "a writer whose input breaks off leaves everything as it was",
        fix: "commit, or rename the file, only after `input.next` has returned none",
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
        return Err(skip("it was done before anything came of it"));
    };
    ensure(took <= GRACE, || format!("it took {:.1} s", took.as_secs_f64()))?;
    failed(outcome, ErrorKind::Cancelled, "it ended well, in the middle")
}

fn followed(outcome: &Outcome) -> Verdict {
    failed(outcome, ErrorKind::Upstream, "it ended well, with half of its input")
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
    ensure(names.is_empty(), || {
        format!("these files are other than before: {}", names.join(", "))
    })?;
    ensure(before.rows == after.rows, || "other rows are there than before".to_owned())
}
