//! Each row of a file is a row of the table, or is accounted for.

mod common;

use std::fs;

use common::{error, names, read, report, rows, types};
use osiris_sdk::DataType;
use osiris_sdk::testing::Report;
use serde_json::json;

#[test]
fn excel_sep_line_sets_the_delimiter() {
    let text = "sep=;\r\na;b\r\n1;2\r\n3;4\r\n";
    for (text, options) in [
        (text.to_owned(), json!({"delimiter": ";"})),
        (text.to_owned(), json!({})),
        (text.replace("sep=;", "\"SEP=;\""), json!({})),
        (text.replace("sep=;\r\n", "sep=;\n"), json!({})),
        (format!("\u{FEFF}{text}"), json!({})),
        (text.replace(';', "\t"), json!({})),
        (text.to_owned(), json!({"skip_rows": 1, "delimiter": ";"})),
    ] {
        let (columns, found) = read(&text, options);
        assert_eq!(columns.iter().map(|c| c.0.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(found, json!([[1, 2], [3, 4]]), "{text:?}");
    }
    assert_eq!(rows("sep=;\n1;2\n", json!({"header": false})), json!([[1, 2]]));
    assert_eq!(names("sep=,\na,b,c\n", json!({})), ["a", "b", "c"]);
    let message = error(text, json!({"delimiter": "|"}));
    assert!(message.starts_with("delimiter: it is \"|\", but line 1 of "), "{message}");
    // Anywhere else it is data.
    assert_eq!(rows("a\nsep=;\n", json!({})), json!([["sep=;"]]));
    assert_eq!(names("sep=ab\n1\n", json!({})), ["sep=ab"]);
    assert_eq!(names("sep=1\nx\n", json!({})), ["sep=1"]);
}

#[test]
fn empty_line_is_null_in_a_one_column_table() {
    assert_eq!(rows("x\na\n\nb\n", json!({})), json!([["a"], [null], ["b"]]));
    assert_eq!(rows("x\n1\n\n3\n\n", json!({})), json!([[1], [null], [3], [null]]));
    assert_eq!(rows("a\nx\n\n\"\"\n", json!({})), json!([["x"], [null], [""]]));
    assert_eq!(
        rows("\n\nx\n\ny", json!({"header": false})),
        json!([[null], [null], ["x"], [null], ["y"]])
    );
    let skipped = report("x\na\n\nb\n", json!({"skip_blank_lines": true}));
    assert_eq!(skipped.table().rows(), json!([["a"], ["b"]]));
    skipped.assert_logged("1 empty line left out");
    let wider = report("a,b\n1,2\n\n\n3,4\n", json!({}));
    assert_eq!(wider.table().rows(), json!([[1, 2], [3, 4]]));
    wider.assert_logged("2 empty lines left out; `skip_blank_lines: false`");
}

#[test]
fn skipping_more_lines_than_exist_is_an_error() {
    for (options, message) in [
        (json!({"skip_rows": 5}), "skip_rows: 5 lines to drop, but "),
        (json!({"skip_rows": 2}), "skip_rows: "),
        (json!({"header": 5}), "header: row 5, counted from 0, is to name the columns, but "),
        (json!({"header": 2}), "header: row 2, counted from 0, is to name the columns, but "),
        (json!({"skip_footer": 3}), "skip_footer: 3 lines to drop, but "),
    ] {
        let found = error("a,b\n1,2\n", options);
        assert!(found.starts_with(message), "{found}");
    }
    assert_eq!(rows("a,b\n1,2\n", json!({"header": 1})), json!([]));
}

#[test]
fn dropped_header_that_looks_like_data_is_a_warning() {
    let options = json!({"names": ["id", "name"]});
    let dropped = report("1,Ann\n2,Bob\n", options.clone());
    dropped.assert_logged("the first row, \"1, Ann\", was dropped as the header");
    for text in ["ID,Name\n2,Bob\n", "number,first\n2,Bob\n"] {
        let found = report(text, options.clone());
        assert!(!format!("{:?}", found.logs).contains("was dropped"), "{text}");
    }
}

#[test]
fn header_with_another_delimiter_is_a_warning() {
    let found = report("id;name\n1;foo\n", json!({}));
    assert_eq!(found.table().rows(), json!([["1;foo"]]));
    found.assert_logged("`delimiter: \";\"` reads more of them");
}

#[test]
fn duplicate_names_matter_only_if_selected() {
    let text = "id,name,name,score\n1,a,b,2\n";
    assert_eq!(rows(text, json!({"columns": ["id", "score"]})), json!([[1, 2]]));
    assert_eq!(rows("a,b,,\n1,2,,\n", json!({"columns": ["a", "b"]})), json!([[1, 2]]));
    for options in [
        json!({}),
        json!({"columns": ["name"]}),
        json!({"dtype": {"name": "str"}, "columns": ["id"]}),
    ] {
        assert!(error(text, options).contains("columns 2 and 3 are both named \"name\""));
    }
    let renamed = json!({"rename_duplicates": true});
    assert_eq!(names(text, renamed.clone()), ["id", "name", "name_1", "score"]);
    assert_eq!(
        names("a,a,a_1,,,a\n1,2,3,4,5,6\n", renamed),
        ["a", "a_2", "a_1", "column_4", "column_5", "a_3"]
    );
}

#[test]
fn too_long_header_name_is_rejected() {
    let message = error(format!("1,{}\n2,z\n", "y".repeat(70_000)), json!({}));
    assert_eq!(
        message,
        "x.csv line 1: the name of column 2 has 70000 bytes, and the most is 65536; is there a \
         header? `header: false` reads the row as data"
    );
}

#[test]
fn ragged_rows_are_padded_cut_or_skipped() {
    let padded = report("a,b,c\n1,2\n3,4,5\n", json!({"ragged_rows": "pad"}));
    assert_eq!(padded.table().rows(), json!([[1, 2, null], [3, 4, 5]]));
    padded.assert_logged("1 row: too short, ends in missing values (`ragged_rows: pad`)");
    let cut = report("a,b\n1,2,\n3,4,5\n", json!({"ragged_rows": "cut"}));
    assert_eq!(cut.table().rows(), json!([[1, 2], [3, 4]]));
    cut.assert_logged("2 rows: too long, lost what is beyond the header (`ragged_rows: cut`)");
    let skipped = report("a,b\n1,2\n3\n4,5,6\n7,8\n", json!({"ragged_rows": "skip"}));
    assert_eq!(skipped.table().rows(), json!([[1, 2], [7, 8]]));
    skipped.assert_logged("2 rows: too short or too long, left out (`ragged_rows: skip`)");
}

/// Reads a file with rows set aside; the table's rows, the file of the others,
/// and the log.
fn set_aside(content: &str, options: serde_json::Value) -> (Report, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("rejects.csv");
    fs::write(&path, "file,line,reason,row\nold.csv,1,x,y\n").expect("a file of an earlier run");
    let mut config = options;
    config["ragged_rows"] = json!("aside");
    config["rejects"] = json!(path);
    let report = report(content, config);
    let entries = fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(entries, 1, "no temporary file stays");
    let text = fs::read_to_string(path).expect("the rows set aside");
    // The file's own folder is another each time.
    let text = text.lines().map(|line| match line.split_once("/x.csv\"") {
        Some((_, rest)) => format!("x.csv{rest}\n"),
        None => format!("{line}\n"),
    });
    (report, text.collect())
}

#[test]
fn rejected_rows_go_to_a_separate_file() {
    let text = "a,b\r\n1,2\r\n3\r\n\r\n\"x\ny\",4\r\n5,\"6, \"\"z\"\"\nw\",7\r\n8,9\r\n10";
    let (found, rejects) = set_aside(text, json!({}));
    assert_eq!(found.table().rows(), json!([["1", 2], ["x\ny", 4], ["8", 9]]));
    assert_eq!(
        rejects,
        "file,line,reason,row\n\
         x.csv,3,1 field in a table of 2,\"3\"\n\
         x.csv,7,3 fields in a table of 2,\"5,\"\"6, \"\"\"\"z\"\"\"\"\nw\"\",7\"\n\
         x.csv,10,1 field in a table of 2,\"10\"\n"
    );
    found.assert_logged("3 rows: too short or too long, set aside in ");
    // Of the rows that are not wanted none is.
    let (found, rejects) = set_aside("a,b\n1\n1,2\n3,4\n5\n6,7\n", json!({"limit": 2}));
    assert_eq!(found.table().rows(), json!([[1, 2], [3, 4]]));
    assert_eq!(rejects, "file,line,reason,row\nx.csv,2,1 field in a table of 2,\"1\"\n");
    found.assert_logged("1 row: too short or too long, set aside in ");
    // An earlier run's rows are not left there as if they were of this one.
    assert_eq!(set_aside("a,b\n1,2\n", json!({})).1, "file,line,reason,row\n");
    assert_eq!(set_aside("", json!({})).1, "file,line,reason,row\n");
    // What stands before the header counts as lines.
    let options = json!({"skip_rows": 2, "comment": "#", "delimiter": ";"});
    let (_, rejects) = set_aside("x\n\"y\n#\na;b\n1;2\n#\n\n3\n", options);
    assert_eq!(rejects, "file,line,reason,row\nx.csv,8,1 field in a table of 2,\"3\"\n");
}

#[test]
fn many_rejected_rows_are_all_written() {
    // More than fit into a buffer, between rows of the table and alone.
    let mut text = "a,b\n".to_owned();
    let mut expected = "file,line,reason,row\n".to_owned();
    for line in 2..200_000 {
        if line % 50_000 == 0 {
            text += &format!("{line},good\n");
        } else {
            text += &format!("{line}\n");
            expected += &format!("x.csv,{line},1 field in a table of 2,\"{line}\"\n");
        }
    }
    let (found, rejects) = set_aside(&text, json!({}));
    assert_eq!(
        found.table().rows(),
        json!([[50_000, "good"], [100_000, "good"], [150_000, "good"]])
    );
    assert!(
        rejects == expected,
        "{} and {} lines",
        rejects.lines().count(),
        expected.lines().count()
    );
}

#[test]
fn rejects_file_replaces_no_other_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("data.csv");
    fs::write(&path, "file,line\n1,2\n").expect("a file");
    let options = |path: &std::path::Path| json!({"ragged_rows": "aside", "rejects": path});
    let message = error("a,b\n1,2\n", options(&path));
    assert!(message.contains("is there and was not written by an earlier run"), "{message}");
    assert_eq!(fs::read_to_string(&path).expect("the file"), "file,line\n1,2\n");
    let message = error("a,b\n1,2\n", options(folder.path()));
    assert!(message.contains("is a directory; `rejects` names the file"), "{message}");
    // A run that fails leaves the file as it was.
    let path = folder.path().join("rejects.csv");
    let failing = json!({"ragged_rows": "aside", "rejects": path, "dtype": {"a": "int64"}});
    assert!(error("a,b\n1\nx,2\n", failing).contains("it is not int64"));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    assert_eq!(
        error("a\n", json!({"ragged_rows": "aside"})),
        "ragged_rows: rows cannot be set aside without a file for them; name one, such as \
         `rejects: rejects.csv`"
    );
    let config = json!({"path": "./x/a.csv", "ragged_rows": "aside", "rejects": "x/./a.csv"});
    let same = osiris_sdk::testing::run::<filesystem_csv_extractor::CsvExtractor>(config);
    assert_eq!(
        same.expect_err(osiris_sdk::Kind::Config).message,
        "rejects: it is the file that `path` names; name another one"
    );
    assert_eq!(
        error("a\n", json!({"rejects": "rejects.csv"})),
        "rejects: no rows are set aside; set `ragged_rows: aside`, or remove `rejects`"
    );
}

#[test]
fn skip_footer_drops_the_last_lines() {
    let text = "a,b\n1,2\nTOTAL,6\n\nprinted \"today\n";
    assert_eq!(rows(text, json!({"skip_footer": 2})), json!([[1, 2]]));
    assert_eq!(types(text, json!({"skip_footer": 2})), [DataType::Int64, DataType::Int64]);
}

#[test]
fn escape_and_multi_byte_delimiter_are_applied() {
    let escaped = json!({"escape": "\\"});
    assert_eq!(
        rows("a,b\nJeans,\"2\\\" seam, blue\"\n\"This is \\\"quoted\\\"\",C:\\users\n", escaped),
        json!([["Jeans", "2\" seam, blue"], ["This is \"quoted\"", "C:\\users"]])
    );
    assert_eq!(rows("a||b\n1||2\n", json!({"delimiter": "||"})), json!([[1, 2]]));
    assert_eq!(rows("a\u{1}b\n1\u{1}2\n", json!({"delimiter": "\u{1}"})), json!([[1, 2]]));
    assert_eq!(rows("a\tb\n1\t2\n", json!({"delimiter": "tab"})), json!([[1, 2]]));
    assert_eq!(rows("a, b\nx, \"y, z\"\n", json!({"trim": "start"})), json!([["x", "y, z"]]));
    assert_eq!(rows("a , b\n 1 , \"2\" \n", json!({"trim": "both"})), json!([[1, 2]]));
}

#[test]
fn long_field_does_not_enlarge_later_batches() {
    let wide = format!("wkt{}\n", (0..30).map(|n| format!(",n{n}")).collect::<String>());
    let long = format!("\"{}\"{}\n", "x".repeat(9 << 20), ",1".repeat(30));
    let text = wide + &long + &format!("p{}\n", ",".repeat(30)).repeat(60_000);
    let found = report(text, json!({}));
    assert_eq!(found.table().row_count(), 60_001);
    let largest = found.table().batches().iter().map(|batch| batch.rows()).max();
    // 31 values of 8 bytes and more in a batch of half a megabyte.
    assert!(largest < Some(4_000), "{largest:?}");
}

#[test]
fn batches_stay_below_the_host_limit() {
    let text = "a\n".to_owned() + &format!("{}\n", "y".repeat(1 << 20)).repeat(80);
    let found = report(text, json!({"chunk_size": 1000}));
    assert_eq!(found.table().row_count(), 80);
    for batch in found.table().batches() {
        assert!(batch.rows() <= 40, "{}", batch.rows());
    }
}

#[test]
fn raised_field_limit_accepts_larger_fields() {
    let text = format!("a,b\n1,{}\n", "x".repeat(20 << 20));
    assert!(error(&text, json!({})).contains("`field_limit` raises the limit"));
    let found = report(&text, json!({"field_limit": 32 << 20}));
    assert_eq!(found.table().row_count(), 1);
    let low = error("a\n12345\n", json!({"field_limit": 4}));
    assert!(low.contains("larger than the limit of 4 bytes"), "{low}");
}

#[test]
fn wide_table_is_read_in_batches_of_many_rows() {
    const COLUMNS: usize = 20_000;
    // A row of 13 bytes a field is longer than the buffer of other tables.
    let cell = |row: usize, column: usize| row * 7_919 + column * 31;
    let line =
        |text: &dyn Fn(usize) -> String| (0..COLUMNS).map(text).collect::<Vec<_>>().join(",");
    let header = line(&|column| format!("c{column}"));
    let body: Vec<_> = (0..30)
        .map(|row| {
            line(&|column| match column % 2 {
                0 => cell(row, column).to_string(),
                _ => format!("\"text, {}\"", cell(row, column)),
            })
        })
        .collect();
    let found = report(format!("{header}\n{}\n", body.join("\n")), json!({}));
    assert_eq!(found.table().schema().fields.len(), COLUMNS);
    let rows = found.table().rows();
    for (row, column) in [(0, 0), (0, COLUMNS - 1), (17, 1_234), (29, 9_999), (29, COLUMNS - 1)] {
        let expected = match column % 2 {
            0 => json!(cell(row, column)),
            _ => json!(format!("text, {}", cell(row, column))),
        };
        assert_eq!(rows[row][column], expected, "{row} {column}");
    }
    let batches: Vec<_> = found.table().batches().iter().map(|batch| batch.rows()).collect();
    assert_eq!(batches.iter().sum::<usize>(), 30);
    assert!(batches.len() <= 2, "{batches:?}");
}
