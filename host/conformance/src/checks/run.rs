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
const EXPECTED: &str =
    "run the case as a pipeline with `osiris run`; correct the driver, or what the case expects";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "run.extract",
        title: "every case of an extractor ends as it should",
        fix: EXPECTED,
        needs: EXTRACTS,
        run: |bench| cases(bench, Mode::Extract),
    },
    Check {
        id: "run.transform",
        title: "every case of a transform ends as it should",
        fix: EXPECTED,
        needs: TRANSFORMS,
        run: |bench| cases(bench, Mode::Transform),
    },
    Check {
        id: "run.write",
        title: "every case of a writer ends as it should",
        fix: EXPECTED,
        needs: WRITES,
        run: |bench| cases(bench, Mode::Write),
    },
    Check {
        id: "run.rows-written",
        title: "a writer says how many rows it wrote, and that is all of them",
        fix: "return `Summary { rows_written: Some(rows) }`, with the rows that reached their destination",
        needs: WRITES,
        run: |bench| {
            let normal = bench.normal(Mode::Write)?;
            let (told, read) =
                (normal.outcome.report.rows_delivered, normal.outcome.report.rows_read);
            ensure(told == Some(read), || match told {
                None => format!("it read {read} rows and says nothing of rows written"),
                Some(told) => format!("it read {read} rows and says that it wrote {told}"),
            })
        },
    },
    Check {
        id: "run.all-read",
        title: "a writer reads its input to the end",
        fix: "call `input.next()` until it returns none",
        needs: WRITES,
        run: |bench| {
            let normal = bench.normal(Mode::Write)?;
            let given: usize = normal.case.inputs.iter().map(|given| given.rows).sum();
            let read = normal.outcome.report.rows_read;
            ensure(read == given as u64, || format!("it read {read} of {given} rows"))
        },
    },
    Check {
        id: "run.arrives",
        title: "what a writer wrote can be read back, every row of it with its values",
        fix: "write all rows as they came before the step ends well; if the destination cannot keep a value, say in the case's `read_back.rows` what comes",
        needs: WRITES,
        run: arrives,
    },
    Check {
        id: "run.files",
        title: "it leaves files only where its configuration names one to write",
        fix: "write to `artifacts_dir()`, or name the key in `files.write`; remove temporary files",
        needs: &[Requirement::Driver, Requirement::Any],
        run: files,
    },
    Check {
        id: "run.repeatable-extract",
        title: "an extractor that is run twice gives the same rows in the same order",
        fix: "sort what comes without an order; make no random ids; take no time into the data",
        needs: EXTRACTS,
        run: |bench| twice(bench, Mode::Extract),
    },
    Check {
        id: "run.repeatable-transform",
        title: "a transform that is run twice gives the same rows in the same order",
        fix: "do not iterate over a hash map; make no random ids; take no time into the data",
        needs: TRANSFORMS,
        run: |bench| twice(bench, Mode::Transform),
    },
    Check {
        id: "run.repeatable-write",
        title: "a writer that is run twice leaves the same bytes",
        fix: "take no time and no random numbers into the file; let the second run replace the first",
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
        (Ok(()), Some(kind)) => return Some(format!("it ended well, not with `{kind}`")),
        (Err(_), None) => return outcome.failure(),
        (Err(failure), Some(kind)) if failure.kind.as_str() != kind => {
            return Some(format!(
                "its error is `{}`, not `{kind}`: {}",
                failure.kind, failure.message
            ));
        }
        (Err(_), Some(_)) => return None,
        (Ok(()), None) => {}
    }
    let rows = if case.mode == Mode::Write { outcome.report.rows_read } else { outcome.rows() };
    if let Some(wanted) = expect.rows.filter(|wanted| *wanted != rows) {
        return Some(format!("{rows} rows, not {wanted}"));
    }
    let (schema, wanted) =
        (outcome.table.as_ref().map(|(schema, _)| schema)?, expect.columns.as_ref()?);
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    (names != *wanted)
        .then(|| format!("the columns {}, not {}", names.join(", "), wanted.join(", ")))
}

fn arrives(bench: &Harness) -> Verdict {
    let cases = bench.cases(Mode::Write).into_iter();
    let cases: Vec<(Case, ReadBack)> = cases
        .filter(Case::is_plain)
        .filter_map(|case| case.read_back.clone().map(|reader| (case, reader)))
        .collect();
    if cases.is_empty() {
        return Err(skip("its cases have no `read_back`"));
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
            _ if count as u64 != read => Some(format!("it read {read} rows; {count} are there")),
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
                .map(|(name, _)| format!("it left `{name}`")),
        );
        let gone = before.keys().filter(|name| !left.files.contains_key(*name));
        odd.extend(gone.map(|name| format!("it removed `{name}`")));
    }
    none(odd)
}

fn twice(bench: &Harness, mode: Mode) -> Verdict {
    let Baseline { case, outcome, left, .. } = bench.normal(mode)?;
    let place = bench.place(case)?;
    let again = bench.run(&place, bench.trial(case)?)?;
    if let Some(failure) = again.failure() {
        return Err(NotPassed::Failed(format!("the second time {failure}")));
    }
    ensure(again.table == outcome.table, || "other rows came the second time".to_owned())?;
    let now = bench.left(&place, case)?;
    // Rows that existed before are the service's business.
    ensure(now.files == left.files, || {
        format!("the second time these files differ: {}", now.changed(left).join(", "))
    })
}
