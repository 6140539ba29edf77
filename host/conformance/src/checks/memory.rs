//! Memory use that does not grow with the table, and limits that are kept.

use osiris_core::contract::{ErrorKind, Mode};
use osiris_core::text::format_bytes;

use super::super::cases::Case;
use super::super::check::{Check, NotPassed, Verdict, ensure, fail, skip};
use super::super::data;
use super::super::harness::Harness;
use super::super::invocation::Outcome;
use super::super::requirement::{EXTRACTS, Requirement};

/// Rows in a batch.
const BATCH: usize = 8192;
/// Batches of the small and the large table.
const SMALL: usize = 4;
const LARGE: usize = 32;
/// Bytes that the large table may take in addition to the small one.
const SLACK: u64 = 4 << 20;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "memory.input",
        title: "a table of 260,000 rows needs no more memory than a table of 30,000",
        fix: "send or write each batch before requesting the next, and keep no batches",
        needs: &[Requirement::Driver, Requirement::Input],
        run: |harness| {
            for mode in [Mode::Transform, Mode::Write] {
                if harness.without_case(mode).is_none() {
                    let case = &harness.normal(mode)?.case;
                    flat(run_batches(harness, case, SMALL)?, run_batches(harness, case, LARGE)?)?;
                }
            }
            Ok(())
        },
    },
    Check {
        id: "memory.extract",
        title: "an extractor needs no more memory for ten times as many rows",
        fix: "send each batch once it has a few hundred KiB",
        needs: EXTRACTS,
        run: |harness| {
            let case = harness.cases(Mode::Extract).into_iter().find(|case| case.large);
            let case = case.ok_or_else(|| skip("no case of this mode has `large: true`"))?;
            flat(run_extract(harness, &case, 10)?, run_extract(harness, &case, 1)?)
        },
    },
    Check {
        id: "memory.limits",
        title: "the driver stays within the limits in its spec",
        fix: "raise `limits` in the spec, or use less",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |harness| {
            for mode in [Mode::Extract, Mode::Transform, Mode::Write] {
                for case in harness.cases(mode) {
                    let outcome =
                        harness.run(&harness.create_project(&case)?, harness.trial(&case)?)?;
                    match &outcome.report.result {
                        Err(failure)
                            if failure.kind == ErrorKind::Limit
                                || failure.kind == ErrorKind::Timeout =>
                        {
                            return fail(format!("{}: {}", case.name, failure.message));
                        }
                        _ => {}
                    }
                }
            }
            Ok(())
        },
    },
];

fn flat(small: (u64, u64), large: (u64, u64)) -> Verdict {
    let ((few, before), (many, after)) = (small, large);
    ensure(after <= before + before / 2 + SLACK, || {
        format!(
            "the run used {} for {few} rows and {} for {many} rows",
            format_bytes(before),
            format_bytes(after)
        )
    })
}

/// Runs a case with this many batches. Returns the rows, and the memory used.
fn run_batches(harness: &Harness, case: &Case, batches: usize) -> Result<(u64, u64), NotPassed> {
    let project = harness.create_project(case)?;
    let mut trial = harness.trial(case)?;
    trial.keep = false;
    if let (Some(feed), Some(input)) = (trial.inputs.first_mut(), case.inputs.first()) {
        let schema = input.schema.clone();
        feed.batches = Box::new((0..batches).map(move |n| data::batch(&schema, n * BATCH, BATCH)));
    }
    measure(harness.run(&project, trial)?)
}

fn run_extract(harness: &Harness, case: &Case, shrink: u64) -> Result<(u64, u64), NotPassed> {
    let project = harness.create_shrunk_project(case, shrink)?;
    let mut trial = harness.trial(case)?;
    trial.keep = false;
    measure(harness.run(&project, trial)?)
}

fn measure(outcome: Outcome) -> Result<(u64, u64), NotPassed> {
    if let Some(failure) = outcome.failure() {
        return Err(NotPassed::Failed(failure));
    }
    let report = &outcome.report;
    Ok((report.rows_read.max(report.rows_written), report.memory))
}
