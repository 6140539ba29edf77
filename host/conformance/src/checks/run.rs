//! Normal runs in each mode.

use arrow::array::RecordBatch;
use osiris_core::contract::Mode;
use osiris_core::driver::spec::configured_paths;

use super::super::cases::{Case, ReadBack};
use super::super::check::{Check, NotPassed, Verdict, ensure, none, skip};
use super::super::harness::{Baseline, Harness};
use super::super::invocation::Outcome;
use super::super::requirement::{EXTRACTS, Requirement, TRANSFORMS, WRITES};
use super::super::{data, row_diff};

/// Advice for a case with an unexpected result.
const EXPECTED: &str = "run the case as a pipeline with `osiris run`; correct the driver, or the expectation of the case";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "run.extract",
        title: "every case of an extractor has the expected result",
        fix: EXPECTED,
        needs: EXTRACTS,
        run: |harness| cases(harness, Mode::Extract),
    },
    Check {
        id: "run.transform",
        title: "every case of a transform has the expected result",
        fix: EXPECTED,
        needs: TRANSFORMS,
        run: |harness| cases(harness, Mode::Transform),
    },
    Check {
        id: "run.write",
        title: "every case of a writer has the expected result",
        fix: EXPECTED,
        needs: WRITES,
        run: |harness| cases(harness, Mode::Write),
    },
    Check {
        id: "run.rows-written",
        title: "a writer reports that it wrote all rows",
        fix: "return `Summary { rows_written: Some(rows) }`, with the rows that reached their destination",
        needs: WRITES,
        run: |harness| {
            let normal = harness.normal(Mode::Write)?;
            let (reported, read) =
                (normal.outcome.report.rows_delivered, normal.outcome.report.rows_read);
            ensure(reported == Some(read), || match reported {
                None => format!("the driver read {read} rows and reported no written rows"),
                Some(reported) => {
                    format!("the driver read {read} rows and reported {reported} written rows")
                }
            })
        },
    },
    Check {
        id: "run.all-read",
        title: "a writer reads its input to the end",
        fix: "call `input.next()` until it returns `None`",
        needs: WRITES,
        run: |harness| {
            let normal = harness.normal(Mode::Write)?;
            let input_rows: usize = normal.case.inputs.iter().map(|input| input.rows).sum();
            let read = normal.outcome.report.rows_read;
            ensure(read == input_rows as u64, || {
                format!("the driver read {read} of {input_rows} rows")
            })
        },
    },
    Check {
        id: "run.arrives",
        title: "all rows that a writer wrote can be read back with their values",
        fix: "write all rows unchanged before the step succeeds; if the destination cannot store a value, set the expected rows in `read_back.rows` of the case",
        needs: WRITES,
        run: arrives,
    },
    Check {
        id: "run.files",
        title: "files are written only to paths in the configuration",
        fix: "write to `artifacts_dir()`, or name the key in `files.write`; remove temporary files",
        needs: &[Requirement::Driver, Requirement::Any],
        run: files,
    },
    Check {
        id: "run.repeatable-extract",
        title: "an extractor returns the same rows in the same order in each run",
        fix: "sort unordered rows, and use no random ids and no current time",
        needs: EXTRACTS,
        run: |harness| twice(harness, Mode::Extract),
    },
    Check {
        id: "run.repeatable-transform",
        title: "a transform returns the same rows in the same order in each run",
        fix: "do not iterate over a hash map, and use no random ids and no current time",
        needs: TRANSFORMS,
        run: |harness| twice(harness, Mode::Transform),
    },
    Check {
        id: "run.repeatable-write",
        title: "a writer writes the same bytes in each run",
        fix: "write no current time and no random numbers, and let the second run replace the first",
        needs: WRITES,
        run: |harness| twice(harness, Mode::Write),
    },
];

fn cases(harness: &Harness, mode: Mode) -> Verdict {
    let mut wrong = Vec::new();
    for case in harness.cases(mode) {
        let project = harness.create_project(&case)?;
        let outcome = harness.run(&project, harness.trial(&case)?)?;
        wrong.extend(
            unexpected(&case, &outcome).map(|difference| format!("{}: {difference}", case.name)),
        );
    }
    none(wrong)
}

/// Describes the difference between a case's result and its expectation.
fn unexpected(case: &Case, outcome: &Outcome) -> Option<String> {
    let expect = &case.expect;
    match (&outcome.report.result, &expect.error) {
        (Ok(()), Some(kind)) => {
            return Some(format!("the run succeeded instead of failing with `{kind}`"));
        }
        (Err(_), None) => return outcome.failure(),
        (Err(failure), Some(kind)) if failure.kind.as_str() != kind => {
            return Some(format!(
                "the error has the kind `{}`, not `{kind}`: {}",
                failure.kind, failure.message
            ));
        }
        (Err(_), Some(_)) => return None,
        (Ok(()), None) => {}
    }
    let rows = if case.mode == Mode::Write { outcome.report.rows_read } else { outcome.rows() };
    if let Some(expected) = expect.rows.filter(|expected| *expected != rows) {
        return Some(format!("the run has {rows} rows, not {expected}"));
    }
    let (schema, expected) =
        (outcome.table.as_ref().map(|(schema, _)| schema)?, expect.columns.as_ref()?);
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    (names != *expected)
        .then(|| format!("the columns are {}, not {}", names.join(", "), expected.join(", ")))
}

fn arrives(harness: &Harness) -> Verdict {
    let cases = harness.cases(Mode::Write).into_iter();
    let cases: Vec<(Case, ReadBack)> = cases
        .filter(Case::is_plain)
        .filter_map(|case| case.read_back.clone().map(|reader| (case, reader)))
        .collect();
    if cases.is_empty() {
        return Err(skip("no case has `read_back`"));
    }
    let mut wrong = Vec::new();
    for (case, reader) in cases {
        let project = harness.create_project(&case)?;
        let outcome = harness.run(&project, harness.trial(&case)?)?;
        // `run.write` reports the failure.
        if outcome.report.result.is_err() {
            continue;
        }
        let actual = harness.side_effects(&project, &case)?.rows.unwrap_or_default();
        let count: usize = actual.iter().map(RecordBatch::num_rows).sum();
        let read = outcome.report.rows_read;
        let difference = match (&reader.rows, &case.inputs[..]) {
            (Some(expected), _) => row_diff::diff_expected(expected, &actual),
            _ if count as u64 != read => {
                Some(format!("the driver read {read} rows, but {count} rows were read back"))
            }
            (None, [input]) => {
                row_diff::diff_written(&data::batch(&input.schema, 0, input.rows), &actual)
            }
            // It is not known where several tables were written.
            (None, _) => None,
        };
        wrong.extend(difference.map(|difference| format!("{}: {difference}", case.name)));
    }
    none(wrong)
}

fn files(harness: &Harness) -> Verdict {
    let spec = harness.spec()?;
    let mut faults = Vec::new();
    for normal in harness.normals() {
        let Baseline { case, side_effects, before, .. } = normal;
        let config = harness.config(case)?;
        let named: Vec<&str> = configured_paths(&config, &spec.files.write).collect();
        let expected = |file: &str| {
            named.iter().any(|path| {
                let path = path.trim_start_matches("./");
                file == path || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
            })
        };
        let changed =
            side_effects.files.iter().filter(|(name, hash)| before.get(*name) != Some(hash));
        faults.extend(
            changed
                .filter(|(name, _)| !expected(name))
                .map(|(name, _)| format!("the driver wrote `{name}`")),
        );
        let removed = before.keys().filter(|name| !side_effects.files.contains_key(*name));
        faults.extend(removed.map(|name| format!("the driver removed `{name}`")));
    }
    none(faults)
}

fn twice(harness: &Harness, mode: Mode) -> Verdict {
    let Baseline { case, outcome, side_effects, .. } = harness.normal(mode)?;
    let project = harness.create_project(case)?;
    let second = harness.run(&project, harness.trial(case)?)?;
    if let Some(failure) = second.failure() {
        return Err(NotPassed::Failed(format!("in the second run, {failure}")));
    }
    ensure(second.table == outcome.table, || "the second run returned other rows".to_owned())?;
    let after = harness.side_effects(&project, case)?;
    // Rows that existed before are the service's business.
    ensure(after.files == side_effects.files, || {
        format!(
            "these files differ after the second run: {}",
            after.changed(side_effects).join(", ")
        )
    })
}
