//! Tables, queries, shares, and rows that are new.

mod support;

use mysql_extractor::MysqlExtractor;
use osiris_sdk::testing;
use osiris_sdk::{Category, DataType, Kind};
use serde_json::{Value, json};
use std::time::Duration;
use support::{database, step};

const PEOPLE: &str = "CREATE TABLE `we``ird table` (`a b` INT PRIMARY KEY, `select` VARCHAR(9)); \
     INSERT INTO `we``ird table` VALUES (1, 'x'), (2, 'y'), (3, NULL)";

#[test]
fn tables_are_read_with_columns_filter_and_limit() {
    let connection = database("tables", PEOPLE);
    let read = |config: Value| {
        let mut config = config;
        config["table"] = json!("we`ird table");
        step(&connection, config).expect_ok().table().rows()
    };
    assert_eq!(read(json!({})), json!([[1, "x"], [2, "y"], [3, null]]));
    assert_eq!(read(json!({"columns": ["select", "a b"], "limit": 1})), json!([["x", 1]]));
    assert_eq!(read(json!({"filter": "`a b` > 1 OR 1=0 -- all"})), json!([[2, "y"], [3, null]]));
    assert_eq!(read(json!({"limit": 0})), json!([]));
}

#[test]
fn invalid_config_is_explained() {
    let connection = database("no_sense", PEOPLE);
    let fault = |config| step(&connection, config).expect_err(Kind::Config).message;
    assert!(fault(json!({})).contains("set `table` or `query`"));
    assert!(fault(json!({"table": "a", "query": "b"})).contains("are both there"));
    assert!(fault(json!({"query": "SELECT 1", "limit": 1})).contains("`limit` goes with `table`"));
    assert!(fault(json!({"query": "SELECT ?"})).contains("placeholders"));
    assert!(fault(json!({"query": "SELECT 1 AS a, 2 AS a"})).contains("two columns \"a\""));
    assert!(fault(json!({"query": "SET @a = 1"})).contains("without rows"));
    assert!(fault(json!({"query": "SELEC 1"})).contains("check the SQL"));
    let table = "we`ird table";
    assert!(fault(json!({"table": table, "columns": ["no"]})).contains("names of the columns"));
    let error = step(&connection, json!({"table": "absent"})).expect_err(Kind::NotFound);
    assert!(error.message.starts_with("reading table \"absent\": "), "{error}");
}

#[test]
fn incremental_run_reads_only_new_rows() {
    let connection = database(
        "what_is_new",
        "CREATE TABLE t (id BIGINT UNSIGNED, price DECIMAL(38,2), at TIMESTAMP(6) NULL, name VARCHAR(20)); \
         INSERT INTO t VALUES (18446744073709551614, 0.01, '2025-01-01 00:00:00.000001', 'a'), \
         (1, 12345678901234567890.12, '2025-01-01 00:00:00.000002', 'it''s \\\\ č'), (NULL, NULL, NULL, NULL)",
    );
    for (cursor, more) in [
        ("id", "18446744073709551615, 0, NULL, ''"),
        ("price", "0, 12345678901234567890.13, NULL, ''"),
        ("at", "0, 0, '2025-01-01 00:00:00.000003', ''"),
        ("name", "0, 0, NULL, 'it''s \\\\ d'"),
    ] {
        support::SERVERS
            .mariadb
            .sql("what_is_new", "DELETE FROM t WHERE id = 0 OR id > 18446744073709551614")
            .expect("rows");
        let config = json!({"table": "t", "columns": [cursor], "incremental": {"cursor": cursor}});
        let first = step(&connection, config.clone()).expect_ok();
        assert_eq!(first.table().row_count(), 2, "{cursor}");
        let state = first.saved_state.expect("a state");
        let again = step(&connection, config.clone()).state(&state).expect_ok();
        assert_eq!(again.table().row_count(), 0, "{cursor}");
        assert_eq!(again.saved_state.as_ref(), Some(&state));
        support::SERVERS
            .mariadb
            .sql("what_is_new", &format!("INSERT INTO t VALUES ({more})"))
            .expect("a row");
        let query = json!({
            "query": format!("SELECT {cursor} FROM t -- it"),
            "incremental": {"cursor": cursor, "other_source": "continue"}
        });
        let third = step(&connection, query).state(&state).expect_ok();
        assert_eq!(third.table().row_count(), 1, "{cursor}: {:?}", third.table().rows());
        let other = json!({"cursor": "other", "value": "1"});
        let error = step(&connection, config).state(&other).expect_err(Kind::Config);
        assert!(error.message.contains("remove the state"), "{error}");
    }
    let start =
        json!({"table": "t", "columns": ["id"], "incremental": {"cursor": "id", "start": 1}});
    let report = step(&connection, start).expect_ok();
    report.assert_rows(&json!([[18_446_744_073_709_551_614_u64]]));
    let bad = json!({"table": "t", "incremental": {"cursor": "id", "start": "1 OR 1=1"}});
    assert!(step(&connection, bad).expect_err(Kind::Config).message.contains("no number"));
}

#[test]
fn partitions_together_are_the_table() {
    let connection = database(
        "shares",
        "CREATE TABLE t (id BIGINT PRIMARY KEY, v INT); CREATE TABLE u (name VARCHAR(9) PRIMARY KEY)",
    );
    let rows: Vec<_> = (-500..500).map(|i| format!("({}, {i})", i * i * i)).collect();
    support::SERVERS
        .mariadb
        .sql("shares", &format!("INSERT INTO t VALUES {}", rows.join(",")))
        .expect("rows");
    let mut all = Vec::new();
    for index in 0..3 {
        let share = step(&connection, json!({"table": "t"})).partition(index, 3).expect_ok();
        assert!(share.table().row_count() > 100);
        all.extend(
            share.table().rows().as_array().expect("rows").iter().map(|row| row[1].as_i64()),
        );
    }
    all.sort_unstable();
    assert_eq!(all, (-500..500).map(Some).collect::<Vec<_>>());
    let fault = |config| step(&connection, config).partition(0, 2).expect_err(Kind::Config).message;
    assert!(fault(json!({"table": "u"})).contains("no primary key of integers"));
    assert!(fault(json!({"query": "SELECT 1"})).contains("cannot be split"));
}

#[test]
fn many_rows_come_in_batches() {
    let connection = database("many_batches", "");
    let query = "SELECT seq AS id, REPEAT('x', 100) AS text FROM seq_1_to_100000";
    let report = step(&connection, json!({"query": query})).expect_ok();
    assert_eq!(report.table().row_count(), 100_000);
    assert!(report.table().batches().len() > 10);
    assert_eq!(report.table().rows()[99_999][0], json!(100_000));
    step(&connection, json!({"query": query})).cancelled_after(3).expect_err(Kind::Cancelled);
}

#[test]
fn discovery_and_doctor_describe_the_database() {
    let connection = database(
        "discovery",
        "CREATE TABLE b (id INT PRIMARY KEY, total DECIMAL(10,2)); CREATE VIEW a AS SELECT * FROM b; \
         CREATE VIEW broken AS SELECT total FROM b; ALTER TABLE b DROP total, ADD total2 DECIMAL(10,2); \
         CREATE OR REPLACE VIEW a AS SELECT id FROM b",
    );
    let found = testing::discover::<MysqlExtractor>(json!({"resolved_connection": connection}));
    let found = found.expect("datasets");
    let names: Vec<_> = found.iter().map(|d| (d.name.as_str(), d.kind.as_str())).collect();
    assert_eq!(names, [("a", "view"), ("b", "table")]);
    let columns = &found[1].columns;
    assert_eq!((columns[0].name.as_str(), columns[0].primary_key), ("id", true));
    assert_eq!(columns[1].data_type, DataType::Decimal128(10, 2));
    assert_eq!((columns[1].native_type.as_str(), columns[1].nullable), ("decimal(10,2)", true));
    let health = testing::doctor::<MysqlExtractor>(connection, Duration::from_secs(5));
    assert_eq!(health.category, Category::Ok, "{health:?}");
    assert!(health.latency.is_some());
}
