//! State between runs, and partitions of one step.

use osiris_core::contract::Mode;
use serde_json::Value;

use super::super::check::{Check, NotPassed, ensure, fail, none, skip};
use super::super::harness::{Baseline, Harness};
use super::super::invocation::Outcome;
use super::super::requirement::Requirement;
use super::super::row_diff::{Row, rows};

/// Number of shares that a step is split into.
const SHARES: u32 = 3;
/// The largest reasonable state, in bytes.
const LARGEST: usize = 64 << 10;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "state.declared",
        title: "state is saved only if the spec declares the capability",
        fix: "write `capabilities: {state: true}`",
        needs: &[Requirement::Driver, Requirement::Any],
        run: |harness| {
            let declared = harness.spec()?.capabilities.state;
            let saves = harness.normals().iter().any(|one| one.outcome.report.state.is_some());
            ensure(declared || !saves, || {
                "the driver saves state, but does not declare the capability".to_owned()
            })
        },
    },
    Check {
        id: "state.saved",
        title: "a case saves state, of at most 64 KiB",
        fix: "call `save_state` with the position up to which rows were read; add a case that saves state",
        needs: &[Requirement::Driver, Requirement::State, Requirement::Case(Mode::Extract)],
        run: |harness| {
            let (_, first, _) = resumed(harness)?;
            let size = first.report.state.as_ref().map_or(0, String::len);
            ensure(size <= LARGEST, || format!("the state has {size} bytes"))
        },
    },
    Check {
        id: "state.object",
        title: "the state is a JSON object, so that later versions can add keys",
        fix: "save `{\"cursor\": ...}` instead of the value alone",
        needs: &[Requirement::Driver, Requirement::State, Requirement::Case(Mode::Extract)],
        run: |harness| {
            let (_, first, _) = resumed(harness)?;
            let state: Option<Value> =
                first.report.state.and_then(|text| serde_json::from_str(&text).ok());
            ensure(state.is_some_and(|state| state.is_object()), || {
                "the state is not an object".to_owned()
            })
        },
    },
    Check {
        id: "state.incremental",
        title: "a run that resumes from the state reads no row again",
        fix: "read only rows after the cursor, and save the last value sent",
        needs: &[Requirement::Driver, Requirement::State, Requirement::Case(Mode::Extract)],
        run: |harness| {
            let (_, first, second) = resumed(harness)?;
            if let Some(failure) = second.failure() {
                return fail(failure);
            }
            let (all, again) = (first.rows(), second.rows());
            ensure(again == 0, || {
                format!("the first run read {all} rows, and the second run read {again} rows again")
            })
        },
    },
    Check {
        id: "state.kept",
        title: "a run without new rows keeps the state",
        fix: "save the loaded state if there are no rows",
        needs: &[Requirement::Driver, Requirement::State, Requirement::Case(Mode::Extract)],
        run: |harness| {
            let (_, first, second) = resumed(harness)?;
            // A run that saves nothing keeps the old state.
            let unchanged =
                second.report.state.is_none() || second.report.state == first.report.state;
            ensure(unchanged, || "the second run saved a different state".to_owned())
        },
    },
    Check {
        id: "partition.whole",
        title: "the shares of a step together contain each row once",
        fix: "split the rows by `partition.index` of `partition.count`, without gaps and overlaps",
        needs: &[Requirement::Driver, Requirement::Partition, Requirement::Case(Mode::Extract)],
        run: |harness| {
            let (whole, shares) = shared(harness)?;
            let mut together: Vec<Row> = shares.iter().flat_map(cells).collect();
            let mut expected = cells(&whole.outcome);
            together.sort_unstable();
            expected.sort_unstable();
            ensure(together == expected, || {
                format!(
                    "{SHARES} shares have {} rows in total, but the whole has {}",
                    together.len(),
                    expected.len()
                )
            })
        },
    },
    Check {
        id: "partition.schema",
        title: "every share has all columns, even without rows",
        fix: "take the columns from the whole table, not from the share",
        needs: &[Requirement::Driver, Requirement::Partition, Requirement::Case(Mode::Extract)],
        run: |harness| {
            let (whole, shares) = shared(harness)?;
            let schema =
                |outcome: &Outcome| outcome.table.as_ref().map(|(schema, _)| schema.clone());
            let expected = schema(&whole.outcome);
            let different =
                shares.iter().enumerate().filter(|(_, share)| schema(share) != expected);
            none(different.map(|(index, _)| format!("share {index} has other columns")))
        },
    },
];

/// Finds a case that saves state. Returns its name, its first run, and a second run that resumes.
fn resumed(harness: &Harness) -> Result<(String, Outcome, Outcome), NotPassed> {
    for case in harness.cases(Mode::Extract) {
        let project = harness.create_project(&case)?;
        let first = harness.run(&project, harness.trial(&case)?)?;
        if first.report.result.is_ok() && first.report.state.is_some() {
            let mut trial = harness.trial(&case)?;
            trial.state = first.report.state.clone();
            let second = harness.run(&project, trial)?;
            return Ok((case.name, first, second));
        }
    }
    Err(skip("no case saves state; add a case that reads incrementally"))
}

/// Runs the first case as a whole, and in shares.
fn shared(harness: &Harness) -> Result<(&Baseline, Vec<Outcome>), NotPassed> {
    let whole = harness.normal(Mode::Extract)?;
    let mut shares = Vec::new();
    for index in 0..SHARES {
        let mut trial = harness.trial(&whole.case)?;
        trial.share = Some((index, SHARES));
        let share = harness.run(&harness.create_project(&whole.case)?, trial)?;
        if let Some(failure) = share.failure() {
            return Err(NotPassed::Failed(format!("share {index} of {SHARES}: {failure}")));
        }
        shares.push(share);
    }
    Ok((whole, shares))
}

/// Returns each row as text.
fn cells(outcome: &Outcome) -> Vec<Row> {
    outcome.table.iter().flat_map(|(_, batches)| batches).flat_map(rows).collect()
}
