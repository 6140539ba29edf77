//! Runs the driver natively with tables in memory.

use std::time::Duration;

use example_word_count::WordCount;
use osiris_sdk::{Category, DataType, Field, Kind, Mode, Schema, testing};
use serde_json::{Value, json};

fn texts(rows: &Value) -> testing::Table {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("text", DataType::Utf8, true),
    ]);
    testing::Table::from_rows(&schema, rows)
}

fn count(config: Value) -> testing::Run<WordCount> {
    testing::run::<WordCount>(config).mode(Mode::Transform)
}

#[test]
fn words_are_sorted_by_frequency() {
    let table =
        texts(&json!([[1, "b a\tb"], [2, null], [3, ""]])).with_rows(&json!([[4, "c b\n a"]]));
    let all = count(json!({"column": "text", "minimum": 1})).input("t", &table);
    all.expect_ok().assert_rows(&json!([["b", 3], ["a", 2], ["c", 1]]));
    let some = count(json!({"column": "text", "minimum": 2})).input("t", &table);
    some.expect_ok().assert_rows(&json!([["b", 3], ["a", 2]]));
}

#[test]
fn equally_frequent_words_are_sorted_by_code_point() {
    let table = texts(&json!([[1, "\u{1F600} \u{FF5E} z Z é\u{a0}é"]]));
    let run = count(json!({"column": "text", "minimum": 1})).input("t", &table);
    run.expect_ok().assert_rows(&json!([
        ["Z", 1],
        ["z", 1],
        ["é\u{a0}é", 1],
        ["\u{FF5E}", 1],
        ["\u{1F600}", 1]
    ]));
}

#[test]
fn unusable_column_is_named() {
    for (column, message) in [
        ("txt", "there is no column `txt`; there are: id, text"),
        ("id", "the column `id` is of type int64, not utf8"),
    ] {
        let run = count(json!({"column": column, "minimum": 1})).input("t", &texts(&json!([])));
        assert_eq!(run.expect_err(Kind::Config).message, message);
    }
}

#[test]
fn doctor_is_ok_without_a_connection() {
    let health = testing::doctor::<WordCount>(json!({}), Duration::from_secs(1));
    assert_eq!(health.category, Category::Ok);
}
