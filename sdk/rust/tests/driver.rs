//! Guarantees of the SDK to a driver, and the results that a driver's test can inspect.

use std::cell::Cell;
use std::fs;
use std::time::Duration;

use osiris_sdk::testing::{Table, discover, doctor, run};
use osiris_sdk::{
    BatchBuilder, Category, ColumnBuilder, Context, DataType, Driver, Error, Field, Input, Kind,
    Mode, Output, Result, Schema, Step, Summary, retry,
};
use serde::Deserialize;
use serde_json::{Value, json};

fn numbers() -> Schema {
    Schema::new(vec![Field::new("n", DataType::Int64, false)])
}

/// Continues counting from its saved state, two rows per batch.
struct Counter;

#[derive(Deserialize)]
struct Count {
    rows: i64,
}

impl Driver for Counter {
    type Config = Count;

    fn run(
        ctx: &Context,
        step: Step<Count>,
        _: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let mut output = output.ok_or_else(|| Error::unsupported("counting writes nothing"))?;
        output.open(&numbers())?;
        let mut batch = BatchBuilder::new(&numbers());
        let start = ctx.load_state().and_then(|state| state.parse().ok()).unwrap_or(0);
        let end = start + step.config.rows;
        for n in start..end {
            let [ColumnBuilder::Int64(column)] = &mut batch.columns[..] else {
                return Err(Error::internal("the schema has one column"));
            };
            column.push(n);
            if batch.rows() == 2 {
                output.send(&mut batch)?;
            }
        }
        output.send(&mut batch)?;
        ctx.check_cancelled()?;
        ctx.info(format!("counted to {end}"));
        ctx.metric("counted", step.config.rows, "rows", &[("start", "0")]);
        ctx.event("counter.done", &json!({"end": end}));
        ctx.progress(1, Some(1));
        ctx.save_state(&end.to_string())?;
        fs::write(ctx.artifacts_dir().join("note.txt"), "done")?;
        Ok(Summary::default())
    }
}

#[test]
fn report_has_everything_a_step_does() {
    let report = run::<Counter>(json!({"rows": 3})).state(&json!(7)).expect_ok();
    report.assert_rows(&json!([[7], [8], [9]]));
    assert_eq!(report.table().batches().len(), 2);
    report.assert_logged("counted to 10");
    report.assert_metric("counted", 3_i64);
    assert_eq!(report.metrics[0].unit, "rows");
    assert_eq!(report.events[0].fields, json!({"end": 10}));
    assert_eq!(report.progress[0].total, Some(1));
    assert_eq!(report.saved_state, Some(json!(10)));
    assert_eq!(report.artifact("note.txt"), "done");
}

#[test]
fn cancelled_step_stops() {
    run::<Counter>(json!({"rows": 3})).cancelled().expect_err(Kind::Cancelled);
    let report = run::<Counter>(json!({"rows": 3})).cancelled_after(2).report();
    assert_eq!(report.result.unwrap_err().kind, Kind::Cancelled);
    assert_eq!(report.output.unwrap().row_count(), 3);
    assert_eq!(report.saved_state, None);
}

#[test]
fn invalid_config_error_names_the_field() {
    let error = run::<Counter>(json!({"rows": "3"})).expect_err(Kind::Config);
    assert_eq!(error.message, "config field `rows`: invalid type: string \"3\", expected i64");
    let error = run::<Counter>(json!({})).expect_err(Kind::Config);
    assert_eq!(error.message, "config: missing field `rows`");
}

#[test]
fn missing_discover_and_doctor_are_reported() {
    let error = discover::<Counter>(json!({"rows": 1})).unwrap_err();
    assert_eq!(error.kind, Kind::Unsupported);
    let health = doctor::<Counter>(json!({}), Duration::from_secs(1));
    assert_eq!(health.category, Category::Unknown);
}

/// Counts the rows that it would write, and writes nothing.
struct Sum;

impl Driver for Sum {
    type Config = Value;

    fn run(
        _: &Context,
        _: Step<Value>,
        mut inputs: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        assert!(output.is_none(), "a write step has no output");
        let mut rows = 0;
        while let Some(batch) = inputs[0].next()? {
            rows += batch.rows() as u64;
        }
        Ok(Summary { rows_written: Some(rows) })
    }
}

#[test]
fn writer_reads_all_input_or_fails() {
    let table = Table::from_rows(&numbers(), &json!([[1], [2]])).with_rows(&json!([[3]]));
    let write = || run::<Sum>(json!({})).mode(Mode::Write);
    let report = write().input("df_a", &table).expect_ok();
    assert_eq!(report.result.unwrap().rows_written, Some(3));
    let error = write().failing_input("df_a", &table).expect_err(Kind::Upstream);
    assert_eq!(error.message, "the step that makes df_a failed");
    write().input("df_a", &table).cancelled_after(1).expect_err(Kind::Cancelled);
}

/// Fails a configured number of times.
struct Flaky;

#[derive(Deserialize)]
struct Failures {
    count: u32,
    kind: String,
}

impl Driver for Flaky {
    type Config = Failures;

    fn run(
        ctx: &Context,
        step: Step<Failures>,
        _: Vec<Input>,
        output: Option<Output>,
    ) -> Result<Summary> {
        let attempts = Cell::new(0);
        let result = retry(ctx, || {
            attempts.set(attempts.get() + 1);
            if attempts.get() > step.config.count {
                return Ok(());
            }
            Err(Error::new(Kind::parse(&step.config.kind), "not now").retryable(true))
        });
        ctx.metric("attempts", u64::from(attempts.get()), "calls", &[]);
        result?;
        output.map_or(Ok(()), |mut output| output.open(&numbers()))?;
        Ok(Summary::default())
    }
}

#[test]
fn transient_errors_are_tried_three_times() {
    let flaky = |count: u32, kind: &str| run::<Flaky>(json!({"count": count, "kind": kind}));
    let report = flaky(2, "network").expect_ok();
    report.assert_metric("attempts", 3_i64);
    report.assert_logged("attempt 1 of 3 failed, the next one comes in ");
    let seconds: Vec<_> = report.pauses.iter().map(Duration::as_secs).collect();
    assert_eq!(seconds, [1, 2]);

    let report = flaky(3, "timeout").report();
    report.assert_metric("attempts", 3_i64);
    assert_eq!(report.result.unwrap_err().message, "not now");

    for kind in ["auth", "permission", "config"] {
        let report = flaky(1, kind).report();
        report.assert_metric("attempts", 1_i64);
        assert_eq!(report.pauses, []);
    }
    assert_eq!(flaky(1, "network").cancelled().report().pauses, []);
}
