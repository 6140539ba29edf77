//! Tables and the files that are made of them.

use std::fs;
use std::path::Path;

use filesystem_csv_writer::CsvWriter;
use osiris_sdk::testing::{self, Report, Table, table};
use osiris_sdk::{DataType, Field, Kind, Mode, TimeUnit};
use serde_json::{Value, json};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn run(path: &Path, table: &Table, options: Value) -> Report {
    let mut config = options;
    config["path"] = json!(path);
    testing::run::<CsvWriter>(config).mode(Mode::Write).input("df_a", table).report()
}

/// The bytes that a table is written as.
fn bytes(table: &Table, options: Value) -> Vec<u8> {
    let folder = folder();
    let path = folder.path().join("a.csv");
    let report = run(&path, table, options);
    let summary = report.result.expect("a file");
    assert_eq!(summary.rows_written, Some(table.row_count() as u64));
    assert_eq!(names(folder.path()), ["a.csv"]);
    fs::read(path).expect("a file")
}

fn text(table: &Table, options: Value) -> String {
    String::from_utf8(bytes(table, options)).expect("UTF-8")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

fn people() -> Table {
    table(
        &[("name", DataType::Utf8), ("age", DataType::Int64), ("city", DataType::Utf8)],
        &json!([["Ann", 30, "Praha"], ["B,ob", null, ""], ["\"C\"\n", -1, null]]),
    )
}

#[test]
fn quotes_are_written_only_if_needed() {
    let lines = "name,age,city\nAnn,30,Praha\n\"B,ob\",,\"\"\n\"\"\"C\"\"\n\",-1,\n";
    assert_eq!(text(&people(), json!({})), lines);
    assert_eq!(
        text(&people(), json!({"quoting": "all"})),
        "\"name\",\"age\",\"city\"\n\"Ann\",\"30\",\"Praha\"\n\"B,ob\",,\"\"\n\"\"\"C\"\"\n\",\"-1\",\n"
    );
    assert_eq!(
        text(&people(), json!({"quoting": "nonnumeric", "header": false})),
        "\"Ann\",30,\"Praha\"\n\"B,ob\",,\"\"\n\"\"\"C\"\"\n\",-1,\n"
    );
    assert_eq!(
        text(&people(), json!({"delimiter": "\\t", "newline": "crlf", "sort_columns": true})),
        "age\tcity\tname\r\n30\tPraha\tAnn\r\n\t\"\"\tB,ob\r\n-1\t\t\"\"\"C\"\"\n\"\r\n"
    );
}

#[test]
fn na_rep_is_written_for_nulls() {
    let table = table(
        &[("a", DataType::Utf8), ("b", DataType::Int8)],
        &json!([["NA", 1], [null, null], ["", 2]]),
    );
    assert_eq!(text(&table, json!({"na_rep": "NA"})), "a,b\n\"NA\",1\nNA,NA\n\"\",2\n");
}

#[test]
fn null_and_empty_differ_in_a_one_column_table() {
    let one = |name| table(&[(name, DataType::Utf8)], &json!([["x"], [null], [""]]));
    assert_eq!(text(&one(""), json!({})), "\"\"\nx\n\n\"\"\n");
    assert_eq!(text(&one("a"), json!({"na_rep": "NA"})), "a\nx\nNA\n\"\"\n");
    let bytes = table(
        &[("a", DataType::Binary), ("b", DataType::Bool)],
        &json!([["", true], [null, false]]),
    );
    assert_eq!(text(&bytes, json!({})), "a,b\n\"\",true\n,false\n");
}

#[test]
fn leading_sep_text_is_quoted() {
    let one = |name: &str| table(&[(name, DataType::Utf8)], &json!([["sep=;"], ["sep=;"]]));
    assert_eq!(text(&one("sep=;"), json!({})), "\"sep=;\"\nsep=;\nsep=;\n");
    assert_eq!(text(&one("a"), json!({"header": false})), "\"sep=;\"\nsep=;\n");
}

#[test]
fn value_with_the_delimiter_is_quoted_for_every_type() {
    let micros =
        |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(str::to_owned));
    for (data_type, cell, value) in [
        (DataType::Bool, json!(true), "true"),
        (DataType::Int8, json!(-128), "-128"),
        (DataType::Int64, json!(1_203_456_789), "1203456789"),
        (DataType::UInt64, json!(u64::MAX), "18446744073709551615"),
        (DataType::Float32, json!(-1.5), "-1.5"),
        (DataType::Float64, json!(1e-7), "1e-07"),
        (DataType::Float64, json!(1e16), "1e+16"),
        (DataType::Float64, json!("NaN"), "nan"),
        (DataType::Float64, json!("-inf"), "-inf"),
        (DataType::Binary, json!("00ff"), "00ff"),
        (DataType::Date32, json!(20_090), "2025-01-02"),
        (DataType::Date32, json!(2_932_897), "+10000-01-01"),
        (DataType::Time64(TimeUnit::Microsecond), json!(3_723_500_000_i64), "01:02:03.500"),
        (micros(None), json!(1_735_787_045_678_000_i64), "2025-01-02 03:04:05.678"),
        (micros(Some("UTC")), json!(0), "1970-01-01 00:00:00+00:00"),
        (DataType::Decimal128(10, 2), json!("-1.50"), "-1.50"),
    ] {
        let table =
            table(&[("x", data_type.clone()), ("y", data_type.clone())], &json!([[cell, cell]]));
        for delimiter in " -+.:;01ae".chars() {
            let quotes = if value.contains(delimiter) { "\"" } else { "" };
            assert_eq!(
                text(&table, json!({"delimiter": delimiter, "header": false})),
                format!("{quotes}{value}{quotes}{delimiter}{quotes}{value}{quotes}\n"),
                "{data_type:?}"
            );
        }
    }
}

#[test]
fn value_equal_to_na_rep_is_rejected() {
    for (data_type, cell, na_rep) in [
        (DataType::Int64, json!(-999), "-999"),
        (DataType::Float64, json!(0.5), "0.5"),
        (DataType::Float64, json!("NaN"), "nan"),
        (DataType::Bool, json!(false), "false"),
        (DataType::Date32, json!(0), "1970-01-01"),
        (DataType::Decimal128(5, 2), json!("9.99"), "9.99"),
    ] {
        let folder = folder();
        let path = folder.path().join("a.csv");
        let table =
            table(&[("x", data_type), ("y", DataType::Utf8)], &json!([[null, na_rep], [cell, ""]]));
        for quoting in ["minimal", "all"] {
            let options = json!({"na_rep": na_rep, "quoting": quoting});
            let error = run(&path, &table, options).result.expect_err("two meanings");
            assert_eq!(
                error.message,
                format!(
                    "column \"x\", row 2: cannot write the value `{na_rep}`: it is what `na_rep` says \
                     for a missing value; set `na_rep` to a text that no value has"
                )
            );
        }
        assert!(names(folder.path()).is_empty());
    }
}

#[test]
fn every_type_is_written() {
    let micros =
        |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(str::to_owned));
    let cells = [
        (DataType::Null, json!(null), ""),
        (DataType::Bool, json!(true), "true"),
        (DataType::Int8, json!(-128), "-128"),
        (DataType::UInt32, json!(u32::MAX), "4294967295"),
        (DataType::Int64, json!(i64::MIN), "-9223372036854775808"),
        (DataType::UInt64, json!(u64::MAX), "18446744073709551615"),
        (DataType::Float32, json!(0.1), "0.1"),
        (DataType::Float64, json!(1e16), "1e+16"),
        (DataType::Binary, json!("00ff"), "00ff"),
        (DataType::Date32, json!(20_090), "2025-01-02"),
        (DataType::Time32(TimeUnit::Millisecond), json!(3_723_500), "01:02:03.500"),
        (DataType::Time64(TimeUnit::Nanosecond), json!(1), "00:00:00.000000001"),
        (micros(None), json!(1_735_787_045_678_000_i64), "2025-01-02 03:04:05.678"),
        (micros(Some("UTC")), json!(0), "1970-01-01 00:00:00+00:00"),
        (micros(Some("+05:30")), json!(0), "1970-01-01 05:30:00+05:30"),
        (micros(Some("Europe/Prague")), json!(0), "1970-01-01 00:00:00+00:00"),
        (DataType::Decimal128(10, 2), json!("1.50"), "1.50"),
    ];
    let columns: Vec<_> = cells.iter().map(|(data_type, ..)| ("c", data_type.clone())).collect();
    let row: Value = cells.iter().map(|(_, cell, _)| cell.clone()).collect();
    let line: Vec<_> = cells.iter().map(|(.., text)| *text).collect();
    let table = table(&columns, &json!([row]));
    assert_eq!(text(&table, json!({"header": false})), line.join(",") + "\n");
}

#[test]
fn lists_and_structs_are_json() {
    let parts = vec![
        Field::new("id", DataType::Int64, true),
        Field::new("price", DataType::Decimal128(5, 2), true),
        Field::new("day", DataType::Date32, true),
        Field::new("ratio", DataType::Float64, true),
    ];
    let table = table(
        &[("list", DataType::list_of(DataType::Utf8)), ("struct", DataType::Struct(parts))],
        &json!([
            [["a", null, "\""], {"id": 1, "price": "1.50", "day": 0, "ratio": "NaN"}],
            [[], null]
        ]),
    );
    let quoted = |json: &str| format!("\"{}\"", json.replace('"', "\"\""));
    let first = [
        quoted(r#"["a",null,"\""]"#),
        quoted(r#"{"day":"1970-01-01","id":1,"price":"1.50","ratio":"nan"}"#),
    ];
    assert_eq!(text(&table, json!({})), format!("list,struct\n{}\n[],\n", first.join(",")));
}

#[test]
fn tables_without_rows_or_columns_are_written() {
    let columns = [("b", DataType::Int8), ("a", DataType::Utf8)];
    assert_eq!(text(&table(&columns, &json!([])), json!({})), "b,a\n");
    assert_eq!(text(&table(&[], &json!([])), json!({})), "");
}

#[test]
fn encodings_are_applied_and_unencodable_text_rejected() {
    let table = table(&[("n", DataType::Utf8)], &json!([["é"]]));
    assert_eq!(bytes(&table, json!({"encoding": "latin-1"})), b"n\n\xE9\n");
    assert_eq!(bytes(&table, json!({"encoding": "utf-16"})), b"\xFF\xFEn\0\n\0\xE9\0\n\0");
    let folder = folder();
    let path = folder.path().join("a.csv");
    let error = run(&path, &table, json!({"encoding": "ascii"})).result.expect_err("no é in ASCII");
    assert_eq!(error.kind, Kind::Data);
    assert_eq!(
        error.message,
        "column \"n\", row 1: 'é' (U+00E9) does not exist in ascii; write the file as `encoding: \
         utf-8`"
    );
    let missing = json!({"encoding": "ascii", "na_rep": "–"});
    let error = run(&path, &table, missing).result.expect_err("no dash in ASCII");
    assert_eq!(
        error.message,
        "na_rep: '–' (U+2013) does not exist in ascii; write the file as `encoding: utf-8`"
    );
    assert!(names(folder.path()).is_empty());
}

#[test]
fn failed_write_leaves_the_old_file() {
    let folder = folder();
    let path = folder.path().join("a.csv");
    fs::write(&path, "old").expect("a file");
    let step = || testing::run::<CsvWriter>(json!({"path": path})).mode(Mode::Write);
    step().failing_input("df_a", &people()).expect_err(Kind::Upstream);
    step().input("df_a", &people()).cancelled_after(1).expect_err(Kind::Cancelled);
    assert_eq!(names(folder.path()), ["a.csv"]);
    assert_eq!(fs::read_to_string(&path).expect("a file"), "old");
}

#[test]
fn missing_folders_are_created_on_request() {
    let folder = folder();
    let path = folder.path().join("x/y/a.csv");
    let error = run(&path, &people(), json!({"create_dirs": false})).result.expect_err("no folder");
    assert_eq!(error.kind, Kind::NotFound);
    let parent = path.parent().expect("a folder").display().to_string();
    assert_eq!(
        error.message,
        format!("the folder {parent} does not exist; make it, or set `create_dirs: true`")
    );
    assert!(run(&path, &people(), json!({})).result.is_ok());
    assert!(path.is_file());
    let error = run(folder.path(), &people(), json!({})).result.expect_err("a folder");
    assert!(error.message.contains("is a directory; `path` names the file to write"), "{error}");
}

#[test]
fn invalid_config_is_explained() {
    let folder = folder();
    let fault = |path: &str, options| {
        run(&folder.path().join(path), &people(), options).result.expect_err("an error").message
    };
    for (options, message) in [
        (json!({"delimiter": "\""}), "delimiter and quote are the same character"),
        (json!({"delimiter": ";;"}), "delimiter: one ASCII character, but it is \";;\""),
        (json!({"quote": ""}), "quote: one ASCII character, but it is \"\""),
        (json!({"escape": ","}), "delimiter and escape are the same character"),
        (json!({"decimal": "-"}), "decimal: a character that is no letter, digit, sign or quote"),
        (json!({"date_format": {"x": "%d"}}), "date_format: there is no column \"x\""),
        (
            json!({"date_format": {"age": "%d"}}),
            "date_format of column \"age\": \"%d\": the column is of type",
        ),
    ] {
        let found = fault("a.csv", options);
        assert!(found.starts_with(message), "{found}");
    }
    assert!(fault("a.csv", json!({"na_rep": "a,b"})).starts_with("na_rep: a missing value is"));
    assert!(names(folder.path()).is_empty());
}
