//! Tables in files of other dialects.

use std::fs;
use std::io::Read;
use std::path::Path;

use filesystem_csv_writer::CsvWriter;
use osiris_sdk::testing::{self, Report, Table, table};
use osiris_sdk::{DataType, Mode, TimeUnit};
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

fn text(table: &Table, options: Value) -> String {
    let folder = folder();
    let path = folder.path().join("a.csv");
    let _ = run(&path, table, options).result.expect("a file");
    fs::read_to_string(path).expect("UTF-8")
}

fn error(table: &Table, options: Value) -> String {
    let folder = folder();
    let result = run(&folder.path().join("a.csv"), table, options).result;
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    result.expect_err("an error").message
}

#[test]
fn quote_escape_and_decimal_options_are_applied() {
    let table = table(
        &[("a", DataType::Utf8), ("b", DataType::Float64), ("c", DataType::Decimal128(5, 2))],
        &json!([["2\" seam, 'blue'", 0.1, "1.50"], ["C:\\x", 1e16, null]]),
    );
    assert_eq!(
        text(&table, json!({"escape": "\\"})),
        "a,b,c\n\"2\\\" seam, 'blue'\",0.1,1.50\n\"C:\\\\x\",1e+16,\n"
    );
    assert_eq!(
        text(&table, json!({"quote": "'"})),
        "a,b,c\n'2\" seam, ''blue''',0.1,1.50\nC:\\x,1e+16,\n"
    );
    assert_eq!(
        text(&table, json!({"decimal": ",", "delimiter": ";"})),
        "a;b;c\n\"2\"\" seam, 'blue'\";0,1;1,50\nC:\\x;1e+16;\n"
    );
    assert_eq!(
        text(&table, json!({"decimal": ","})),
        "a,b,c\n\"2\"\" seam, 'blue'\",\"0,1\",\"1,50\"\nC:\\x,1e+16,\n"
    );
    assert!(text(&table, json!({"encoding": "utf-8-sig"})).starts_with("\u{FEFF}a,b,c\n"));
}

#[test]
fn date_format_is_used_for_dates_and_times() {
    let micros =
        |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(str::to_owned));
    let moments = table(
        &[
            ("d", DataType::Date32),
            ("t", DataType::Time64(TimeUnit::Microsecond)),
            ("u", micros(None)),
            ("z", micros(Some("+02:00"))),
        ],
        &json!([
            [20_089, 46_920_000_000_i64, 1_735_787_045_678_000_i64, 0],
            [null, null, null, null]
        ]),
    );
    let format = json!({
        "d": "%b %d, %Y", "t": "%I:%M %p", "u": "%d.%m.%Y %H:%M:%S%.3f",
        "z": "%Y-%m-%dT%H:%M:%S%:z"
    });
    assert_eq!(
        text(&moments, json!({"date_format": format, "header": false})),
        "\"Jan 01, 2025\",01:02 PM,02.01.2025 03:04:05.678,1970-01-01T02:00:00+02:00\n,,,\n"
    );
    let far = table(&[("d", DataType::Date32)], &json!([[5_000_000]]));
    assert_eq!(
        error(&far, json!({"date_format": {"d": "%Y"}})),
        "column \"d\", row 1: cannot write the value: it is beyond the years -9999 to 9999"
    );
    let wrong = error(&moments, json!({"date_format": {"d": "%H"}}));
    assert!(wrong.starts_with("date_format of column \"d\": \"%H\": "), "{wrong}");
}

#[test]
fn spreadsheet_formulas_are_guarded_on_request() {
    let table = table(
        &[("=a", DataType::Utf8), ("n", DataType::Int8)],
        &json!([["=1+1", -1], ["@SUM(A1,A2)", -2], ["plain", 3], ["-x", 4]]),
    );
    let plain = "=a,n\n=1+1,-1\n\"@SUM(A1,A2)\",-2\nplain,3\n-x,4\n";
    assert_eq!(text(&table, json!({})), plain);
    let guarded = "'=a,n\n'=1+1,-1\n\"'@SUM(A1,A2)\",-2\nplain,3\n'-x,4\n";
    assert_eq!(text(&table, json!({"formula_guard": true})), guarded);
}

#[test]
fn append_requires_the_same_columns() {
    let folder = folder();
    let path = folder.path().join("a.csv");
    let table = table(&[("a", DataType::Int8), ("b", DataType::Utf8)], &json!([[1, "é"]]));
    for encoding in ["utf-8-sig", "utf-16"] {
        for _ in 0..3 {
            let options = json!({"append": true, "encoding": encoding});
            assert!(run(&path, &table, options).result.is_ok());
        }
        let written = fs::read(&path).expect("a file");
        let found = if encoding == "utf-16" {
            let (pairs, _) = written.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
            String::from_utf16(&units).expect("UTF-16")
        } else {
            String::from_utf8(written).expect("UTF-8")
        };
        assert_eq!(found, "\u{FEFF}a,b\n1,é\n1,é\n1,é\n");
        fs::remove_file(&path).expect("a file");
    }
    fs::write(&path, "a,b\n7,x").expect("a file");
    assert!(run(&path, &table, json!({"append": true})).result.is_ok());
    assert_eq!(fs::read_to_string(&path).expect("a file"), "a,b\n7,x\n1,é\n");
    for other in ["b,a\n1,2\n", "a;b\n1;2\n", "a,b", "\n"] {
        fs::write(&path, other).expect("a file");
        let error = run(&path, &table, json!({"append": true})).result.expect_err("other columns");
        assert!(error.message.starts_with("append: cannot add to "), "{error}");
        assert_eq!(fs::read_to_string(&path).expect("a file"), other);
    }
    let zipped = run(&folder.path().join("a.csv.gz"), &table, json!({"append": true}));
    assert!(
        zipped.result.expect_err("compressed").message.starts_with("append: rows can be added")
    );
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn zstd_file_is_one_frame() {
    // More than a few blocks of 128 KiB, and a table without rows.
    for count in [60_000, 0] {
        let cells: Vec<_> =
            (0..count).map(|n| json!([n, format!("text {}", n * 7919 % 5003)])).collect();
        let table = table(&[("n", DataType::Int64), ("t", DataType::Utf8)], &json!(cells));
        let folder = folder();
        let plain = text(&table, json!({}));
        for (name, compression) in [("a.csv.zst", "infer"), ("b.csv", "zstd"), ("c", "zst")] {
            let path = folder.path().join(name);
            let report = run(&path, &table, json!({"compression": compression}));
            assert!(report.result.is_ok());
            let bytes = fs::read(&path).expect("a file");
            // Programs such as pandas read the first frame of a file and no others.
            let mut rest = bytes.as_slice();
            let mut found = String::new();
            ruzstd::decoding::StreamingDecoder::new(&mut rest)
                .expect("a frame")
                .read_to_string(&mut found)
                .expect("text in it");
            assert!(found == plain, "{name}");
            assert!(rest.is_empty(), "{name}: {} bytes behind the frame", rest.len());
            assert!(bytes.len() <= plain.len() / 2 || count == 0, "{} bytes", bytes.len());
        }
    }
}
