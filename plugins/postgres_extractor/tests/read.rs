//! Choices of rows that are read.

mod support;

use std::time::Duration;

use osiris_sdk::{Category, Kind, testing};
use postgres_extractor::PostgresExtractor;
use serde_json::{Value, json};
use services::postgres::on_each_server;
use services::with_fields;
use support::read;

#[test]
fn tables_and_queries_are_read() {
    on_each_server(|server| {
        let connection = server.database(
        "tables",
        "CREATE SCHEMA \"Odd s\"; CREATE TABLE \"Odd s\".\"T\"\"x\" (id int PRIMARY KEY, \"n m\" text);
         INSERT INTO \"Odd s\".\"T\"\"x\" SELECT i, 'v' || i FROM generate_series(1, 5) i",
    );
        let table = json!({
            "table": "T\"x", "columns": ["n m", "id"],
            "filter": "id > 1 -- not the first", "limit": 2
        });
        let mut elsewhere = connection.clone();
        elsewhere["schema"] = json!("Odd s");
        read(&elsewhere, table.clone()).expect_ok().assert_rows(&json!([["v2", 2], ["v3", 3]]));
        let error = read(&connection, table).expect_err(Kind::NotFound);
        assert!(error.message.contains("\"public.T\"x\" does not exist"), "{error}");
        assert!(error.message.contains("set `schema`"), "{error}");

        let query = json!({"query": "SELECT 1 AS a, '1 day'::interval AS b; -- done\n;"});
        let error = read(&connection, query).expect_err(Kind::Config);
        assert!(
            error.message.contains("syntax error") || error.message.contains("multiple"),
            "{error}"
        );
        let query = json!({"query": "SELECT 1 AS a, '1 day'::interval AS b -- done"});
        read(&connection, query).expect_ok().assert_rows(&json!([[1, "1 day"]]));
    });
}

#[test]
fn invalid_config_is_explained() {
    on_each_server(|server| {
        let connection = server.database("sense", "CREATE TABLE t (a int)");
        for (config, kind, why) in [
            (json!({}), Kind::Config, "set `table` to read a table, or `query`"),
            (json!({"query": "SELECT 1", "table": "t"}), Kind::Config, "both set"),
            (
                json!({"query": "SELECT 1", "filter": "x"}),
                Kind::Config,
                "`filter` goes with `table`",
            ),
            (json!({"query": "SELECT 1 AS a, 2 AS a"}), Kind::Config, "two columns \"a\""),
            (json!({"query": "SELECT $1::int"}), Kind::Config, "parameters"),
            (json!({"query": "SELEC 1"}), Kind::Config, "syntax error"),
            (json!({"query": "DELETE FROM t RETURNING a"}), Kind::Config, "only reads"),
            (json!({"query": "SELECT 1/0 AS a"}), Kind::Data, "division by zero"),
            (
                json!({"table": "t", "columns": ["b"]}),
                Kind::NotFound,
                "column \"b\" does not exist",
            ),
            (
                json!({"table": "t", "incremental": {"cursor": "b"}}),
                Kind::Config,
                "\"b\" is not among the columns",
            ),
        ] {
            let error = read(&connection, config).expect_err(kind);
            assert!(error.message.contains(why), "{error}");
        }
    });
}

#[test]
fn incremental_run_reads_only_new_rows() {
    on_each_server(|server| {
        let connection = server.database(
            "news",
            "CREATE TABLE t (id int, at timestamptz, price numeric(30,10), name text);
         INSERT INTO t VALUES (2, '2025-01-02 00:00:00.000002+00', 0.2, 'b'''),
           (1, '2025-01-01', 0.1, E'a\\\\'), (NULL, NULL, NULL, NULL)",
        );
        for (cursor, column, next) in [
            ("id", 0, "3"),
            ("at", 1, "'2025-01-02 00:00:00.000003+00'"),
            ("price", 2, "0.2000000001"),
            ("name", 3, "'c'"),
        ] {
            let config = json!({"table": "t", "incremental": {"cursor": cursor}});
            let first = read(&connection, config.clone()).expect_ok();
            assert_eq!(first.table().row_count(), 2, "{cursor}");
            let state = first.saved_state.expect("a state");
            let again = read(&connection, config.clone()).state(&state).expect_ok();
            assert_eq!(again.table().row_count(), 0, "{cursor}");
            assert_eq!(again.saved_state.as_ref(), Some(&state), "{cursor}");
            let insert = format!("INSERT INTO t ({cursor}) VALUES ({next})");
            server.sql("news", &insert).unwrap();
            let news = read(&connection, config.clone()).state(&state).expect_ok();
            assert_eq!(news.table().row_count(), 1, "{cursor}: {state}");
            assert_ne!(news.table().rows()[0][column], Value::Null);
            server.sql("news", &format!("DELETE FROM t WHERE {cursor} = {next}")).unwrap();
        }
        let config = json!({"table": "t", "incremental": {"cursor": "id", "start": 1}});
        assert_eq!(read(&connection, config.clone()).expect_ok().table().row_count(), 1);
        let state = json!({"cursor": "at", "value": "x"});
        let error = read(&connection, config).state(&state).expect_err(Kind::Config);
        assert!(error.message.contains("counted by \"at\""), "{error}");
    });
}

#[test]
fn partitions_together_are_the_table() {
    on_each_server(|server| {
        let connection = server.database(
            "shares",
            "CREATE TABLE t (id int8 PRIMARY KEY, k int2); CREATE TABLE none (a text);
         INSERT INTO t SELECT i * i, CASE WHEN i % 7 > 0 THEN i END FROM generate_series(-40, 60) i
         ON CONFLICT DO NOTHING; INSERT INTO none VALUES ('x'), ('y')",
        );
        for config in [
            json!({"table": "t"}),
            json!({"table": "t", "partition_key": "k", "filter": "id > 4"}),
            json!({"query": "SELECT k, '1 day'::interval AS i FROM t", "partition_key": "k"}),
            json!({"table": "t", "limit": 5}),
            json!({"table": "none"}),
            json!({"table": "t", "filter": "false"}),
        ] {
            let sorted = |mut rows: Vec<Value>| {
                rows.sort_by_key(ToString::to_string);
                rows
            };
            let rows = |report: testing::Report| report.table().rows().as_array().unwrap().clone();
            let whole = rows(read(&connection, config.clone()).expect_ok());
            for count in [1, 2, 7] {
                let share = |index| read(&connection, config.clone()).partition(index, count);
                let parts = (0..count).flat_map(|index| rows(share(index).expect_ok())).collect();
                assert_eq!(sorted(parts), sorted(whole.clone()), "{config} in {count}");
            }
        }
    });
}

#[test]
fn many_rows_come_in_batches_and_can_be_cancelled() {
    on_each_server(|server| {
        let connection = server.database("many", "");
        let query = "SELECT i::int8 AS id, repeat('x', 90) AS t FROM generate_series(1, 100000) i";
        let report = read(&connection, json!({"query": query})).expect_ok();
        assert_eq!(report.table().row_count(), 100_000);
        assert!((10..40).contains(&report.table().batches().len()));
        read(&connection, json!({"query": query})).cancelled_after(2).expect_err(Kind::Cancelled);
    });
}

#[test]
fn wide_rows_are_read() {
    on_each_server(|server| {
        let connection = server.database("wide", "");
        let columns: Vec<_> = (0..1000).map(|i| format!("{i} AS c{i}")).collect();
        let report = read(&connection, json!({"query": format!("SELECT {}", columns.join(", "))}))
            .expect_ok();
        assert_eq!(report.table().rows()[0][999], json!(999));
    });
}

#[test]
fn large_rows_get_separate_batches_up_to_a_limit() {
    on_each_server(|server| {
        let connection = server.database("large", "");
        let step = |query: &str, more: Value| {
            let config = with_fields(&json!({"query": query}), &more);
            read(&connection, config)
        };
        let query = "SELECT 1 AS n, repeat('é', 29 << 20) AS t UNION ALL SELECT 2, 'x' UNION ALL \
                     SELECT 3, repeat('y', 20 << 20) UNION ALL SELECT 4, 'z'";
        let report = step(query, json!({})).expect_ok();
        let sizes: Vec<_> = report.table().batches().iter().map(osiris_sdk::Batch::rows).collect();
        assert_eq!(sizes, [1, 1, 1, 1]);
        assert_eq!(report.table().rows()[0][1].as_str().unwrap().len(), 58 << 20);

        let query = "SELECT 1 AS n, 'x' AS t UNION ALL SELECT 2, repeat('x', 70 << 20)";
        let error = step(query, json!({})).expect_err(Kind::Data);
        for part in [
            "row 2, column \"t\": the value has 73400320 bytes, the row 73400324",
            "a row may have 62914560",
            "set `row_limit: 73400324`",
            "`limits: {batch: 76MiB}` in osiris.yaml",
            "substr(\"t\", 1, 1000000) AS \"t\"",
        ] {
            assert!(error.message.contains(part), "{error}");
        }
        let report = step(query, json!({"row_limit": 73_400_324})).expect_ok();
        assert_eq!(report.table().rows()[1][1].as_str().unwrap().len(), 70 << 20);
        let query = "SELECT repeat('x', 128 << 20) AS t";
        let report = step(query, json!({"row_limit": 1 << 30})).expect_ok();
        assert_eq!(report.table().rows()[0][0].as_str().unwrap().len(), 128 << 20);
        let query = "SELECT repeat('x', (128 << 20) + 1) AS t, 1 AS n";
        for more in [json!({}), json!({"row_limit": 1 << 30})] {
            let error = step(query, more).expect_err(Kind::Data);
            let value = "row 1, column \"t\": the value has 134217729 bytes";
            assert!(error.message.contains(value), "{error}");
            assert!(error.message.contains("more than 128 MiB at once"), "{error}");
        }
        // Many values that are small enough can make a row that is too large.
        let values: Vec<_> = (0..70).map(|n| format!("repeat('x', 1 << 20) AS c{n}")).collect();
        let error = step(&format!("SELECT {}", values.join(", ")), json!({}));
        let error = error.expect_err(Kind::Data);
        assert!(error.message.contains("row 1, column \"c0\""), "{error}");
        assert!(error.message.contains("set `row_limit: 73400320`"), "{error}");
    });
}

#[test]
fn discovery_and_doctor_describe_the_database() {
    on_each_server(|server| {
        let connection = server.database(
            "listed",
            "CREATE TABLE b (id int PRIMARY KEY, n numeric(5,1) NOT NULL, i interval);
         CREATE VIEW a AS SELECT id FROM b; CREATE SCHEMA s; CREATE TABLE s.c (x text[]);
         INSERT INTO b VALUES (1, 2); ANALYZE b",
        );
        let config = json!({"resolved_connection": connection});
        let found = testing::discover::<PostgresExtractor>(config).expect("datasets");
        let names: Vec<_> = found.iter().map(|d| (d.name.as_str(), d.kind.as_str())).collect();
        assert_eq!(names, [("a", "view"), ("b", "table"), ("s.c", "table")]);
        assert_eq!(found[1].estimated_rows, Some(1));
        let columns: Vec<_> = found[1]
            .columns
            .iter()
            .map(|c| (c.name.as_str(), c.native_type.as_str(), c.nullable, c.primary_key))
            .collect();
        assert_eq!(
            columns,
            [
                ("id", "integer", false, true),
                ("n", "numeric(5,1)", false, false),
                ("i", "interval", true, false)
            ]
        );
        let health = testing::doctor::<PostgresExtractor>(connection, Duration::from_secs(5));
        assert_eq!(health.category, Category::Ok, "{}", health.message);
        assert!(health.latency.is_some());
    });
}
