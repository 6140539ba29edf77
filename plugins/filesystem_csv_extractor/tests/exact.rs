//! No value changes without a word: numbers, identifiers, missing values.

mod common;

use common::{error, read, report, rows, types};
use osiris_sdk::DataType;
use serde_json::json;

#[test]
fn declared_float_is_exact_or_an_error() {
    for (value, dtype, why) in [
        ("1e400", "float64", "it is larger than any float64"),
        ("-1e400", "float64", "it is larger than any float64"),
        ("1e-400", "float64", "it is nearer to zero than any float64 but zero"),
        ("9007199254740993", "float64", "the nearest float64 is 9007199254740992.0"),
        ("0.1234567890123456789", "float64", "the nearest float64 is 0.12345678901234568"),
        ("16777217", "float32", "the nearest float32 is 16777216.0"),
        ("1.7976931348623157e+308", "float32", "it is larger than any float32"),
        ("1e-60", "float32", "it is nearer to zero than any float32 but zero"),
    ] {
        let text = format!("x,y\n1.5,a\n{value},b\n");
        let message = error(&text, json!({"dtype": {"x": dtype}}));
        let expected = format!("x.csv line 3: column \"x\" cannot hold \"{value}\": {why}");
        assert!(message.starts_with(&expected), "{message}");
        let rounds = why.starts_with("the nearest");
        assert_eq!(message.contains("`float: nearest`"), rounds, "{message}");
        // Rounding is a choice; infinity and zero are none.
        let nearest = report(&text, json!({"dtype": {"x": dtype}, "float": "nearest"}));
        assert_eq!(nearest.result.is_ok(), rounds, "{value}");
    }
    assert_eq!(
        rows("x\n0.10000000000000001\ninf\n-0.0\n1e22\n", json!({"dtype": {"x": "float64"}})),
        json!([[0.1], ["inf"], [-0.0], [1e22]])
    );
}

#[test]
fn value_after_the_sample_keeps_its_spelling_or_is_an_error() {
    let read = |first: &str, value: &str, options: serde_json::Value| {
        let mut options = options;
        options["infer_rows"] = json!(2);
        report(format!("a,b\n{first},x\n{first},x\n\"{value}\",x\n"), options)
    };
    for (first, values) in [
        (
            "1.5",
            vec![
                "007",
                "1E5",
                "00.5",
                "+5",
                "7",
                ".5",
                "5.",
                "NaN",
                "10000000000000000",
                "0.12345678901234567890",
                " 2.5",
                "1_000.5",
            ],
        ),
        ("1.50", vec!["1.500", "1.5", "2", "01.50", "+1.50", "-0.00", ".50", "1."]),
        ("12345678901234567890123", vec!["7.0", "7.", "007", "-0"]),
        ("1", vec!["007", "-0", "+1", "1.0", " 1", "1e3"]),
        ("18446744073709551615", vec!["-1", "007", "1.0"]),
        ("true", vec!["TRUE", "1", "t", " true"]),
    ] {
        for value in values {
            let found = read(first, value, json!({})).result;
            let message = found.expect_err(value).message;
            assert!(message.starts_with("x.csv line 4: column \"a\" cannot hold "), "{message}");
        }
    }
    for (first, values) in [
        ("2025-01-01", vec!["2025-1-1", " 2025-01-01", "2025-01-01 00:00:00"]),
        (
            "2025-01-01 10:00:00",
            vec![
                "2025-01-01T10:00:00",
                "2025-01-01 10:00",
                "2025-01-01",
                "2025-01-01 10:00:00.50",
                "2025-01-01 10:00:00+00:00",
                "2025-01-01 10:00:00.123456789",
            ],
        ),
        (
            "2025-01-01 10:00:00+01:00",
            vec!["2025-01-01 10:00:00+02:00", "2025-01-01 10:00:00Z", "2025-01-01 10:00:00"],
        ),
    ] {
        for value in values {
            let found = read(first, value, json!({"parse_dates": true})).result;
            assert!(found.is_err(), "{value}");
        }
    }
    for (first, value) in [("1.5", "2.25"), ("1.50", "0.07"), ("1", "-3"), ("0.5", "1e-07")] {
        assert!(read(first, value, json!({})).result.is_ok(), "{value}");
    }
}

#[test]
fn na_values_are_compared_as_text() {
    assert_eq!(
        rows("a,b\n007,x\n7,y\n", json!({"na_values": ["007"]})),
        json!([[null, "x"], [7, "y"]])
    );
    for (marker, other) in
        [("-999.00", "-999.0"), ("0x10", "16"), ("+5", "5"), (".5", "0.5"), ("-0", "0")]
    {
        let found = rows(
            format!("a,b\n{marker},x\n{other},y\n"),
            json!({"na_values": [marker], "dtype": {"a": "str"}}),
        );
        assert_eq!(found, json!([[null, "x"], [other, "y"]]), "{marker}");
    }
    let message = error("a\n1\n", json!({"na_values": [7]}));
    assert!(
        message.contains("`na_values[0]`") && message.contains("expected a string"),
        "{message}"
    );
}

#[test]
fn na_values_can_be_set_per_column() {
    let text = "amount,name,note\n-,NULL,-\n1,-,NULL\n";
    let options = json!({"na_values": {"amount": ["-"], "name": ["NULL", "n/a"]}});
    let (columns, found) = read(text, options);
    assert_eq!(found, json!([[null, null, "-"], [1, "-", "NULL"]]));
    assert_eq!(columns[0].1, DataType::Int64);
    // The names are those of the table, and quotes count in each column.
    let options = json!({"names": ["x", "y"], "columns": ["y"], "na_values": {"y": ["NA"]}});
    let kept = report("a,b\nNA,\"NA\"\nNA,NA\n", options);
    assert_eq!(kept.table().rows(), json!([["NA"], [null]]));
    kept.assert_logged("1 value equal to one of `na_values` kept as text for its quotes");
    let options = json!({"na_values": {"a": ["0"]}, "dtype": "int64"});
    assert_eq!(rows("a,b\n0,0\n", options), json!([[null, 0]]));
    assert_eq!(
        error("a,b\n1,2\n", json!({"na_values": {"amuont": ["-"]}})),
        "na_values: no column \"amuont\" in x.csv; it has \"a\", \"b\""
    );
    for (wrong, field, why) in [
        (json!({"a": "-"}), "na_values.a", "expected a sequence"),
        (json!({"a": [7]}), "na_values.a[0]", "expected a string"),
        (json!("-"), "na_values", "expected a list of texts, or one for each column by its name"),
    ] {
        let message = error("a\n1\n", json!({"na_values": wrong}));
        assert!(message.contains(&format!("`{field}`")) && message.contains(why), "{message}");
    }
}

#[test]
fn quoted_na_values_are_text_unless_quoted_na_is_set() {
    let text = "c,n\n\"NA\",1\nNA,2\n";
    let kept = report(text, json!({"na_values": ["NA"]}));
    assert_eq!(kept.table().rows(), json!([["NA", 1], [null, 2]]));
    kept.assert_logged(
        "1 value equal to one of `na_values` kept as text for its quotes; `quoted_na: true`",
    );
    let options = json!({"na_values": ["NA"], "quoted_na": true});
    assert_eq!(rows(text, options), json!([[null, 1], [null, 2]]));
    // In a column that cannot hold the text they say nothing.
    assert_eq!(
        rows("x,y\n\"1\",\"N/A\"\n\"N/A\",\"2\"\n", json!({"na_values": ["N/A"]})),
        json!([[1, null], [null, 2]])
    );
    let options = json!({"na_values": ["-"], "dtype": {"d": "date"}});
    assert_eq!(rows("d,x\n\"-\",1\n1970-01-02,2\n", options), json!([[null, 1], [1, 2]]));
}

#[test]
fn many_na_values_are_found_by_hash() {
    let names: Vec<String> = (0..500).map(|n| format!("missing-{n}")).collect();
    let text: String = (0..600).map(|n| format!("missing-{n},{n}\n")).collect();
    let found = rows(format!("a,b\n{text}"), json!({"na_values": names}));
    let missing = found.as_array().expect("rows").iter().filter(|row| row[0].is_null()).count();
    assert_eq!(missing, 500);
}

#[test]
fn invalid_date_error_suggests_a_format() {
    let message = error("A,B\n1,2024-03-08\n3,03/10/2024\n", json!({"parse_dates": ["B"]}));
    assert_eq!(
        message,
        "x.csv line 3: column \"B\" cannot hold \"03/10/2024\": it is no date or time as ISO 8601 \
         writes them, which `parse_dates` says; `date_format: {\"B\": \"%d/%m/%Y\"}` reads other \
         ways of writing them; `dtype: {\"B\": str}` reads the column as text"
    );
    let options = json!({"parse_dates": ["d"], "na_values": ["N/A"]});
    let message = error("d,x\n31/12/2023,1\nN/A,2\n", options);
    assert!(message.contains("\"31/12/2023\": it is no date or time as ISO 8601"), "{message}");
    let message =
        error("t\n2025-01-01 00:00:00+00:00\n2025-01-01\n", json!({"parse_dates": ["t"]}));
    assert!(
        message.starts_with(
            "x.csv line 3: column \"t\" cannot hold \"2025-01-01\": it has no offset, but the first \
             time of the column has one"
        ),
        "{message}"
    );
}

#[test]
fn decimal_comma_and_thousands_are_read() {
    let options = json!({"delimiter": ";", "decimal": ",", "thousands": "."});
    let (columns, found) = read("id;p;q;f\n1;2,50;1.234;0,5\n2;-1.000,00;7;1,25\n", options);
    assert_eq!(found, json!([[1, "2.50", 1234, 0.5], [2, "-1000.00", 7, 1.25]]));
    assert_eq!(columns[1].1, DataType::Decimal128(18, 2));
    let options = json!({"dtype": {"n": "decimal(12,2)"}, "thousands": ","});
    assert_eq!(rows("t,n\nab,\"100,000.00\"\n", options), json!([["ab", "100000.00"]]));
    let options =
        json!({"dtype": {"n": "float64", "i": "int64"}, "decimal": ",", "delimiter": ";"});
    assert_eq!(rows("n;i\n 1,5e3 ;\"7\"\n", options), json!([[1500.0, 7]]));
    // A point is no decimal comma, and a group is of three digits.
    let options = json!({"delimiter": ";", "decimal": ","});
    assert_eq!(types("a;b\n1.5;12\n2,5;13\n", options), [DataType::Utf8, DataType::Int64]);
    assert_eq!(types("a\n\"1,00\"\n", json!({"thousands": ","})), [DataType::Utf8]);
    let message =
        error("id;price\n1;2,50\n", json!({"delimiter": ";", "dtype": {"price": "decimal(10,2)"}}));
    assert!(message.contains("`decimal: \",\"` reads a decimal comma"), "{message}");
}

#[test]
fn declared_integer_accepts_zero_decimals() {
    let dtype = json!({"a": "int64", "b": "uint8"});
    assert_eq!(rows("a,b\n1.0,2.00\n-3,4\n", json!({"dtype": dtype})), json!([[1, 2], [-3, 4]]));
    for value in ["1.5", "1.", "1.0.0", "256.0", "1.0e0"] {
        let message = error(format!("a,b\n1,{value}\n"), json!({"dtype": dtype}));
        assert!(message.contains("it is not uint8"), "{message}");
    }
}

#[test]
fn true_and_false_values_are_configurable() {
    let bool = json!({"b": "bool"});
    assert_eq!(
        rows("b\nt\nF\nTRUE\n0\n", json!({"dtype": bool})),
        json!([[true], [false], [true], [false]])
    );
    let options = json!({"dtype": bool, "true_values": ["yes", "Y"], "false_values": ["no"]});
    assert_eq!(rows("b\nyes\nno\nY\nt\n", options), json!([[true], [false], [true], [true]]));
    let message = error("b\nyes\n", json!({"dtype": bool}));
    assert!(message.contains("`true_values` and `false_values` name other words"), "{message}");
}

#[test]
fn date_format_is_used_for_dates_and_times() {
    let format = json!({"d": "%d/%m/%Y", "t": "%m/%d/%Y, %I:%M %p"});
    let text = "d,t\n31/12/2023,\"1/2/2023, 12:33 PM\"\n,\n";
    assert_eq!(
        rows(text, json!({"date_format": format})),
        json!([[19_722, 1_672_662_780_000_000_i64], [null, null]])
    );
    let message = error("d\n2023-12-31\n", json!({"date_format": {"d": "%d/%m/%Y"}}));
    assert!(
        message.starts_with(
            "x.csv line 2: column \"d\" cannot hold \"2023-12-31\": it is not date as `date_format` \
             \"%d/%m/%Y\" says"
        ),
        "{message}"
    );
    let options = json!({"date_format": {"d": "%d/%m/%Y"}, "dtype": {"d": "timestamp(s)"}});
    assert_eq!(rows("d\n02/01/1970\n", options), json!([[86_400]]));
    for (options, part) in [
        (json!({"date_format": {"d": "dd/mm/yyyy"}}), "holds no directive"),
        (
            json!({"date_format": {"d": "%d/%m/%Y"}, "dtype": {"d": "str"}}),
            "does not make a value of type str",
        ),
        (json!({"date_format": {"e": "%d/%m/%Y"}}), "date_format: no column \"e\""),
    ] {
        let message = error("d\n1\n", options);
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn single_dtype_applies_to_all_columns() {
    assert_eq!(types("a,b\n001,1.50\n", json!({"dtype": "str"})), [DataType::Utf8, DataType::Utf8]);
    assert!(error("a\n1\n", json!({"dtype": "money"})).starts_with("dtype: \"money\" is no type"));
}

#[test]
fn columns_that_stay_text_are_logged_with_the_reason() {
    let text = "id,km,at,name,n\n001,2439.7,2025-01-31,x,1\n002,6371.0,2025-02-01,y,2\n";
    let found = report(text, json!({}));
    found.assert_logged("column `id` stays text: a number would not be written back as `001`");
    found.assert_logged(
        "column `at` stays text: `parse_dates` does not ask for dates like `2025-01-31`",
    );
    let found = report("at\n2025-01-31\n2025-01-31 10:00:00\n", json!({"parse_dates": true}));
    found.assert_logged(
        "column `at` stays text: not all values are written like `2025-01-31 10:00:00`",
    );
}
