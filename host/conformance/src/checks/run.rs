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
        run: |bench| cases(bench, Mode::Extract),
    },
    Check {
        id: "run.transform",
        title: "every case of a transform has the expected result",
        fix: EXPECTED,
        needs: TRANSFORMS,
        run: |bench| cases(bench, Mode::Transform),
    },
    Check {
        id: "run.write",
        title: "every case of a writer has the expected result",
        fix: EXPECTED,
        needs: WRITES,
        run: |bench| cases(bench, Mode::Write),
    },
    Check {
        id: "run.rows-written",
        title: "a writer reports that it wrote all rows",
        fix: "return `Summary { rows_written: Some(rows) }`, with the rows that reached their destination",
        needs: WRITES,
        run: |bench| {
            let normal = bench.normal(Mode::Write)?;
            let (told, read) =
                (normal.outcome.report.rows_delivered, normal.outcome.report.rows_read);
            ensure(told == Some(read), || match told {
                None => format!("the driver read {read} rows and reported no written rows"),
                Some(told) => {
                    format!("the driver read {read} rows and reported {told} written rows")
                }
            })
        },
    },
    Check {
        id: "run.all-read",
        title: "a writer reads its input to the end",
        fix: "call `input.next()` until it returns `None`",
        needs: WRITES,
        run: |bench| {
            let normal = bench.normal(Mode::Write)?;
            let given: usize = normal.case.inputs.iter().map(|given| given.rows).sum();
            let read = normal.outcome.report.rows_read;
            ensure(read == given as u64, || format!("the driver read {read} of {given} rows"))
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
        run: |bench| twice(bench, Mode::Extract),
    },
    Check {
        id: "run.repeatable-transform",
        title: "a transform returns the same rows in the same order in each run",
        fix: "do not iterate over a hash map, and use no random ids and no current time",
        needs: TRANSFORMS,
        run: |bench| twice(bench, Mode::Transform),
    },
    Check {
        id: "run.repeatable-write",
        title: "a writer writes the same bytes in each run",
        fix: "write no current time and no random numbers, and let the second run replace the first",
        needs: WRITES,
        run: |bench| twice(bench, Mode::Write),
    },
];

fn cases(bench: &Harness, mode: Mode) -> Verdict {
    let mut wrong = Vec::new();
    for case in bench.cases(mode) {
        let place = bench.place(&case)?;
        let outcome = bench.run(&place, bench.trial(&case)?)?;
        wrong.extend(unexpected(&case, &outcome).map(|seen| format!("{}: {seen}", case.name)));
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
    if let Some(wanted) = expect.rows.filter(|wanted| *wanted != rows) {
        return Some(format!("the run has {rows} rows, not {wanted}"));
    }
    let (schema, wanted) =
        (outcome.table.as_ref().map(|(schema, _)| schema)?, expect.columns.as_ref()?);
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    (names != *wanted)
        .then(|| format!("the columns are {}, not {}", names.join(", "), wanted.join(", ")))
}

fn arrives(bench: &Harness) -> Verdict {
    let cases = bench.cases(Mode::Write).into_iter();
    let cases: Vec<(Case, ReadBack)> = cases
        .filter(Case::is_plain)
        .filter_map(|case| case.read_back.clone().map(|reader| (case, reader)))
        .collect();
    if cases.is_empty() {
        return Err(skip("no case has `read_back`"));
    }
    let mut wrong = Vec::new();
    for (case, reader) in cases {
        let place = bench.place(&case)?;
        let outcome = bench.run(&place, bench.trial(&case)?)?;
        // `run.write` reports the failure.
        if outcome.report.result.is_err() {
            continue;
        }
        let found = bench.left(&place, &case)?.rows.unwrap_or_default();
        let count: usize = found.iter().map(RecordBatch::num_rows).sum();
        let read = outcome.report.rows_read;
        let seen = match (&reader.rows, &case.inputs[..]) {
            (Some(said), _) => row_diff::unlike(said, &found),
            _ if count as u64 != read => {
                Some(format!("the driver read {read} rows, but {count} rows were read back"))
            }
            (None, [given]) => {
                row_diff::changed(&data::batch(&given.schema, 0, given.rows), &found)
            }
            // It is not known where several tables were written.
            (None, _) => None,
        };
        wrong.extend(seen.map(|seen| format!("{}: {seen}", case.name)));
    }
    none(wrong)
}

fn files(bench: &Harness) -> Verdict {
    let spec = bench.spec()?;
    let mut odd = Vec::new();
    for normal in bench.normals() {
        let Baseline { case, left, before, .. } = normal;
        let config = bench.config(case)?;
        let named: Vec<&str> = configured_paths(&config, &spec.files.write).collect();
        let expected = |file: &str| {
            named.iter().any(|path| {
                let path = path.trim_start_matches("./");
                file == path || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
            })
        };
        let changed = left.files.iter().filter(|(name, hash)| before.get(*name) != Some(hash));
        odd.extend(
            changed
                .filter(|(name, _)| !expected(name))
                .map(|(name, _)| format!("the driver wrote `{name}`")),
        );
        let gone = before.keys().filter(|name| !left.files.contains_key(*name));
        odd.extend(gone.map(|name| format!("the driver removed `{name}`")));
    }
    none(odd)
}

fn twice(bench: &Harness, mode: Mode) -> Verdict {
    let Baseline { case, outcome, left, .. } = bench.normal(mode)?;
    let place = bench.place(case)?;
    let again = bench.run(&place, bench.trial(case)?)?;
    if let Some(failure) = again.failure() {
        return Err(NotPassed::Failed(format!("in the second run, {failure}")));
    }
    ensure(again.table == outcome.table, || "the second run returned other rows".to_owned())?;
    let now = bench.left(&place, case)?;
    // Rows that existed before are the service's business.
    ensure(now.files == left.files, || {
        format!("these files differ after the second run: {}", now.changed(left).join(", "))
    })
}
