//! Values that a column cannot hold as they are: an error, or what the step asks for.

mod support;

use osiris_sdk::testing::table;
use osiris_sdk::{DataType, Kind, TimeUnit};
use serde_json::{Value, json};
use services::postgres::on_each_server;
use support::write;

fn one(value: Value) -> osiris_sdk::testing::Table {
    table(&[("v", DataType::Utf8)], &json!([[value]]))
}

/// Types of columns, texts that they hold, and texts that they would change.
const CASES: &[(&str, &[&str], &[&str])] = &[
    (
        "timestamp(0)",
        &["2024-01-01 10:00:00", "2024-01-01 10:00:00.000", "2024-01-01T10:00", "infinity"],
        &["2024-01-01 10:00:00.6", "2024-01-01 10:00:00+05", "2024-01-01 10:00:00Z"],
    ),
    (
        "timestamp",
        &["2024-01-01 10:00:00.123456", "2024-01-01 10:00:00.1234560", "0044-03-15 10:00:00 BC"],
        &[
            "2024-01-01 10:00:00.1234567",
            "2024-01-01 10:00:00+00",
            "2024-01-01 10:00:00 Europe/Prague",
        ],
    ),
    (
        "timestamptz(3)",
        &["2024-01-01 10:00:00.123+05", "2024-01-01 10:00:00.1230Z", "2024-06-01 10:00 CEST"],
        &["2024-01-01 10:00:00.1234+05"],
    ),
    (
        "date",
        &[
            "2024-01-01",
            "5874897-12-31",
            "0044-03-15 BC",
            "2024-01-01 00:00:00",
            "infinity",
            "20240101",
            "Jan 8, 1999",
        ],
        &[
            "2024-01-01 23:59:59",
            "2024-01-01 00:00:00+05",
            "2024-01-01T00:00:00Z",
            "01-02-03",
            "1.239",
        ],
    ),
    (
        "time(0)",
        &["10:00", "10:00:00", "24:00:00", "10:00 pm", "100000"],
        &["10:00:00.6", "10:00:00+05", "2024-01-01 10:00:00"],
    ),
    ("time", &["10:00:00.000001"], &["10:00:00.0000001", "10:00:00Z"]),
    ("timetz(0)", &["10:00:00+05", "10:00:00"], &["10:00:00.6+05", "2024-01-01 10:00:00+05"]),
    ("interval(0)", &["1 day 2:03:04", "1 mon"], &["1.6 s"]),
    ("interval", &["1 day 2:03:04.000001"], &["0.0000001 s"]),
    ("interval day to minute", &["1 day 2:03"], &["1 day 2:03:59"]),
    ("interval year", &["2 years"], &["2 years 1 mon"]),
    ("money", &["1.23", "$1,234.50", "-7", "1.230"], &["1.239", "0.001"]),
    (
        "real",
        &["0.1", "16777216", "1e10", "NaN", "-Infinity", "0.100000001"],
        &["16777217", "16777217.5", "3.14159265358979", "1e-60"],
    ),
    (
        "float8",
        &["0.1", "0.10000000000000001", "9007199254740992", "1e300"],
        &["9007199254740993", "0.12345678901234567890"],
    ),
    ("\"char\"", &["a", ""], &["abc", "é"]),
    ("numeric(5,2)", &["1.23", "1.230", "1e2"], &["1.239"]),
    ("numeric(5,-2)", &["12300", "-1e4", "0"], &["12345", "1.5", "50"]),
    ("char(3)", &["abc", "a"], &["abc "]),
    ("numeric(5,2)[]", &["{1.23,NULL}", "{}", "{{1.2},{3}}"], &["{1.239}", "{{1.2},{3.333}}"]),
    ("real[]", &["{0.1,16777216}", "{NaN,Infinity}"], &["{1,16777217}"]),
    ("float8[]", &["{0.1}"], &["{9007199254740993}"]),
    (
        "timestamp(0)[]",
        &["{2024-01-01 10:00:00}"],
        &["{2024-01-01 10:00:00.6}", "{2024-01-01 10:00:00+05}"],
    ),
    ("date[]", &["{2024-01-01,NULL}"], &["{2024-01-01 23:59:59}"]),
    ("time(0)[]", &["{10:00:00}"], &["{10:00:00.6}"]),
    ("interval(0)[]", &["{\"1 day\"}"], &["{\"1.6 s\"}"]),
    ("money[]", &["{1.23}"], &["{1.239}"]),
    ("varchar(3)", &["abc", "a"], &["abc "]),
    ("varchar(3)[]", &["{abc}"], &["{abcd}", "{\"abc  \"}"]),
    ("char(3)[]", &["{ab}"], &["{abcd}"]),
    ("bit(3)[]", &["{101}"], &["{10100}"]),
    ("price", &["1.23"], &["1.239"]),
    ("price[]", &["{1.23}"], &["{1.239}"]),
    ("dear", &["1.23"], &["1.239"]),
    ("dear[]", &["{1.23}"], &["{1.239}"]),
    ("item", &["(a,1.50,)", "(a,1.5,2024-01-01)"], &["(a,1.239,)", "(a,1,2024-01-01 10:00:00)"]),
    ("item[]", &["{\"(a,1.50,)\"}"], &["{\"(a,1.239,)\"}"]),
    ("point", &["(0.1,2)"], &["(9007199254740993,2)"]),
    ("box", &["(0,0),(1,2)"], &["(0,0),(1,9007199254740993)"]),
    ("daterange", &["[2024-01-01,2024-01-05]"], &["[\"2024-01-01 10:00\",2024-01-05]"]),
    ("int4range", &["[1,4]"], &[]),
    ("tstzrange", &["[2024-01-01 10:00+05,)"], &["[2024-01-01 10:00:00.1234567+05,)"]),
    ("oid", &["7", "4294967295"], &["-1"]),
    (
        "name[]",
        &["{a}"],
        &["{aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaa}"],
    ),
    ("inet", &["10.0.0.1/32", "::1"], &[]),
    ("int4", &["7", " 7 "], &[]),
    ("boolean", &["yes", "f"], &[]),
    ("bytea", &["\\x00ff"], &[]),
];

const TYPES: &str = "CREATE DOMAIN price AS numeric(5,2); CREATE DOMAIN dear AS price;
    CREATE TYPE item AS (name text, price numeric(5,2), at date)";

#[test]
fn text_that_a_column_would_change_is_rejected() {
    on_each_server(|server| {
        let connection = server.database("exact", TYPES);
        for (index, (native, good, bad)) in CASES.iter().enumerate() {
            let name = format!("t{index}");
            let create = format!("CREATE TABLE {name} (v {native})");
            server.sql("exact", &create).unwrap();
            for text in *good {
                let report = write(&connection, &one(json!(text)), json!({"table": name})).report();
                assert!(report.result.is_ok(), "{native}: {text}: {:?}", report.result);
            }
            let count = format!("SELECT count(*) FROM {name}");
            for text in *bad {
                let input = table(&[("v", DataType::Utf8)], &json!([[null], [text], [good[0]]]));
                let report = write(&connection, &input, json!({"table": name})).report();
                let error = report.result.expect_err(&format!("{native}: {text} is written"));
                assert_eq!(error.kind, Kind::Data, "{native}: {error}");
                assert!(error.message.contains("row 2, column \"v\""), "{native}: {error}");
                let shown: String = text.chars().take(50).collect();
                let shown = format!("{shown:?}");
                assert!(error.message.contains(shown.trim_end_matches('"')), "{native}: {error}");
                let written = server.sql("exact", &count).unwrap();
                assert_eq!(written, good.len().to_string(), "{native}: {text}");
            }
        }
    });
}

#[test]
fn values_are_rounded_on_request() {
    on_each_server(|server| {
        let connection = server.database("rounded", TYPES);
        let us = DataType::Timestamp(TimeUnit::Microsecond, None);
        for (index, (native, data_type, value, rounded)) in [
            ("timestamp(0)", DataType::Utf8, json!("2024-01-01 10:00:00.6"), "2024-01-01 10:00:01"),
            ("timestamp(0)", us, json!(600_000), "1970-01-01 00:00:01"),
            ("time", DataType::Time64(TimeUnit::Nanosecond), json!(1_600), "00:00:00.000002"),
            ("money", DataType::Utf8, json!("1.239"), "$1.24"),
            ("real", DataType::Utf8, json!("16777217"), "1.6777216e+07"),
            ("real", DataType::Float64, json!(0.1), "0.1"),
            (
                "float8",
                DataType::Decimal128(20, 2),
                json!("12345678901234567.89"),
                "1.2345678901234568e+16",
            ),
            ("numeric(5,2)", DataType::Utf8, json!("1.239"), "1.24"),
            ("numeric(5,2)", DataType::Decimal128(6, 3), json!("1.239"), "1.24"),
            ("numeric(5,2)[]", DataType::Utf8, json!("{1.239}"), "{1.24}"),
        ]
        .into_iter()
        .enumerate()
        {
            let name = format!("t{index}");
            server.sql("rounded", &format!("CREATE TABLE {name} (v {native})")).unwrap();
            let input = table(&[("v", data_type)], &json!([[value]]));
            let error = write(&connection, &input, json!({"table": name})).expect_err(Kind::Data);
            assert!(error.message.contains("`inexact: round`"), "{native}: {error}");
            write(&connection, &input, json!({"table": name, "inexact": "round"})).expect_ok();
            let found = server.sql("rounded", &format!("SELECT v FROM {name}")).unwrap();
            assert_eq!(found, rounded, "{native}");
        }
    });
}

#[test]
fn nul_characters_can_be_dropped() {
    on_each_server(|server| {
        let connection = server
            .database("nul", "CREATE TABLE t (a text, v varchar(2), j json, b jsonb, ip inet)");
        let columns = ["a", "v", "j", "b", "ip"].map(|name| (name, DataType::Utf8));
        let row = |index: usize, value: &str| {
            let mut row = json!([null, null, null, null, null]);
            row[index] = json!(value);
            table(&columns, &json!([[null, null, null, null, null], row]))
        };
        for (index, value) in [
            (0, "x\u{0}y"),
            (1, "\u{0}a"),
            (2, "\"\u{0}\""),
            (3, "{\"k\": \"x\\u0000y\"}"),
            (4, "::1\u{0}"),
        ] {
            let error = write(&connection, &row(index, value), json!({"table": "t"}));
            let error = error.expect_err(Kind::Data);
            assert!(error.message.contains("row 2"), "{error}");
            assert!(error.message.contains("`nul: remove`"), "{error}");
            write(&connection, &row(index, value), json!({"table": "t", "nul": "remove"}))
                .expect_ok();
        }
        let found = "SELECT string_agg(concat(a, v, j, b, ip), '|') FROM t WHERE num_nonnulls(a, v, j, b, ip) > 0";
        assert_eq!(server.sql("nul", found).unwrap(), "xy|a|\"\"|{\"k\": \"xy\"}|::1");
    });
}

#[test]
fn times_in_messages_are_readable() {
    on_each_server(|server| {
        let connection = server.database("shown", "CREATE TABLE t (ts timestamptz(0), tm time(0))");
        let us = TimeUnit::Microsecond;
        for (column, data_type, value, shown) in [
            (
                "ts",
                DataType::Timestamp(us, Some("UTC".into())),
                json!(1_704_103_200_000_600_i64),
                "\"2024-01-01 10:00:00.0006+00\" has smaller parts of a second",
            ),
            (
                "tm",
                DataType::Time64(us),
                json!(1),
                "\"00:00:00.000001\" has smaller parts of a second",
            ),
        ] {
            let input = table(&[(column, data_type)], &json!([[value]]));
            let error = write(&connection, &input, json!({"table": "t"})).expect_err(Kind::Data);
            assert!(error.message.contains(shown), "{error}");
        }
    });
}

#[test]
fn lossless_conversions_are_made() {
    on_each_server(|server| {
        let connection = server.database("lossless", "");
        let us = TimeUnit::Microsecond;
        for (index, (native, data_type, value, found)) in [
            ("timestamp", DataType::Date32, json!(-1), "1969-12-31 00:00:00"),
            ("timestamp(0)", DataType::Date32, json!(19_782), "2024-02-29 00:00:00"),
            ("text", DataType::Date32, json!(19_782), "2024-02-29"),
            (
                "text",
                DataType::Timestamp(us, Some("UTC".into())),
                json!(1),
                "1970-01-01 00:00:00.000001+00",
            ),
            ("varchar(20)", DataType::Time64(us), json!(1_500_000), "00:00:01.5"),
            ("integer", DataType::Bool, json!(true), "1"),
            ("float8", DataType::Decimal128(5, 2), json!("1.10"), "1.1"),
            (
                "uuid",
                DataType::Binary,
                json!("a0eebc999c0b4ef8bb6d6bb9bd380a11"),
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let name = format!("t{index}");
            server.sql("lossless", &format!("CREATE TABLE {name} (v {native})")).unwrap();
            let input = table(&[("v", data_type)], &json!([[value]]));
            write(&connection, &input, json!({"table": name})).expect_ok();
            let rows = server.sql("lossless", &format!("SELECT v FROM {name}")).unwrap();
            assert_eq!(rows, found, "{native}");
        }
    });
}

#[test]
fn list_items_are_checked_like_values() {
    on_each_server(|server| {
        let connection = server.database(
            "lists",
            &format!("{TYPES}; CREATE TABLE t (p price[], d dear[], v varchar(2)[])"),
        );
        let list = |item| DataType::list_of(item);
        for (column, data_type, good, bad) in [
            ("p", list(DataType::Decimal128(5, 3)), json!(["1.230"]), json!(["1.239"])),
            ("d", list(DataType::Utf8), json!(["1.23", null]), json!(["1.23", "1.239"])),
            ("v", list(DataType::Utf8), json!(["ab"]), json!(["ab "])),
        ] {
            let input =
                |value: &Value| table(&[(column, data_type.clone())], &json!([[null], [value]]));
            write(&connection, &input(&good), json!({"table": "t"})).expect_ok();
            let error =
                write(&connection, &input(&bad), json!({"table": "t"})).expect_err(Kind::Data);
            assert!(error.message.contains("row 2"), "{error}");
        }
    });
}
