//! The driver, run natively between tables in memory.

use std::path::{Path, PathBuf};

use {{module}}::Writer;
use osiris_sdk::{DataType, Field, Kind, Mode, Schema, testing};
use serde_json::json;

fn people() -> testing::Table {
    let schema = Schema::new(vec![
        Field::new("name", DataType::Utf8, true),
        Field::new("age", DataType::Int64, true),
        Field::new("height", DataType::Float64, true),
    ]);
    testing::Table::from_rows(&schema, &json!([["Ada", 36, 1.65], [null, null, null]]))
}

/// A step that writes a file in this folder, and the file.
fn write(folder: &Path) -> (PathBuf, testing::Run<Writer>) {
    let path = folder.join("out/people.jsonl");
    let run = testing::run::<Writer>(json!({"path": path})).mode(Mode::Write);
    (path, run)
}

#[test]
fn rows_become_lines() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = write(folder.path());
    let report = run.input("people", &people()).expect_ok();
    assert_eq!(report.result.unwrap().rows_written, Some(2));
    let expected = "{\"age\":36,\"height\":1.65,\"name\":\"Ada\"}\n\
                    {\"age\":null,\"height\":null,\"name\":null}\n";
    assert_eq!(std::fs::read_to_string(path).unwrap(), expected);
}

#[test]
fn failed_or_cancelled_run_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let (path, run) = write(folder.path());
    run.failing_input("people", &people()).expect_err(Kind::Upstream);
    let (_, run) = write(folder.path());
    run.input("people", &people()).cancelled_after(1).expect_err(Kind::Cancelled);
    let left = std::fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(left, 0);
}

#[test]
fn column_without_a_json_form_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let schema = Schema::new(vec![Field::new("raw", DataType::Binary, true)]);
    let (_, run) = write(folder.path());
    let error = run.input("raw", &testing::Table::new(&schema)).expect_err(Kind::Unsupported);
    assert!(error.message.contains("the column `raw`"), "{error}");
}

#[test]
fn number_that_json_lacks_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let schema = Schema::new(vec![Field::new("x", DataType::Float64, true)]);
    let mut batch = osiris_sdk::BatchBuilder::new(&schema);
    let [osiris_sdk::ColumnBuilder::Float64(column)] = &mut batch.columns[..] else { panic!() };
    column.push(f64::INFINITY);
    let table = testing::Table::new(&schema).with_batch(&mut batch);
    let (_, run) = write(folder.path());
    let error = run.input("x", &table).expect_err(Kind::Data);
    assert!(error.message.contains("`x`"), "{error}");
}
