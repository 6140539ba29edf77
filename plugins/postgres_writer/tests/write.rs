//! Tables that are written to a database.

mod support;

use osiris_sdk::testing::{self, table};
use osiris_sdk::{DataType, Kind, TimeUnit};
use postgres_extractor::PostgresExtractor;
use serde_json::{Value, json};
use services::postgres::{Postgres, on_each_server};
use support::{step, write};

const US: TimeUnit = TimeUnit::Microsecond;

fn people(rows: Value) -> testing::Table {
    table(&[("id", DataType::Int64), ("name", DataType::Utf8)], &rows)
}

fn written(report: &testing::Report) -> Option<u64> {
    report.result.as_ref().ok().and_then(|summary| summary.rows_written)
}

fn rows(server: &Postgres, database: &str, table: &str) -> String {
    server.sql(database, &format!("SELECT * FROM {table} ORDER BY 1, 2")).expect("rows")
}

#[test]
fn every_type_survives_a_round_trip() {
    on_each_server(|server| {
        let connection = server.database("back", "");
        let list = DataType::list_of;
        let columns = [
            ("n", DataType::Null, json!(null)),
            ("b", DataType::Bool, json!(true)),
            ("i8", DataType::Int8, json!(-128)),
            ("i16", DataType::Int16, json!(-32768)),
            ("i32", DataType::Int32, json!(i32::MIN)),
            ("i64", DataType::Int64, json!(i64::MIN)),
            ("u8", DataType::UInt8, json!(255)),
            ("u16", DataType::UInt16, json!(65535)),
            ("u32", DataType::UInt32, json!(u32::MAX)),
            ("u64", DataType::UInt64, json!(u64::MAX)),
            ("f32", DataType::Float32, json!(0.1_f32)),
            ("f64", DataType::Float64, json!("NaN")),
            ("t", DataType::Utf8, json!("Žluť 🐎 '\\")),
            ("x", DataType::Binary, json!("00ff")),
            ("d", DataType::Date32, json!(-1)),
            ("t32", DataType::Time32(TimeUnit::Second), json!(86399)),
            ("t64", DataType::Time64(TimeUnit::Nanosecond), json!(1_000)),
            ("ts", DataType::Timestamp(TimeUnit::Millisecond, None), json!(-1)),
            ("tz", DataType::Timestamp(US, Some("Europe/Prague".into())), json!(1)),
            ("dec", DataType::Decimal128(10, 2), json!("-12345678.05")),
            ("big", DataType::Decimal128(38, 0), json!("-99999999999999999999999999999999999999")),
            ("tiny", DataType::Decimal128(38, 38), json!(format!("0.{}1", "0".repeat(37)))),
            ("neg", DataType::Decimal128(3, -2), json!("12300")),
            ("li", list(DataType::Int32), json!([1, null, 3])),
            ("lt", list(DataType::Utf8), json!([])),
            ("ld", list(DataType::Decimal128(4, 1)), json!(["1.5"])),
        ];
        let input = {
            let types: Vec<_> =
                columns.iter().map(|(name, kind, _)| (*name, kind.clone())).collect();
            let values: Vec<_> = columns.iter().map(|(_, _, value)| value.clone()).collect();
            let nulls: Vec<_> = columns.iter().map(|_| Value::Null).collect();
            table(&types, &json!([values, nulls]))
        };
        let report = write(&connection, &input, json!({"table": "T x"})).expect_ok();
        report.assert_logged("created table \"public\".\"T x\"");
        assert_eq!(written(&report), Some(2));
        let config = json!({"resolved_connection": connection, "table": "T x"});
        let back = testing::run::<PostgresExtractor>(config.clone()).expect_ok();
        let mut expected: Vec<_> = columns.iter().map(|(_, _, value)| value.clone()).collect();
        expected[9] = json!("18446744073709551615");
        expected[10] = json!(0.1_f32);
        expected[15] = json!(86_399_000_000_i64);
        expected[16] = json!(1);
        expected[17] = json!(-1_000);
        let nulls: Vec<_> = columns.iter().map(|_| Value::Null).collect();
        back.assert_rows(&json!([expected, nulls]));
        // What was read can be written to the same table again.
        write(&connection, back.table(), json!({"table": "T x", "mode": "truncate"})).expect_ok();
        testing::run::<PostgresExtractor>(config)
            .expect_ok()
            .assert_rows(&json!([expected, nulls]));
    });
}

#[test]
fn write_modes_change_the_table() {
    on_each_server(|server| {
        let connection = server.database("modes", "");
        let go = |mode: &str, input: &testing::Table| {
            let mut config = json!({"table": "t", "mode": mode});
            if mode == "upsert" {
                config["upsert_keys"] = json!(["id"]);
            }
            written(&write(&connection, input, config).expect_ok())
        };
        assert_eq!(go("upsert", &people(json!([[1, "a"], [2, "b"]]))), Some(2));
        assert_eq!(go("append", &people(json!([[3, "c"]]))), Some(1));
        assert_eq!(go("upsert", &people(json!([[2, "B"], [4, "d"]]))), Some(2));
        assert_eq!(rows(server, "modes", "t"), "1|a\n2|B\n3|c\n4|d");
        // Of rows with the same key the last one counts.
        assert_eq!(go("upsert", &people(json!([[4, "x"], [5, "e"], [4, "D"]]))), Some(2));
        assert_eq!(rows(server, "modes", "t"), "1|a\n2|B\n3|c\n4|D\n5|e");
        assert_eq!(go("truncate", &people(json!([[7, "g"]]))), Some(1));
        assert_eq!(rows(server, "modes", "t"), "7|g");
        server.sql("modes", "CREATE ROLE modes_reader; GRANT SELECT ON t TO modes_reader").unwrap();
        assert_eq!(go("replace", &people(json!([[8, "h"]]))), Some(1));
        assert_eq!(rows(server, "modes", "t"), "8|h");
        let granted = "SELECT has_table_privilege('modes_reader', 't', 'SELECT')";
        assert_eq!(server.sql("modes", granted).unwrap(), "t");
        // Other columns make another table, but not without a word.
        let other = table(&[("a", DataType::Bool), ("z", DataType::Int8)], &json!([[true, 1]]));
        let replace = json!({"table": "t", "mode": "replace"});
        let error = write(&connection, &other, replace).expect_err(Kind::Config);
        assert!(error.message.contains("`schema_changes: recreate`"), "{error}");
        assert_eq!(rows(server, "modes", "t"), "8|h");
        let recreate = json!({"table": "t", "mode": "replace", "schema_changes": "recreate"});
        assert_eq!(written(&write(&connection, &other, recreate.clone()).expect_ok()), Some(1));
        assert_eq!(rows(server, "modes", "t"), "t|1");
        write(&connection, &people(json!([[8, "h"]])), recreate).expect_ok();
        // No rows are rows, too.
        assert_eq!(go("replace", &people(json!([]))), Some(0));
        assert_eq!(rows(server, "modes", "t"), "");
    });
}

#[test]
fn other_column_types_are_filled_exactly() {
    on_each_server(|server| {
        let connection = server.database(
        "feeds",
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN positive AS int CHECK (VALUE > 0);
         CREATE TABLE t (id serial PRIMARY KEY, i2 int2, n numeric(6,2), f float8, txt text, u uuid,
           j jsonb, m mood, ip inet, r int4range, p positive, v interval, ts timestamptz(3), x xml,
           twice int GENERATED ALWAYS AS (i2 * 2) STORED, c char(3), nn numeric)",
    );
        let utc = DataType::Timestamp(US, Some("UTC".into()));
        let text = || DataType::Utf8;
        let columns = [
            ("i2", DataType::Int64, json!(7)),
            ("n", text(), json!("-1.5e2")),
            ("f", DataType::Int32, json!(3)),
            ("txt", DataType::Decimal128(5, 2), json!("1.50")),
            ("u", text(), json!("{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}")),
            ("j", text(), json!("{\"a\": [1]}")),
            ("m", text(), json!("ok")),
            ("ip", text(), json!("10.0.0.1")),
            ("r", text(), json!("[1,5)")),
            ("p", DataType::UInt8, json!(5)),
            ("v", text(), json!("1 day")),
            ("ts", utc, json!(1_000)),
            ("x", text(), json!("<a/>")),
            ("twice", DataType::Int32, json!(0)),
            ("c", text(), json!("ab")),
            ("nn", DataType::Float64, json!(0.1)),
        ];
        let types: Vec<_> = columns.iter().map(|(name, kind, _)| (*name, kind.clone())).collect();
        let values: Vec<_> = columns.iter().map(|(_, _, value)| value.clone()).collect();
        let input = table(&types, &json!([values]));
        write(&connection, &input, json!({"table": "t"})).expect_ok();
        assert_eq!(
            rows(server, "feeds", "t"),
            "1|7|-150.00|3|1.50|a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|{\"a\": [1]}|ok|10.0.0.1|[1,5)|5|\
         1 day|1970-01-01 00:00:00.001+00|<a/>|14|ab |0.1"
        );
    });
}

#[test]
fn unfit_value_is_named() {
    on_each_server(|server| {
        let connection = server.database(
        "misfits",
        "CREATE DOMAIN positive AS int CHECK (VALUE > 0);
         CREATE TABLE t (i2 int2, n numeric(6,2), v varchar(3), ip inet, ts timestamp(0), k int NOT \
         NULL DEFAULT 1, p positive, u uuid, j jsonb, f real)",
    );
        let ts = |unit| DataType::Timestamp(unit, None);
        for (column, data_type, good, bad, why) in [
            (
                "i2",
                DataType::Int64,
                json!(1),
                json!(40_000),
                "\"40000\" is out of the range of smallint",
            ),
            (
                "n",
                DataType::Decimal128(9, 3),
                json!("1.500"),
                json!("1.505"),
                "\"1.505\" has more than",
            ),
            ("n", DataType::Int64, json!(1), json!(1_000_000), "numeric field overflow"),
            ("n", DataType::Utf8, json!("1"), json!("x"), "\"x\" is no number"),
            ("v", DataType::Utf8, json!("abc"), json!("abcd"), "too long"),
            (
                "ip",
                DataType::Utf8,
                json!("10.0.0.1"),
                json!("10.0.0.256"),
                "\"10.0.0.256\" is refused",
            ),
            ("ts", ts(TimeUnit::Second), json!(1), json!(i64::MAX), "out of the range"),
            ("ts", ts(TimeUnit::Nanosecond), json!(0), json!(1), "nanoseconds"),
            ("ts", ts(TimeUnit::Millisecond), json!(0), json!(1), "smaller parts of a second"),
            ("k", DataType::Int32, json!(1), json!(null), "null"),
            ("p", DataType::Int32, json!(1), json!(0), "positive_check"),
            (
                "u",
                DataType::Utf8,
                json!("a0eebc999c0b4ef8bb6d6bb9bd380a11"),
                json!("a"),
                "is no UUID",
            ),
            ("j", DataType::Utf8, json!("{}"), json!("{"), "json"),
            ("v", DataType::Utf8, json!("a"), json!("a\u{0}"), "0x00"),
            ("f", DataType::Float64, json!(0.5), json!(0.1), "has more digits than real holds"),
        ] {
            let input = table(&[(column, data_type)], &json!([[good], [bad], [good]]));
            let error = write(&connection, &input, json!({"table": "t"})).expect_err(Kind::Data);
            assert!(error.message.contains(why), "{column}: {error}");
            assert!(error.message.contains("row 2"), "{column}: {error}");
            if !["null", "positive_check"].contains(&why) {
                assert!(error.message.contains(&format!("column {column:?}")), "{column}: {error}");
            }
            assert_eq!(server.sql("misfits", "SELECT count(*) FROM t").unwrap(), "0");
        }
    });
}

#[test]
fn columns_are_compared_before_writing() {
    on_each_server(|server| {
        let connection = server
            .database("compared", "CREATE TABLE t (id bigint NOT NULL, ts timestamptz, name text)");
        let ids = table(&[("id", DataType::Int64)], &json!([[1]]));
        let extra = table(&[("id", DataType::Int64), ("more", DataType::Utf8)], &json!([[1, "x"]]));
        let naive = table(
            &[("id", DataType::Int64), ("ts", DataType::Timestamp(US, None))],
            &json!([[1, 0]]),
        );
        let names = table(&[("name", DataType::Utf8)], &json!([["x"]]));
        for (input, config, kind, why) in [
            (&extra, json!({"table": "t"}), Kind::Config, "no column \"more\""),
            (&names, json!({"table": "t"}), Kind::Config, "needs a value in column \"id\""),
            (&naive, json!({"table": "t"}), Kind::Config, "which time zone"),
            (&ids, json!({"table": "no", "create_table": false}), Kind::NotFound, "does not exist"),
            (&ids, json!({"table": "t", "mode": "upsert"}), Kind::Config, "needs `upsert_keys`"),
            (&ids, json!({"table": "t", "upsert_keys": ["id"]}), Kind::Config, "goes with"),
            (
                &ids,
                json!({"table": "t", "mode": "upsert", "upsert_keys": ["id"]}),
                Kind::Config,
                "ADD UNIQUE (\"id\")",
            ),
            (
                &ids,
                json!({"table": "t", "mode": "upsert", "upsert_keys": ["no"]}),
                Kind::Config,
                "no column \"no\"",
            ),
        ] {
            let error = write(&connection, input, config).expect_err(kind);
            assert!(error.message.contains(why), "{error}");
        }
    });
}

#[test]
fn table_with_foreign_keys_can_be_emptied() {
    on_each_server(|server| {
        let connection = server.database(
            "pointed",
            "CREATE TABLE t (id bigint PRIMARY KEY); CREATE TABLE u (id bigint REFERENCES t);
         INSERT INTO t VALUES (1)",
        );
        let ids = table(&[("id", DataType::Int64)], &json!([[2]]));
        write(&connection, &ids, json!({"table": "t", "mode": "replace"})).expect_ok();
        assert_eq!(server.sql("pointed", "SELECT * FROM t").unwrap(), "2");
        server.sql("pointed", "INSERT INTO u VALUES (2)").unwrap();
        let error = write(&connection, &ids, json!({"table": "t", "mode": "truncate"}));
        let error = error.expect_err(Kind::Data);
        assert!(error.message.contains("still referenced from table \"u\""), "{error}");
    });
}

#[test]
fn identity_columns_accept_given_values() {
    on_each_server(|server| {
        let connection = server.database(
            "identity",
            "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text)",
        );
        let names = table(&[("name", DataType::Utf8)], &json!([["a"], ["b"]]));
        write(&connection, &names, json!({"table": "t"})).expect_ok();
        write(&connection, &people(json!([[7, "g"]])), json!({"table": "t"})).expect_ok();
        let upsert = json!({"table": "t", "mode": "upsert", "upsert_keys": ["id"]});
        write(&connection, &people(json!([[1, "A"], [9, "i"]])), upsert).expect_ok();
        assert_eq!(rows(server, "identity", "t"), "1|A\n2|b\n7|g\n9|i");
    });
}

#[test]
fn tables_are_created_in_the_connections_schema() {
    on_each_server(|server| {
        let mut connection = server.database("schemas", "CREATE SCHEMA \"s x\"");
        let ids = table(&[("id", DataType::Int64)], &json!([[1]]));
        connection["schema"] = json!("s x");
        write(&connection, &ids, json!({"table": "t"})).expect_ok();
        assert_eq!(rows(server, "schemas", "(SELECT 0, id FROM \"s x\".t) s"), "0|1");
        connection["schema"] = json!("no");
        let error = write(&connection, &ids, json!({"table": "t"})).expect_err(Kind::NotFound);
        assert!(error.message.contains("schema \"no\" does not exist"), "{error}");
    });
}

#[test]
fn failed_run_changes_nothing() {
    on_each_server(|server| {
        let connection = server.database(
            "nothing",
            "CREATE TABLE t (id bigint, name text); INSERT INTO t VALUES (1, 'a')",
        );
        let input = people(json!([[2, "b"]]));
        for mode in ["append", "replace", "truncate"] {
            let config = json!({"table": "t", "mode": mode});
            step(&connection, config.clone())
                .failing_input("df_a", &input)
                .expect_err(Kind::Upstream);
            write(&connection, &input, config).cancelled_after(1).expect_err(Kind::Cancelled);
            assert_eq!(rows(server, "nothing", "t"), "1|a", "{mode}");
        }
        let new = json!({"table": "new"});
        step(&connection, new).failing_input("df_a", &input).expect_err(Kind::Upstream);
        assert_eq!(server.sql("nothing", "SELECT to_regclass('new') IS NULL").unwrap(), "t");
        server.sql("nothing", "CREATE UNIQUE INDEX ON t (id)").unwrap();
        let twice = people(json!([[5, "x"], [1, "y"]]));
        let error = write(&connection, &twice, json!({"table": "t"})).expect_err(Kind::Data);
        assert!(error.message.contains("Key (id)=(1) already exists"), "{error}");
        assert!(error.message.contains("row 2"), "{error}");
        assert_eq!(rows(server, "nothing", "t"), "1|a");
    });
}

#[test]
fn wide_tables_and_long_values_are_written() {
    on_each_server(|server| {
        let connection = server.database("wide", "");
        let names: Vec<_> = (0..1000).map(|index| format!("c{index}")).collect();
        let columns: Vec<_> = names.iter().map(|name| (name.as_str(), DataType::Int32)).collect();
        let row: Vec<_> = (0..1000).collect();
        write(&connection, &table(&columns, &json!([row])), json!({"table": "w"})).expect_ok();
        assert_eq!(server.sql("wide", "SELECT c999 FROM w").unwrap(), "999");
        let names: Vec<_> = (0..1601).map(|index| format!("c{index}")).collect();
        let columns: Vec<_> = names.iter().map(|name| (name.as_str(), DataType::Bool)).collect();
        let wide = |count: usize| table(&columns[..count], &json!([vec![true; count]]));
        write(&connection, &wide(1600), json!({"table": "most"})).expect_ok();
        write(&connection, &wide(1600), json!({"table": "most", "mode": "replace"})).expect_ok();
        let upsert = json!({"table": "most", "mode": "upsert", "upsert_keys": ["c0"]});
        for (count, config, kind, why) in [
            (1600, upsert, Kind::Unsupported, "1600 columns cannot be numbered"),
            (1601, json!({"table": "more"}), Kind::Config, "leave columns out"),
        ] {
            let error = write(&connection, &wide(count), config).expect_err(kind);
            assert!(error.message.contains(why), "{error}");
        }
        let long = "x".repeat(64 << 20);
        let input = table(&[("t", DataType::Utf8)], &json!([[long]]));
        write(&connection, &input, json!({"table": "l"})).expect_ok();
        assert_eq!(server.sql("wide", "SELECT length(t) FROM l").unwrap(), (64 << 20).to_string());
    });
}
