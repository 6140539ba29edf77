//! Tables of every shape for drivers that take rows: each table is accepted, or rejected with a
//! clear error.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use osiris_core::contract::{ErrorKind, Mode};

use super::super::cases::Case;
use super::super::check::{Check, NotPassed, Verdict, ensure, fail};
use super::super::data;
use super::super::harness::Harness;
use super::super::invocation::{InputEnd, InputStream, Outcome};
use super::super::requirement::Requirement;

/// Kinds of errors with which a driver may reject a table.
pub(in super::super) const REFUSALS: [ErrorKind; 3] =
    [ErrorKind::Config, ErrorKind::Data, ErrorKind::Unsupported];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "input.no-batches",
        title: "a table without batches is accepted",
        fix: "open the output or create the file before the first batch",
        needs: &[Requirement::Driver, Requirement::Input],
        run: |harness| every(harness, |case| (case.inputs[0].schema.clone(), Vec::new())),
    },
    Check {
        id: "input.empty-batch",
        title: "a batch without rows is accepted",
        fix: "check that a batch has rows before reading its first row",
        needs: &[Requirement::Driver, Requirement::Input],
        run: |harness| {
            every(harness, |case| {
                let schema = case.inputs[0].schema.clone();
                (schema.clone(), vec![RecordBatch::new_empty(schema)])
            })
        },
    },
    Check {
        id: "input.many-batches",
        title: "the result does not depend on how rows are split into batches",
        fix: "do the work for the table, such as a header, once, and the rest for every batch",
        needs: &[Requirement::Driver, Requirement::Input],
        run: many_batches,
    },
    Check {
        id: "input.nulls",
        title: "columns with only null values are accepted",
        fix: "check the validity before reading the value",
        needs: &[Requirement::Driver, Requirement::Input],
        run: |harness| {
            every(harness, |case| {
                let schema = case.inputs[0].schema.clone();
                let full = data::batch(&schema, 0, 10);
                let columns = schema.fields().iter().zip(full.columns()).map(|(field, column)| {
                    if field.is_nullable() {
                        new_null_array(field.data_type(), 10)
                    } else {
                        column.clone()
                    }
                });
                let batch = RecordBatch::try_new(schema.clone(), columns.collect());
                (schema, batch.into_iter().collect())
            })
        },
    },
    Check {
        id: "input.unicode",
        title: "text in any script, with quotes, line breaks and control characters, is accepted or rejected",
        fix: "quote or escape special characters; reject values that cannot be stored with the kind `data`",
        needs: &[Requirement::Driver, Requirement::Input],
        run: |harness| {
            let texts = [
                "",
                " ",
                "Žluťoučký kůň",
                "日本語",
                "👩‍👩‍👧‍👦",
                "שלום",
                "a\"b'c`d",
                "a,b;c\td",
                "line\nbreak\r\n",
                "\\",
                "\u{0}",
                "\u{feff}",
                "\u{202e}",
                "NULL",
                "-",
                "=1+1",
                "%s ${x} {{y}}",
            ];
            refusable(harness, "text", Arc::new(StringArray::from(texts.to_vec())))
        },
    },
    Check {
        id: "input.odd-names",
        title: "columns with any name are accepted or rejected",
        fix: "quote names; reject names that cannot be quoted with the kind `data` or `config`",
        needs: &[Requirement::Driver, Requirement::Input],
        run: |harness| {
            let names =
                ["", " ", "a b", "ž", "日本語", "a\"b", "a'b", "a;b", "a\nb", "select", "1", "👍"];
            for name in names {
                refusable(harness, name, Arc::new(Int64Array::from(vec![1, 2, 3])))?;
            }
            Ok(())
        },
    },
    Check {
        id: "input.wide",
        title: "a table with a thousand columns is accepted or rejected",
        fix: "avoid work for each pair of columns",
        needs: &[Requirement::Driver, Requirement::Input],
        run: |harness| {
            on_each(harness, |case| {
                let more =
                    (0..1000).map(|n| Field::new(format!("column_{n}"), DataType::Int64, true));
                let own = case.inputs[0].schema.fields().iter().map(|field| field.as_ref().clone());
                let schema: SchemaRef = Arc::new(Schema::new(own.chain(more).collect::<Vec<_>>()));
                let outcome =
                    run_with_input(harness, case, &schema, vec![data::batch(&schema, 0, 3)])?;
                check_refusal(&outcome, "with 1000 more columns", None)
            })
        },
    },
    Check {
        id: "input.long-value",
        title: "a value of 1 MiB is accepted or rejected",
        fix: "do not assume that values are short; reject values that do not fit with the kind `data`",
        needs: &[Requirement::Driver, Requirement::Input],
        run: |harness| {
            let long = "x".repeat(1 << 20);
            refusable(harness, "long", Arc::new(StringArray::from(vec![long.as_str(), "short"])))
        },
    },
];

/// Runs a check with the case of every mode that takes rows.
pub(in super::super) fn on_each(harness: &Harness, check: impl Fn(&Case) -> Verdict) -> Verdict {
    for mode in [Mode::Transform, Mode::Write] {
        if harness.without_case(mode).is_none() {
            check(&harness.normal(mode)?.case)?;
        }
    }
    Ok(())
}

/// Runs a case with its first table replaced.
pub(in super::super) fn run_with_input(
    harness: &Harness,
    case: &Case,
    schema: &SchemaRef,
    batches: Vec<RecordBatch>,
) -> Result<Outcome, NotPassed> {
    let mut trial = harness.trial(case)?;
    if let Some(first) = trial.inputs.first_mut() {
        *first = InputStream {
            name: first.name.clone(),
            schema: schema.clone(),
            batches: Box::new(batches.into_iter()),
            end: InputEnd::Complete,
        };
    }
    harness.run(&harness.create_project(case)?, trial)
}

/// Checks that a table is accepted.
fn every(harness: &Harness, table: impl Fn(&Case) -> (SchemaRef, Vec<RecordBatch>)) -> Verdict {
    on_each(harness, |case| {
        let (schema, batches) = table(case);
        let outcome = run_with_input(harness, case, &schema, batches)?;
        outcome.failure().map_or(Ok(()), fail)
    })
}

/// Checks that a table with one more column is accepted or properly rejected.
pub(in super::super) fn refusable(harness: &Harness, name: &str, values: ArrayRef) -> Verdict {
    on_each(harness, |case| {
        let schema = data::with(&case.inputs[0].schema, name, values.data_type().clone());
        let own = data::batch(&case.inputs[0].schema, 0, values.len());
        let columns = own.columns().iter().cloned().chain([values.clone()]).collect();
        let batch = RecordBatch::try_new(schema.clone(), columns);
        let outcome = run_with_input(harness, case, &schema, batch.into_iter().collect())?;
        let description = format!("with a column {name:?} of type {}", values.data_type());
        check_refusal(&outcome, &description, Some(name))?;
        let rows = outcome.report.rows_read;
        let all = outcome.report.result.is_err() || rows == values.len() as u64;
        ensure(all, || {
            format!("{description}, the run succeeded but read {rows} of {} rows", values.len())
        })
    })
}

/// Checks that the run succeeded, or failed with an error of the right kind that names the column.
fn check_refusal(outcome: &Outcome, description: &str, column: Option<&str>) -> Verdict {
    let Err(failure) = &outcome.report.result else { return Ok(()) };
    ensure(REFUSALS.contains(&failure.kind), || {
        format!("{description}, the run failed ({}): {}", failure.kind, failure.message)
    })?;
    // An odd name can be quoted in many ways, and a short one can occur anywhere by chance.
    let plain =
        |name: &&str| name.len() > 3 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let named = column.filter(plain).is_none_or(|name| failure.message.contains(name));
    ensure(named, || {
        format!("{description}, the error does not name the column: {}", failure.message)
    })
}

fn many_batches(harness: &Harness) -> Verdict {
    on_each(harness, |case| {
        let normal = harness.normal(case.mode)?;
        let project = harness.create_project(case)?;
        let mut trial = harness.trial(case)?;
        for (feed, input) in trial.inputs.iter_mut().zip(&case.inputs) {
            feed.batches = Box::new(input.one_by_one());
        }
        let outcome = harness.run(&project, trial)?;
        if let Some(failure) = outcome.failure() {
            return fail(format!("with batches of one row, {failure}"));
        }
        let (rows, before) = (outcome.rows(), normal.outcome.rows());
        ensure(rows == before, || {
            format!("with batches of one row, the output has {rows} rows instead of {before}")
        })?;
        let side_effects = harness.side_effects(&project, case)?;
        ensure(side_effects.files == normal.side_effects.files, || {
            "with batches of one row, the files differ from those of a single batch".to_owned()
        })
    })
}
