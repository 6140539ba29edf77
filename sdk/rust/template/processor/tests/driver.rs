//! The driver, run natively between tables in memory.

use {{module}}::Processor;
use osiris_sdk::{DataType, Field, Kind, Mode, Schema, testing};
use serde_json::{Value, json};

fn people() -> testing::Table {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
    ]);
    testing::Table::from_rows(&schema, &json!([[1, "Zoë"], [2, "Al"], [3, null], [4, "Grace"]]))
}

fn process(config: Value) -> testing::Run<Processor> {
    testing::run::<Processor>(config).mode(Mode::Transform)
}

#[test]
fn texts_of_the_minimum_length_are_kept() {
    let report = process(json!({"column": "name", "minimum": 3})).input("people", &people());
    report.expect_ok().assert_rows(&json!([["Zoë", 3], ["Grace", 5]]));
    let report = process(json!({"column": "name"})).input("people", &people());
    report.expect_ok().assert_rows(&json!([["Zoë", 3], ["Al", 2], ["Grace", 5]]));
}

#[test]
fn unusable_column_is_named() {
    for (column, message) in [
        ("nmae", "there is no column `nmae`; there are: id, name"),
        ("id", "the column `id` is of type int64, not utf8"),
    ] {
        let run = process(json!({"column": column})).input("people", &people());
        assert_eq!(run.expect_err(Kind::Config).message, message);
    }
}

#[test]
fn upstream_failure_and_cancellation_end_the_run() {
    let config = json!({"column": "name"});
    process(config.clone()).failing_input("people", &people()).expect_err(Kind::Upstream);
    process(config).input("people", &people()).cancelled().expect_err(Kind::Cancelled);
}
