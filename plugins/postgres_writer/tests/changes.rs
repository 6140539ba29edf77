//! Writes to a table that is there, and those who use it meanwhile.

mod support;

use osiris_sdk::testing::{self, Table, table};
use osiris_sdk::{DataType, Kind};
use postgres_extractor::PostgresExtractor;
use serde_json::{Value, json};
use services::postgres::{Postgres, on_each_server};
use support::{step, write};

fn sql(server: &Postgres, database: &str, sql: &str) -> String {
    server.sql(database, sql).expect("an answer")
}

/// Types of a table's columns, in their order.
fn types(server: &Postgres, database: &str, table: &str) -> String {
    let query = format!(
        "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) \
         FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
    );
    sql(server, database, &query)
}

fn ints(column: &str, data_type: DataType, values: &Value) -> Table {
    let rows: Vec<_> = values.as_array().unwrap().iter().map(|value| json!([value])).collect();
    table(&[(column, data_type)], &json!(rows))
}

#[test]
fn replace_keeps_grants_indexes_and_views() {
    on_each_server(|server| {
        let connection = server.database(
        "kept",
        "CREATE ROLE kept_reader; CREATE TABLE t (id int PRIMARY KEY, name text DEFAULT 'x');
         CREATE INDEX by_name ON t (name); COMMENT ON TABLE t IS 'ours'; GRANT SELECT ON t TO kept_reader;
         CREATE VIEW v AS SELECT id FROM t; INSERT INTO t VALUES (1, 'old')",
    );
        let facts = "SELECT has_table_privilege('kept_reader', 't', 'SELECT'), obj_description('t'::regclass), \
                 (SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass), \
                 (SELECT count(*) FROM pg_attrdef WHERE adrelid = 't'::regclass), (SELECT sum(id) FROM v)";
        let input =
            table(&[("id", DataType::Int32), ("extra", DataType::Float64)], &json!([[7, 0.5]]));
        write(&connection, &input, json!({"table": "t", "mode": "replace"})).expect_ok();
        assert_eq!(sql(server, "kept", facts), "t|ours|2|1|7");
        assert_eq!(types(server, "kept", "t"), "id integer, name text, extra double precision");
        assert_eq!(sql(server, "kept", "TABLE t"), "7|x|0.5");
        // A view needs the table, so it cannot go.
        let other = table(&[("id", DataType::Int32), ("new", DataType::Bool)], &json!([[8, true]]));
        let recreate = json!({"table": "t", "mode": "replace", "schema_changes": "recreate"});
        let error =
            write(&connection, &other, recreate.clone()).report().result.expect_err("a view");
        assert!(error.message.contains("other objects depend on it"), "{error}");
        assert_eq!(sql(server, "kept", "TABLE t"), "7|x|0.5");
        sql(server, "kept", "DROP VIEW v");
        write(&connection, &other, recreate).expect_ok();
        assert_eq!(types(server, "kept", "t"), "id integer, new boolean");
    });
}

#[test]
fn columns_are_widened_if_a_value_needs_it() {
    on_each_server(|server| {
        let connection = server.database("wide", "");
        let decimal = |precision, scale| DataType::Decimal128(precision, scale);
        for (index, (native, data_type, fits, needs, wide)) in [
            ("integer", DataType::Int64, json!(1), json!(5_000_000_000_i64), "bigint"),
            (
                "integer[]",
                DataType::list_of(DataType::Int64),
                json!([1, null]),
                json!([1, 5_000_000_000_i64]),
                "bigint[]",
            ),
            ("smallint", DataType::Int64, json!(-32768), json!(-32769), "bigint"),
            ("bigint", DataType::UInt64, json!(1), json!(u64::MAX), "numeric(20,0)"),
            ("integer", decimal(12, 2), json!("5.00"), json!("5.25"), "numeric(12,2)"),
            (
                "numeric(5,2)",
                decimal(12, 4),
                json!("123.4500"),
                json!("1234.5678"),
                "numeric(12,4)",
            ),
            ("numeric(5,2)", DataType::Utf8, json!("1.20"), json!("1.234"), "numeric"),
            ("real", DataType::Float64, json!(0.5), json!(0.1), "double precision"),
            ("real", DataType::Float64, json!("NaN"), json!(1e300), "double precision"),
            ("varchar(3)", DataType::Utf8, json!("abc"), json!("abcdefghij"), "character varying"),
            (
                "date",
                DataType::Timestamp(osiris_sdk::TimeUnit::Second, None),
                json!(86400),
                json!(1),
                "timestamp without time zone",
            ),
            (
                "time(0)",
                DataType::Time64(osiris_sdk::TimeUnit::Microsecond),
                json!(0),
                json!(1),
                "time without time zone",
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let name = format!("t{index}");
            sql(server, "wide", &format!("CREATE TABLE {name} (v {native})"));
            let before = types(server, "wide", &name);
            let replace = json!({"table": name, "mode": "replace"});
            let input =
                |value: &Value| table(&[("v", data_type.clone())], &json!([[value], [null]]));
            write(&connection, &input(&fits), replace.clone()).expect_ok();
            assert_eq!(types(server, "wide", &name), before, "{native}");
            // Nothing widens unless it may.
            let error = write(&connection, &input(&needs), json!({"table": name})).report();
            let _ = error.result.expect_err("it does not fit");
            let report = write(&connection, &input(&needs), replace).expect_ok();
            report.assert_logged("ALTER TABLE");
            assert_eq!(types(server, "wide", &name), format!("v {wide}"), "{native}");
            let config = json!({"resolved_connection": connection, "table": name});
            let back = testing::run::<PostgresExtractor>(config).expect_ok();
            assert_eq!(back.table().row_count(), 2);
        }
    });
}

#[test]
fn append_and_upsert_change_the_table_if_allowed() {
    on_each_server(|server| {
        let connection = server
            .database("evolved", "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
        let more = table(
            &[("id", DataType::Int64), ("note", DataType::Utf8)],
            &json!([[5_000_000_000_i64, "x"]]),
        );
        let error = write(&connection, &more, json!({"table": "t"})).expect_err(Kind::Config);
        assert!(error.message.contains("`schema_changes: add_columns`"), "{error}");
        let config = json!({"table": "t", "schema_changes": "add_columns"});
        let _ = write(&connection, &more, config).expect_err(Kind::Data);
        assert_eq!(types(server, "evolved", "t"), "id integer");
        let config = json!({"table": "t", "mode": "upsert", "upsert_keys": ["id"], "schema_changes": "widen"});
        write(&connection, &more, config).expect_ok();
        assert_eq!(types(server, "evolved", "t"), "id bigint, note text");
        assert_eq!(sql(server, "evolved", "SELECT * FROM t ORDER BY id"), "1|\n5000000000|x");
        let config = json!({"table": "t", "schema_changes": "recreate"});
        let error = write(&connection, &more, config).expect_err(Kind::Config);
        assert!(error.message.contains("goes with `mode: replace`"), "{error}");
    });
}

#[test]
fn readers_see_the_old_rows_until_commit() {
    on_each_server(|server| {
        let connection =
            server.database("readers", "CREATE TABLE t (id bigint); INSERT INTO t VALUES (1), (2)");
        let input = ints("id", DataType::Int64, &json!([7]));
        for mode in ["replace", "truncate"] {
            // Somebody reads the table while the step has its rows.
            std::thread::scope(|scope| {
                let hold = "BEGIN; SELECT count(*) FROM t; SELECT pg_sleep(60) AS held; COMMIT";
                let holder = scope.spawn(move || server.sql("readers", hold));
                let until = |condition: &str| {
                    let query = format!(
                        "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = 'readers' AND {condition}"
                    );
                    while sql(server, "postgres", &query) != "t" {
                        std::thread::sleep(std::time::Duration::from_millis(5));
                    }
                };
                until("query LIKE '%AS held%' AND wait_event = 'PgSleep'");
                let config = json!({"table": "t", "mode": mode});
                let writing = scope.spawn(|| {
                    let input = ints("id", DataType::Int64, &json!([7]));
                    write(&connection, &input, config).expect_ok();
                });
                // Only behind its last row does it ask for the table.
                until("wait_event_type = 'Lock' AND query LIKE 'TRUNCATE%'");
                sql(
                    server,
                    "postgres",
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'readers' AND query LIKE '%AS held%' AND pid <> pg_backend_pid()",
                );
                assert!(holder.join().expect("an end").is_err());
                writing.join().expect("an end");
            });
            assert_eq!(sql(server, "readers", "TABLE t"), "7", "{mode}");
            sql(server, "readers", "TRUNCATE t; INSERT INTO t VALUES (1), (2)");
        }
        // A step that fails at its end has not touched the table.
        let replace = json!({"table": "t", "mode": "replace"});
        step(&connection, replace).failing_input("df_a", &input).expect_err(Kind::Upstream);
        assert_eq!(sql(server, "readers", "SELECT count(*) FROM t"), "2");
    });
}

#[test]
fn concurrent_steps_share_the_created_table() {
    on_each_server(|server| {
        let connection = server.database("shared", "");
        for round in 0..3 {
            let config = json!({"table": format!("t{round}")});
            std::thread::scope(|scope| {
                for id in 0..4 {
                    let (connection, config) = (&connection, config.clone());
                    scope.spawn(move || {
                        let input = ints("id", DataType::Int64, &json!([id]));
                        write(connection, &input, config).expect_ok();
                    });
                }
            });
            let count = format!("SELECT count(*), sum(id) FROM t{round}");
            assert_eq!(sql(server, "shared", &count), "4|6");
        }
    });
}

#[test]
fn concurrently_created_table_is_used() {
    on_each_server(|server| {
        let connection = server.database("taken", "");
        // Commits once the step waits for it.
        let create = "BEGIN; CREATE TABLE t (id bigint, note text DEFAULT 'theirs');
         DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted
             AND transactionid = pg_current_xact_id()::xid) LOOP PERFORM pg_sleep(0.005); END LOOP;
         END $$; COMMIT";
        std::thread::scope(|scope| {
            let other = scope.spawn(|| server.sql("taken", create));
            let waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = 'taken' AND wait_event = 'PgSleep'";
            while sql(server, "postgres", waits) != "t" {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            let input = ints("id", DataType::Int64, &json!([7]));
            let report = write(&connection, &input, json!({"table": "t"})).expect_ok();
            assert_eq!(report.pauses.len(), 1);
            other.join().expect("an end").expect("no error");
        });
        assert_eq!(sql(server, "taken", "TABLE t"), "7|theirs");
    });
}

#[test]
fn null_upsert_key_is_rejected() {
    on_each_server(|server| {
        let connection = server.database(
            "keys",
            "CREATE TABLE t (a int, b int, n int, UNIQUE (a, b));
         CREATE TABLE u (a int, b int, n int, UNIQUE NULLS NOT DISTINCT (a, b))",
        );
        let columns = [("a", DataType::Int32), ("b", DataType::Int32), ("n", DataType::Int32)];
        let input = table(&columns, &json!([[1, 1, 1], [1, null, 10]]));
        let upsert =
            |name: &str| json!({"table": name, "mode": "upsert", "upsert_keys": ["b", "a"]});
        let error = write(&connection, &input, upsert("t")).expect_err(Kind::Data);
        assert!(error.message.contains("row 2, column \"b\""), "{error}");
        assert!(error.message.contains("NULLS NOT DISTINCT"), "{error}");
        for _ in 0..2 {
            write(&connection, &input, upsert("u")).expect_ok();
        }
        assert_eq!(sql(server, "keys", "SELECT count(*) FROM u"), "2");
        let error = write(&connection, &input, upsert("new")).expect_err(Kind::Data);
        assert!(error.message.contains("row 2, column \"b\""), "{error}");
    });
}

#[test]
fn created_table_has_native_types_and_primary_key() {
    on_each_server(|server| {
        let connection = server.database(
        "origins",
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE src (u uuid, j jsonb, n numeric, d numeric(5,2),
           i inet, m mood, v interval, c varchar(5), a inet[], k int, t time(3), b bit(3), x text);
         INSERT INTO src VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{\"a\": 1}', 1.50, 1.5, '10.0.0.1', 'ok',
           '1 day', 'ab', '{::1}', 7, '10:00', '101', 'x')",
    );
        let config = json!({"resolved_connection": connection, "table": "src"});
        let read = testing::run::<PostgresExtractor>(config).expect_ok();
        write(&connection, read.table(), json!({"table": "copy", "primary_key": ["k"]}))
            .expect_ok();
        assert_eq!(types(server, "origins", "copy"), types(server, "origins", "src"));
        assert_eq!(sql(server, "origins", "TABLE copy"), sql(server, "origins", "TABLE src"));
        let key = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'copy'::regclass AND contype = 'p'";
        assert_eq!(sql(server, "origins", key), "PRIMARY KEY (k)");
        // The database of the target may lack a type, and then it is text.
        let elsewhere = server.database("origins2", "");
        let config = json!({
            "table": "copy", "column_types": {"d": "numeric(10,4)", "x": "varchar(9)"},
            "mode": "upsert", "upsert_keys": ["k"], "primary_key": ["u"],
        });
        write(&elsewhere, read.table(), config).expect_ok();
        let found = types(server, "origins2", "copy");
        assert!(found.contains("m text, v interval"), "{found}");
        assert!(found.contains("d numeric(10,4)"), "{found}");
        assert!(found.ends_with("x character varying(9)"), "{found}");
        for (config, why) in [
            (json!({"table": "n", "primary_key": ["no"]}), "primary_key: the table that comes in"),
            (json!({"table": "n", "column_types": {"no": "int"}}), "column_types: the table"),
            (json!({"table": "n", "column_types": {"x": "no_type"}}), "\"no_type\" does not exist"),
        ] {
            let error =
                write(&connection, read.table(), config).report().result.expect_err("wrong");
            assert!(error.message.contains(why), "{error}");
        }
    });
}

#[test]
fn too_long_names_are_rejected() {
    on_each_server(|server| {
        let connection = server.database("names", "");
        let long = "é".repeat(32);
        let ids = ints("id", DataType::Int64, &json!([1]));
        let column = ints(&long, DataType::Int64, &json!([1]));
        for (input, config, what) in [
            (&ids, json!({"table": long, "mode": "replace"}), "table"),
            (&column, json!({"table": "t", "mode": "replace"}), "column"),
        ] {
            let error = write(&connection, input, config).expect_err(Kind::Config);
            assert!(error.message.contains(&format!("the name of the {what} {long:?}")), "{error}");
            assert!(error.message.contains("has 64 bytes"), "{error}");
        }
        write(&connection, &ids, json!({"table": "é".repeat(31)})).expect_ok();
    });
}

#[test]
fn read_only_user_gets_an_explanation() {
    on_each_server(|server| {
        let mut connection = server.database(
        "readonly",
        "CREATE ROLE lector LOGIN PASSWORD 'l'; ALTER ROLE lector SET default_transaction_read_only = on;
         CREATE TABLE t (id bigint); GRANT ALL ON t TO lector",
    );
        connection["user"] = json!("lector");
        connection["password"] = json!("l");
        let ids = ints("id", DataType::Int64, &json!([1]));
        let error = write(&connection, &ids, json!({"table": "t"})).expect_err(Kind::Config);
        assert!(error.message.contains("`default_transaction_read_only` is on"), "{error}");
        assert!(!error.message.contains("extractor"), "{error}");
    });
}
