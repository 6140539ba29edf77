//! Types, values and options, as a file turns into a table.

use std::fs;
use std::path::PathBuf;

use filesystem_csv_extractor::CsvExtractor;
use osiris_sdk::{Category, DataType, TimeUnit, testing};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A file that is there as long as this is.
struct File {
    _folder: TempDir,
    path: PathBuf,
}

fn file(name: &str, content: impl AsRef<[u8]>) -> File {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    fs::write(&path, content).expect("a file in it");
    File { _folder: folder, path }
}

/// Reads a file with options and gives the columns and the rows.
fn read(content: impl AsRef<[u8]>, options: Value) -> (Vec<(String, DataType)>, Value) {
    let file = file("a.csv", content);
    let mut config = options;
    config["path"] = json!(file.path);
    let report = testing::run::<CsvExtractor>(config).expect_ok();
    let fields = &report.table().schema().fields;
    let columns = fields.iter().map(|f| (f.name.clone(), f.data_type.clone())).collect();
    (columns, report.table().rows())
}

fn rows(content: &str, options: Value) -> Value {
    read(content, options).1
}

/// The type of a single column with these values.
fn data_type(values: &[&str], options: Value) -> DataType {
    let (mut columns, _) = read(format!("a,b\n{},x\n", values.join(",x\n")), options);
    columns.remove(0).1
}

#[test]
fn inferred_types_lose_nothing() {
    let of = |values: &[&str]| data_type(values, json!({}));
    assert_eq!(of(&["1", "", "3"]), DataType::Int64);
    assert_eq!(of(&["001", "002"]), DataType::Utf8);
    assert_eq!(of(&["true", "", "false"]), DataType::Bool);
    assert_eq!(of(&["True", "False"]), DataType::Utf8);
    assert_eq!(of(&["9223372036854775807", "-9223372036854775808"]), DataType::Int64);
    assert_eq!(of(&["9223372036854775808", "18446744073709551615"]), DataType::UInt64);
    assert_eq!(of(&["12345678901234567890123"]), DataType::Decimal128(38, 0));
    assert_eq!(of(&["1.50", "2.25"]), DataType::Decimal128(18, 2));
    assert_eq!(of(&["8.5", "7.0", ""]), DataType::Float64);
    assert_eq!(of(&["2025-01-02"]), DataType::Utf8);
    assert_eq!(of(&["", ""]), DataType::Utf8);
    assert_eq!(of(&["1", "x"]), DataType::Utf8);
    assert_eq!(of(&["1", "true"]), DataType::Utf8);
    assert_eq!(of(&[" 1"]), DataType::Utf8);
    assert_eq!(of(&["\"1\"", "\"2\""]), DataType::Int64);
}

#[test]
fn values_are_read_unchanged() {
    let text = " a ,b\n NULL ,NA\nNone,\"\"\n\"x, \"\"y\"\"\n\",\n";
    assert_eq!(
        read(text, json!({})),
        (
            vec![(" a ".to_owned(), DataType::Utf8), ("b".to_owned(), DataType::Utf8)],
            json!([[" NULL ", "NA"], ["None", ""], ["x, \"y\"\n", null]])
        )
    );
    assert_eq!(
        rows("n,u,d\n-9223372036854775808,18446744073709551615,-0.10\n,,\n", json!({})),
        json!([[i64::MIN, u64::MAX, "-0.10"], [null, null, null]])
    );
}

#[test]
fn values_are_missing_only_if_in_na_values() {
    let text = "a,b\nNA,-\n\"NA\",\"\"\n1,-999\n";
    assert_eq!(
        rows(text, json!({"na_values": ["NA", "-", "-999"]})),
        json!([[null, null], [null, ""], [1, null]])
    );
    assert_eq!(rows("a,b\n\"\",x\n", json!({"na_values": [""]})), json!([[null, "x"]]));
    assert_eq!(rows("a,b\n\"\",x\n1,y\n", json!({})), json!([[null, "x"], [1, "y"]]));
}

#[test]
fn columns_are_selected_and_ordered() {
    let text = "a,b,c\n1,2,3\n4,5,6\n";
    assert_eq!(rows(text, json!({"columns": ["c", "a"]})), json!([[3, 1], [6, 4]]));
    assert_eq!(rows(text, json!({"limit": 1})), json!([[1, 2, 3]]));
    let names = |options| {
        let (columns, rows) = read(text, options);
        (columns.into_iter().map(|(name, _)| name).collect::<Vec<_>>(), rows)
    };
    assert_eq!(
        names(json!({"skip_rows": 1})),
        (vec!["1".into(), "2".into(), "3".into()], json!([[4, 5, 6]]))
    );
    assert_eq!(names(json!({"header": 1})), names(json!({"skip_rows": 1})));
    assert_eq!(names(json!({"header": false})).0, ["0", "1", "2"]);
    assert_eq!(names(json!({"header": false})).1[0], json!(["a", "b", "c"]));
    assert_eq!(names(json!({"names": ["x", "y", "z"]})).0, ["x", "y", "z"]);
    assert_eq!(
        names(json!({"names": ["x", "y", "z"], "header": false, "columns": ["y"], "skip_rows": 2})),
        (vec!["y".into()], json!([[5]]))
    );
    assert_eq!(rows("a,a\n1,2\n", json!({"names": ["a", "b"]})), json!([[1, 2]]));
}

#[test]
fn rows_before_the_header_are_skipped_unparsed() {
    let text = "Report\n\"open, quote\na,b\n1,2\n";
    assert_eq!(rows(text, json!({"skip_rows": 2})), json!([[1, 2]]));
    assert_eq!(rows("Report\nx,y,z\na,b\n1,2\n", json!({"header": 2})), json!([[1, 2]]));
}

#[test]
fn dialect_options_are_applied() {
    assert_eq!(
        rows("a;b\n1;'x;y'\n", json!({"delimiter": ";", "quote": "'"})),
        json!([[1, "x;y"]])
    );
    assert_eq!(
        rows("a\tb\n1\t\"x\n", json!({"delimiter": "\\t", "quote": ""})),
        json!([[1, "\"x"]])
    );
    assert_eq!(rows("#c\na,b\n1,#\n", json!({"comment": "#"})), json!([[1, "#"]]));
    assert_eq!(
        rows("a,b\n\n1,2\n", json!({"skip_blank_lines": false})),
        json!([[null, null], [1, 2]])
    );
    assert_eq!(rows("\u{FEFF}a,b\r\n1,2\r\n", json!({"columns": ["a"]})), json!([[1]]));
    let latin = read(b"n\xE1zev,x\nKutn\xE1,1\n", json!({"encoding": "iso-8859-1"}));
    assert_eq!((latin.0[0].0.as_str(), latin.1), ("název", json!([["Kutná", 1]])));
}

#[test]
fn dates_are_parsed_only_on_request() {
    let text = "d,t,z\n2025-01-02,2025-01-02 03:04:05.678,2025-01-02 03:04:05+00:00\n";
    let micros =
        |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(str::to_owned));
    let (columns, found) = read(text, json!({"parse_dates": true}));
    let types: Vec<_> = columns.into_iter().map(|(_, data_type)| data_type).collect();
    assert_eq!(types, [DataType::Date32, micros(None), micros(Some("UTC"))]);
    assert_eq!(found, json!([[20_090, 1_735_787_045_678_000_i64, 1_735_787_045_000_000_i64]]));
    let text = "d,e\n2025-01-02,x\n2025-01-02T00:00,y\n";
    assert_eq!(data_type(&["2025-01-02T00:00"], json!({"parse_dates": true})), DataType::Utf8);
    assert_eq!(read(text, json!({"parse_dates": ["d"]})).0[0].1, micros(None));
}

#[test]
fn declared_types_accept_common_spellings() {
    let text = "i,f,b,d,t,s\n 007 ,+1e3,TRUE,1.5,01:02,001\n";
    let dtype = json!({"i": "int32", "f": "float", "b": "bool", "d": "decimal(10,2)", "t": "time", "s": "str"});
    let (columns, found) = read(text, json!({"dtype": dtype}));
    assert_eq!(columns[3].1, DataType::Decimal128(10, 2));
    assert_eq!(found, json!([[7, 1000.0, true, "1.50", 3_720_000_000_i64, "001"]]));
}

#[test]
fn empty_file_is_an_empty_table() {
    let file = file("empty.csv", "");
    let report = testing::run::<CsvExtractor>(json!({"path": file.path})).expect_ok();
    assert!(report.table().schema().fields.is_empty());
    assert_eq!(report.table().row_count(), 0);
    report.assert_logged("is empty: a table without columns");
    let (columns, found) = read("a,b\n", json!({}));
    assert_eq!(columns, [("a".to_owned(), DataType::Utf8), ("b".to_owned(), DataType::Utf8)]);
    assert_eq!(found, json!([]));
}

#[test]
fn batches_have_the_requested_size() {
    let text: String =
        ["n\n".to_owned()].into_iter().chain((0..25).map(|n| format!("{n}\n"))).collect();
    let file = file("a.csv", text);
    let report =
        testing::run::<CsvExtractor>(json!({"path": file.path, "chunk_size": 10})).expect_ok();
    let sizes: Vec<_> = report.table().batches().iter().map(|batch| batch.rows()).collect();
    assert_eq!(sizes, [10, 10, 5]);
}

#[test]
fn hundred_thousand_columns_are_read() {
    let line =
        |text: &dyn Fn(usize) -> String| (0..100_000).map(text).collect::<Vec<_>>().join(",");
    let text = [line(&|n| format!("c{n}")), line(&|n| n.to_string())].join("\n");
    let (columns, found) = read(text, json!({"columns": ["c99999", "c0"]}));
    assert_eq!((columns.len(), found), (2, json!([[99_999, 0]])));
}

#[test]
fn discovery_lists_the_columns() {
    let file = file("a.csv", "id,price,name\n1,1.50,x\n2,2.25,y\n");
    let datasets =
        testing::discover::<CsvExtractor>(json!({"path": file.path})).expect("a dataset");
    let [dataset] = datasets.as_slice() else { panic!("one file, one dataset: {datasets:?}") };
    assert_eq!((dataset.kind.as_str(), dataset.estimated_rows), ("file", Some(2)));
    let columns: Vec<_> =
        dataset.columns.iter().map(|c| (c.name.as_str(), c.native_type.as_str())).collect();
    assert_eq!(columns, [("id", "int64"), ("price", "decimal(18,2)"), ("name", "str")]);
}

#[test]
fn doctor_checks_the_file() {
    let file = file("a.csv", "a\n");
    let ask = |path: &str| {
        testing::doctor::<CsvExtractor>(json!({"path": path}), std::time::Duration::ZERO)
    };
    assert_eq!(ask(&file.path.to_string_lossy()).category, Category::Ok);
    let missing = ask("/no/such/file.csv");
    assert_eq!(missing.category, Category::Unknown);
    assert_eq!(missing.message, "CSV file not found: /no/such/file.csv");
}
