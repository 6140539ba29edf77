//! Messages about faults of a file or a configuration.

use std::fs;

use filesystem_csv_extractor::CsvExtractor;
use osiris_sdk::{Kind, testing};
use serde_json::{Value, json};

/// Fails to read a file; gives the message without the file's folder.
fn fault(content: impl AsRef<[u8]>, options: Value, kind: Kind) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("x.csv");
    fs::write(&path, content).expect("a file in it");
    let mut config = options;
    config["path"] = json!(path);
    let error = testing::run::<CsvExtractor>(config).expect_err(kind);
    error.message.replace(&format!("{}/", folder.path().display()), "")
}

fn data(content: impl AsRef<[u8]>, options: Value) -> String {
    fault(content, options, Kind::Data)
}

fn config(content: &str, options: Value) -> String {
    fault(content, options, Kind::Config)
}

#[test]
fn missing_file_is_not_found() {
    let run = |path: &str| testing::run::<CsvExtractor>(json!({ "path": path }));
    let missing = run("/no/such.csv").expect_err(Kind::NotFound).message;
    assert_eq!(missing, "CSV file not found: /no/such.csv (relative to the project folder)");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().to_string_lossy().into_owned();
    let directory = run(&path).expect_err(Kind::Data).message;
    assert_eq!(
        directory,
        format!("{path} is a directory; `path` names one CSV file in it, such as {path}/data.csv")
    );
}

#[test]
fn glob_pattern_is_rejected() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["a.csv", "b.csv", "[c].csv"] {
        fs::write(folder.path().join(name), "a\n1\n").expect("a file");
    }
    let run = |path: &str| testing::run::<CsvExtractor>(json!({ "path": path }));
    for pattern in ["*.csv", "?.csv", "**/*.csv", "[ab].csv", "{a,b}.csv"] {
        let path = folder.path().join(pattern).to_string_lossy().into_owned();
        assert_eq!(
            run(&path).expect_err(Kind::NotFound).message,
            format!(
                "CSV file not found: {path} (relative to the project folder); `path` names one file \
                 and is no pattern; read each file in a step of its own"
            )
        );
    }
    // A name may look like a pattern.
    let path = folder.path().join("[c].csv");
    run(&path.to_string_lossy()).expect_ok().assert_rows(&json!([[1]]));
    for url in ["https://example.com/a.csv", "s3://bucket/a.csv", "-"] {
        let message = run(url).expect_err(Kind::NotFound).message;
        assert!(message.contains("there are no URLs and no standard input"), "{message}");
    }
}

#[test]
fn ragged_row_error_has_line_and_help() {
    assert_eq!(
        data("a,b\n1,2\n\n\"x\ny\",2\n3\n", json!({})),
        "x.csv line 6: 1 field in a table of 2; the row is too short; `ragged_rows: pad` reads what \
         it lacks as missing values"
    );
    // Found in the second pass, since the types are known without the first.
    assert_eq!(
        data("a,b\r\n1,2,3\r\n", json!({"dtype": {"a": "str", "b": "str"}})),
        "x.csv line 2: 3 fields in a table of 2; a field that holds the delimiter needs quotes; \
         `ragged_rows` says what else to do with rows that are too long"
    );
    assert_eq!(
        data("a,b,c,\n1,2,3\n", json!({})),
        "x.csv line 2: 3 fields in a table of 4; the header ends in a delimiter and the row does \
         not; `ragged_rows: pad` reads what the row lacks as missing values"
    );
    assert_eq!(
        data("a\n1,\n", json!({})),
        "x.csv line 2: 2 fields in a table of 1; the row ends in a delimiter and the header does \
         not; `ragged_rows: cut` leaves out what is beyond the header"
    );
    for (delimiter, shown) in [(";", ";"), ("|", "|"), ("\t", "\\t")] {
        let message = data(format!("id{delimiter}price\n1{delimiter}2,50\n"), json!({}));
        assert!(message.ends_with(&format!("so try `delimiter: \"{shown}\"`")), "{message}");
    }
}

#[test]
fn unbalanced_quote_error_has_line() {
    assert!(data("a\n\"x\n", json!({})).starts_with("x.csv line 2: field 1 opens a quote"));
    assert!(data("a\n\"x\"y\n", json!({})).starts_with("x.csv line 2: field 1 goes on after"));
}

#[test]
fn duplicate_column_names_are_rejected() {
    assert_eq!(
        data("a,b,a\n1,2,3\n", json!({})),
        "x.csv: columns 1 and 3 are both named \"a\"; `rename_duplicates: true` gives each a \
         name of its own, `names: [...]` replaces the header's, and `columns: [...]` reads others \
         only"
    );
    let message = data("1|155190|7706|1|17\n", json!({"delimiter": "|"}));
    assert!(message.contains("has no header, set `header: false`"), "{message}");
    assert_eq!(
        config("a,b\n", json!({"names": ["x"]})),
        "names: 1 names for the 2 columns of x.csv"
    );
}

#[test]
fn missing_columns_are_rejected() {
    assert_eq!(
        config("a,b\n", json!({"columns": ["zz"]})),
        "columns: no column \"zz\" in x.csv; it has \"a\", \"b\""
    );
    assert!(config("a\n", json!({"dtype": {"b": "int"}})).starts_with("dtype: no column \"b\""));
    assert!(config("a\n", json!({"parse_dates": ["b"]})).starts_with("parse_dates: no column"));
    assert_eq!(config("a\n", json!({"columns": ["a", "a"]})), "columns: \"a\" is there twice");
    assert!(config("", json!({"columns": ["a"]})).ends_with("which has no columns at all"));
}

#[test]
fn unfit_value_error_has_line_column_and_help() {
    assert_eq!(
        data("n,m\n1,x\n\"a\nb\",y\nz,w\n", json!({"dtype": {"n": "int"}})),
        "x.csv line 3: column \"n\" cannot hold \"a\\nb\": it is not int64; `dtype: {\"n\": str}` \
         reads the column as text"
    );
    assert_eq!(
        data("n\n1\n2\n007\n", json!({"infer_rows": 2})),
        "x.csv line 4: column \"n\" cannot hold \"007\": it is not int64, which the first 2 rows \
         are, or not written like them; without `infer_rows` all values decide the type; `dtype: {\"n\": str}` reads the column as text"
    );
    assert!(
        data("t\n2025-01-01 00:00Z\n", json!({"dtype": {"t": "timestamp"}}))
            .contains("`timestamptz`")
    );
    let long = data(format!("n\n{}\n", "é".repeat(100)), json!({"dtype": {"n": "int8"}}));
    assert!(long.contains(&format!("\"{}...\"", "é".repeat(60))), "{long}");
    for (value, dtype) in [
        ("128", "int8"),
        ("-1", "uint64"),
        ("1.005", "decimal(10,2)"),
        ("100", "decimal(3,1)"),
        ("2025-02-30", "date"),
        ("2025-01-01 00:00:00.0001", "timestamp(ms)"),
        ("yes", "bool"),
        ("1,0", "float64"),
    ] {
        let message = data(format!("n\n\"{value}\"\n"), json!({"dtype": {"n": dtype}}));
        assert!(message.starts_with("x.csv line 2: column \"n\" cannot hold"), "{message}");
    }
}

#[test]
fn undecodable_text_error_has_line_and_help() {
    assert_eq!(
        data(b"a,b\n1,caf\xE9\n", json!({})),
        "x.csv line 2 is not utf-8: byte 0xE9 at offset 9 has no meaning there; name the encoding \
         that the file was written in; `encoding: windows-1252` fits its bytes best, but look at \
         the text that it gives"
    );
    assert_eq!(
        data(b"\x7fELF\0\0", json!({})),
        "x.csv line 1 has a byte 0 at offset 4, which no text has; `nul: drop` leaves such bytes out \
         and `nul: keep` keeps them, unless it is a binary file and not CSV"
    );
    assert_eq!(
        data(b"\x1f\x8b\x08\0\0", json!({})),
        "x.csv is not text: it looks compressed with gzip; set `compression: gzip` to read what is \
         inside"
    );
}

#[test]
fn too_large_field_is_rejected() {
    let text = format!("a,b\n1,{}\n", "x".repeat(20 << 20));
    assert_eq!(
        data(text, json!({})),
        "x.csv line 2: field 2 is larger than the limit of 16 MiB; is a closing quote missing? \
         `field_limit` raises the limit"
    );
}

#[test]
fn invalid_config_is_explained() {
    for (options, message) in [
        (
            json!({"delimiter": ""}),
            "delimiter: it is empty; write the character in quotes, such as \"|\"",
        ),
        (json!({"delimiter": "123456789"}), "delimiter: \"123456789\" has 9 bytes; the most is 8"),
        (json!({"delimiter": "a\n"}), "delimiter: \"a\\n\" cannot hold '\\n'"),
        (json!({"quote": "ab"}), "quote: one ASCII character, but it is \"ab\""),
        (json!({"escape": ","}), "delimiter and escape are the same character"),
        (json!({"decimal": ",", "thousands": ","}), "decimal and thousands are the same character"),
        (json!({"field_limit": 0}), "field_limit: from 1 to 62914560 bytes, but it is 0"),
        (
            json!({"true_values": ["x"], "false_values": ["x"]}),
            "true_values and false_values: \"x\" is in both",
        ),
        (json!({"delimiter": "\""}), "delimiter and quote are the same character"),
        (json!({"comment": ","}), "delimiter and comment are the same character"),
        (json!({"chunk_size": 0}), "chunk_size: at least 1 row"),
    ] {
        assert_eq!(config("a\n", options), message);
    }
    let unknown = config("a\n", json!({"dtype": {"a": "money"}}));
    assert!(
        unknown.starts_with("dtype of column \"a\": \"money\" is no type; use str, bool"),
        "{unknown}"
    );
}

#[test]
fn cancelled_run_stops() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("x.csv");
    fs::write(&path, "a\n1\n").expect("a file in it");
    testing::run::<CsvExtractor>(json!({"path": path})).cancelled().expect_err(Kind::Cancelled);
}
