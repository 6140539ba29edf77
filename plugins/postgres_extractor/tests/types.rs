//! The types of the server, and those of a table.

mod support;

use osiris_sdk::{DataType, Kind, TimeUnit};
use serde_json::{Value, json};
use services::postgres::on_each_server;
use support::read;

const US: TimeUnit = TimeUnit::Microsecond;

/// Reads one expression, and its null.
fn cell(connection: &Value, expression: &str) -> (DataType, Value) {
    let query = format!(
        "SELECT s.v FROM generate_series(1, 2) g LEFT JOIN (SELECT 1 AS one, {expression} AS v) s \
         ON s.one = g"
    );
    let report = read(connection, json!({"query": query})).expect_ok();
    let rows = report.table().rows();
    assert_eq!(rows[1][0], Value::Null, "{expression}");
    (report.table().schema().fields[0].data_type.clone(), rows[0][0].clone())
}

#[test]
fn every_type_keeps_its_values() {
    on_each_server(|server| {
        let connection = server.database(
        "types",
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN positive AS int8 CHECK (VALUE > 0);
         CREATE DOMAIN price AS numeric(8,3); CREATE TYPE pair AS (a int, b text);
         CREATE EXTENSION citext; CREATE EXTENSION hstore",
    );
        let utc = || DataType::Timestamp(US, Some("UTC".into()));
        let text = || DataType::Utf8;
        for (expression, data_type, value) in [
            ("true", DataType::Bool, json!(true)),
            ("(-32768)::int2", DataType::Int16, json!(-32768)),
            ("(-2147483648)::int4", DataType::Int32, json!(-2147483648)),
            ("9223372036854775807::int8", DataType::Int64, json!(i64::MAX)),
            ("4294967295::oid", DataType::UInt32, json!(u32::MAX)),
            ("1.5::float4", DataType::Float32, json!(1.5)),
            ("'-Infinity'::float8", DataType::Float64, json!("-inf")),
            ("0.1::float8", DataType::Float64, json!(0.1)),
            ("(-0.05)::numeric(10,2)", DataType::Decimal128(10, 2), json!("-0.05")),
            ("12345678.9::numeric(10,2)", DataType::Decimal128(10, 2), json!("12345678.90")),
            ("100000000::numeric(10,1)", DataType::Decimal128(10, 1), json!("100000000.0")),
            ("0.0001::numeric(18,18)", DataType::Decimal128(18, 18), json!("0.000100000000000000")),
            (
                "(-999999999999999999)::numeric(18,0)",
                DataType::Decimal128(18, 0),
                json!("-999999999999999999"),
            ),
            ("120000::numeric(19,1)", DataType::Decimal128(19, 1), json!("120000.0")),
            ("0::numeric(10,1)", DataType::Decimal128(10, 1), json!("0.0")),
            ("12345::numeric(5,-2)", DataType::Decimal128(7, 0), json!("12300")),
            (
                "99999999999999999999999999999999999999::numeric(38,0)",
                DataType::Decimal128(38, 0),
                json!("99999999999999999999999999999999999999"),
            ),
            (
                "(-0.99999999999999999999999999999999999999)::numeric(38,38)",
                DataType::Decimal128(38, 38),
                json!("-0.99999999999999999999999999999999999999"),
            ),
            ("1.230::price", DataType::Decimal128(8, 3), json!("1.230")),
            ("1.50::numeric", text(), json!("1.50")),
            ("1e40::numeric", text(), json!(format!("1{}", "0".repeat(40)))),
            ("-0.000012::numeric", text(), json!("-0.000012")),
            ("10000.00010::numeric", text(), json!("10000.00010")),
            ("'NaN'::numeric", text(), json!("NaN")),
            ("'-Infinity'::numeric", text(), json!("-Infinity")),
            ("'Příliš 🐘'::text", text(), json!("Příliš 🐘")),
            ("'ab'::varchar(5)", text(), json!("ab")),
            ("'ab'::char(4)", text(), json!("ab  ")),
            ("'n'::name", text(), json!("n")),
            ("'x'::\"char\"", text(), json!("x")),
            ("'CI'::citext", text(), json!("CI")),
            ("'ok'::mood", text(), json!("ok")),
            ("'<a/>'::xml", text(), json!("<a/>")),
            ("'{\"a\":  1}'::json", text(), json!("{\"a\":  1}")),
            ("'{\"a\":  1}'::jsonb", text(), json!("{\"a\": 1}")),
            (
                "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid",
                text(),
                json!("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            ),
            ("'\\x00ff'::bytea", DataType::Binary, json!("00ff")),
            ("'1969-12-31'::date", DataType::Date32, json!(-1)),
            ("'4713-01-01 BC'::date", DataType::Date32, json!(-2_440_550)),
            ("'23:59:59.999999'::time", DataType::Time64(US), json!(86_399_999_999_i64)),
            ("'12:00:00+02'::timetz", text(), json!("12:00:00+02")),
            ("'1970-01-01 00:00:01.5'::timestamp", DataType::Timestamp(US, None), json!(1_500_000)),
            ("'1970-01-01 02:00:00+02'::timestamptz", utc(), json!(0)),
            ("'1 year 2 days 03:04:05'::interval", text(), json!("1 year 2 days 03:04:05")),
            ("'12.34'::money", text(), json!("$12.34")),
            ("'10.0.0.1/8'::inet", text(), json!("10.0.0.1/8")),
            ("'10.0.0.0/8'::cidr", text(), json!("10.0.0.0/8")),
            ("'08:00:2b:01:02:03'::macaddr", text(), json!("08:00:2b:01:02:03")),
            ("b'101'", text(), json!("101")),
            ("b'101'::varbit", text(), json!("101")),
            ("'[1,3)'::int4range", text(), json!("[1,3)")),
            ("'{[1,3)}'::int4multirange", text(), json!("{[1,3)}")),
            ("'(1,2)'::point", text(), json!("(1,2)")),
            ("'a fat'::tsvector", text(), json!("'a' 'fat'")),
            ("'a=>1'::hstore", text(), json!("\"a\"=>\"1\"")),
            ("ROW(1,'x')::pair", text(), json!("(1,x)")),
            ("7::positive", DataType::Int64, json!(7)),
            ("'{1,NULL,3}'::int4[]", DataType::list_of(DataType::Int32), json!([1, null, 3])),
            ("'{}'::text[]", DataType::list_of(text()), json!([])),
            ("'{a,\"b c\"}'::text[]", DataType::list_of(text()), json!(["a", "b c"])),
            ("'{7}'::positive[]", DataType::list_of(DataType::Int64), json!([7])),
            (
                "'{1.5}'::numeric(4,2)[]",
                DataType::list_of(DataType::Decimal128(4, 2)),
                json!(["1.50"]),
            ),
            ("'{10.0.0.1}'::inet[]", text(), json!("{10.0.0.1}")),
            ("'1 2'::int2vector", text(), json!("1 2")),
        ] {
            let found = cell(&connection, expression);
            assert_eq!(found, (data_type, value), "{expression}");
        }
    });
}

#[test]
fn unsupported_value_error_has_help() {
    on_each_server(|server| {
        let connection = server.database("misfits", "CREATE TABLE m (grid int[][])");
        server.sql("misfits", "INSERT INTO m VALUES ('{{1,2},{3,4}}')").unwrap();
        for (expression, why) in [
            ("'infinity'::date", "row 2, column \"v\": the value is infinity"),
            ("'-infinity'::timestamptz", "\"v\"::text"),
            ("'NaN'::numeric(5,2)", "the value is NaN"),
            ("'294276-12-31'::timestamp", "beyond the year 294246"),
            ("'{{1},{2}}'::int[]", "more than one dimension"),
        ] {
            let query = format!("SELECT NULL AS v UNION ALL SELECT {expression}");
            let query = if expression.contains("numeric") {
                format!("SELECT NULL::numeric(5,2) AS v UNION ALL SELECT {expression}")
            } else {
                query
            };
            let error = read(&connection, json!({"query": query})).expect_err(Kind::Data);
            assert!(error.message.contains(why), "{error}");
        }
        // A column that is declared with two dimensions is text from the start.
        read(&connection, json!({"table": "m"}))
            .expect_ok()
            .assert_rows(&json!([["{{1,2},{3,4}}"]]));
    });
}

#[test]
fn infinity_and_nan_follow_the_config() {
    on_each_server(|server| {
        let connection = server.database(
            "specials",
            "CREATE TABLE t (id int, d date, ts timestamptz, n numeric(5,2), l date[], f float8);
         INSERT INTO t VALUES (1, '2024-01-01', '2024-01-01', 1.5, '{2024-01-01}', 'NaN'),
           (2, 'infinity', '-infinity', 'NaN', '{infinity,2024-01-01}', 'Infinity')",
        );
        let error = read(&connection, json!({"table": "t"})).expect_err(Kind::Data);
        assert!(error.message.contains("`infinity: null` or `infinity: text`"), "{error}");
        let error =
            read(&connection, json!({"table": "t", "infinity": "null"})).expect_err(Kind::Data);
        assert!(error.message.contains("`nan: null` or `nan: text`"), "{error}");
        let config = json!({"table": "t", "infinity": "null", "nan": "null"});
        read(&connection, config).expect_ok().assert_rows(&json!([
            [1, 19723, 1_704_067_200_000_000_i64, "1.50", [19723], "NaN"],
            [2, null, null, null, [null, 19723], "inf"],
        ]));
        let config = json!({"table": "t", "infinity": "text", "nan": "text"});
        read(&connection, config).expect_ok().assert_rows(&json!([
            [1, "2024-01-01", "2024-01-01 00:00:00+00", "1.50", "{2024-01-01}", "NaN"],
            [2, "infinity", "-infinity", "NaN", "{infinity,2024-01-01}", "inf"],
        ]));
    });
}

#[test]
fn columns_have_their_native_type_as_metadata() {
    on_each_server(|server| {
        let connection = server.database(
        "carried",
        "CREATE TYPE mood AS ENUM ('ok'); CREATE DOMAIN price AS numeric(8,3);
         CREATE TABLE t (a numeric(5,2)[], b mood, c price, d varchar(20), e interval(3), f \"char\")",
    );
        let report = read(&connection, json!({"table": "t"})).expect_ok();
        let carried =
            report.table().schema().fields.iter().map(|field| field.metadata[0].1.as_str());
        assert_eq!(
            carried.collect::<Vec<_>>(),
            [
                "numeric(5,2)[]",
                "mood",
                "numeric(8,3)",
                "character varying(20)",
                "interval(3)",
                "\"char\"",
            ]
        );
    });
}

#[test]
fn text_of_unknown_encoding_is_checked() {
    on_each_server(|server| {
        let connection = {
            server
                .sql(
                    "postgres",
                    "CREATE DATABASE ascii TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'",
                )
                .unwrap();
            server
                .sql("ascii", "CREATE TABLE t (v text); INSERT INTO t VALUES ('ok'), (E'\\xff')")
                .unwrap();
            server.connection("ascii")
        };
        let error = read(&connection, json!({"table": "t"})).expect_err(Kind::Data);
        assert!(error.message.contains("row 2, column \"v\": the value is not UTF-8"), "{error}");
        let way_out = json!({"query": "SELECT convert_to(\"v\", 'SQL_ASCII') AS v FROM t"});
        read(&connection, way_out).expect_ok().assert_rows(&json!([["6f6b"], ["ff"]]));
    });
}
