//! Rows that are new since the last run, and states of other sources.

mod support;

use mysql_extractor::MysqlExtractor;
use osiris_sdk::{DataType, Kind, TimeUnit, testing};
use serde_json::{Value, json};
use services::with_fields;
use support::{SERVERS, step};

const TABLES: &str = "CREATE TABLE orders (id INT, at DATETIME(3), d DATE, price DECIMAL(10,2)); \
     CREATE TABLE invoices (id INT); INSERT INTO invoices VALUES (1), (2), (3); \
     INSERT INTO orders VALUES (1, '2024-01-01 00:00:00', '2024-01-01', 1.5), \
     (2, '2024-01-02 00:00:00', '2024-01-02', 2.5)";

#[test]
fn state_of_another_source_is_not_used() {
    SERVERS.on_each("another_source", TABLES, |database| {
        let read = |what: &str, source: &str, more: Value| {
            let incremental = with_fields(&json!({"cursor": "id"}), &more);
            step(&database.connection, json!({what: source, "incremental": incremental}))
        };
        let first = read("table", "orders", json!({})).expect_ok();
        let state = first.saved_state.expect("a state");
        assert_eq!(state["source"]["table"], "orders");
        let again = read("table", "orders", json!({})).state(&state).expect_ok();
        assert_eq!((again.table().row_count(), again.saved_state.as_ref()), (0, Some(&state)));
        let query = "SELECT id FROM invoices";
        for (what, source) in [("table", "invoices"), ("query", query)] {
            let error = read(what, source, json!({})).state(&state).expect_err(Kind::Config);
            assert!(error.message.contains("table \"orders\" of 127.0.0.1:"), "{error}");
            assert!(error.message.contains("set `other_source: continue`"), "{error}");
            let goes_on = read(what, source, json!({"other_source": "continue"}));
            let report = goes_on.state(&state).expect_ok();
            report.assert_rows(&json!([[3]]));
            assert_ne!(report.saved_state.expect("a state")["source"], state["source"]);
        }
        let mut other = state.clone();
        other["source"]["server"] = json!("other:3306");
        read("table", "orders", json!({})).state(&other).expect_err(Kind::Config);
        // A state of an older version goes on working, and gains the source.
        let old = json!({"cursor": "id", "value": "1"});
        let report = read("table", "orders", json!({})).state(&old).expect_ok();
        assert_eq!(report.table().row_count(), 1);
        assert_eq!(report.saved_state.expect("a state"), state);
    });
}

#[test]
fn overlap_reads_late_rows() {
    SERVERS.on_each("came_late", TABLES, |database| {
        for (cursor, overlap, all) in
            [("id", 1.0, 3), ("price", 1.0, 3), ("at", 86_400.0, 3), ("d", 86_400.0, 3)]
        {
            database.sql("DELETE FROM orders WHERE id > 2 OR id = 0");
            let read = |more: Value| {
                let incremental = with_fields(&json!({"cursor": cursor}), &more);
                let config = json!({"table": "orders", "incremental": incremental});
                step(&database.connection, config)
            };
            let state = read(json!({})).expect_ok().saved_state.expect("a state");
            // The same place as the last row.
            database.sql("INSERT INTO orders SELECT 2, at, d, price FROM orders WHERE id = 2");
            let count = |more| read(more).state(&state).expect_ok().table().row_count();
            assert_eq!(count(json!({})), 0, "{cursor}");
            assert_eq!(count(json!({"inclusive": true})), 2, "{cursor}");
            assert_eq!(count(json!({"overlap": 0.5})), 2, "{cursor}");
            assert_eq!(count(json!({"overlap": overlap})), all, "{cursor}");
            database.sql("DELETE FROM orders WHERE id = 2 LIMIT 1");
        }
        let text = json!({
            "query": "SELECT 'a' AS name", "incremental": {"cursor": "name", "overlap": 1}
        });
        let error = step(&database.connection, text).expect_err(Kind::Config);
        assert!(error.message.contains("use `inclusive: true`"), "{error}");
    });
}

#[test]
fn unsupported_cursor_columns_are_rejected() {
    let tables = "CREATE TABLE t (e ENUM('b','a'), s SET('b','a'), v VARBINARY(9), b BIT(9), \
         b1 BIT(1), j JSON, g POINT, o BLOB); INSERT INTO t (e) VALUES ('a')";
    SERVERS.on_each("no_cursor", tables, |database| {
        for cursor in ["e", "s", "v", "b", "b1", "j", "g", "o"] {
            // MariaDB's JSON is a LONGTEXT.
            if cursor == "j" && !database.is_mysql() {
                continue;
            }
            for source in [json!({"table": "t"}), json!({"query": "SELECT * FROM t"})] {
                let mut config = source;
                config["incremental"] = json!({"cursor": cursor});
                let report = step(&database.connection, config).report();
                let error = report.result.expect_err(cursor);
                assert_eq!(error.kind, Kind::Config, "{error}");
                assert!(error.message.contains("cannot be a cursor"), "{error}");
                assert_eq!(report.saved_state, None);
            }
        }
    });
}

#[test]
fn discovery_handles_invisible_columns() {
    let tables = "CREATE TABLE inv (id INT PRIMARY KEY, secret VARCHAR(10) INVISIBLE, \
         amount DECIMAL(10,2), at DATETIME, utc DATETIME(6) COMMENT 'UTC')";
    SERVERS.on_each("unseen", tables, |database| {
        if database.is_mysql() {
            database.sql(
                "SET SESSION sql_generate_invisible_primary_key = ON; \
                 CREATE TABLE made (name VARCHAR(5), n INT)",
            );
        }
        let config = json!({"resolved_connection": database.connection});
        let found = testing::discover::<MysqlExtractor>(config).expect("datasets");
        let columns = |at: usize| -> Vec<_> {
            let columns = found[at].columns.iter();
            columns.map(|c| (c.name.clone(), c.data_type.clone(), c.native_type.clone())).collect()
        };
        let moment = |zone: Option<&str>| {
            DataType::Timestamp(TimeUnit::Microsecond, zone.map(str::to_owned))
        };
        let inv = columns(0);
        let types: Vec<_> = inv.iter().map(|(name, of, _)| (name.as_str(), of.clone())).collect();
        assert_eq!(
            types,
            [
                ("id", DataType::Int32),
                ("amount", DataType::Decimal128(10, 2)),
                ("at", moment(None)),
                ("utc", moment(Some("UTC"))),
            ]
        );
        assert_eq!(inv[1].2, "decimal(10,2)");
        if database.is_mysql() {
            let made = columns(1);
            assert_eq!((made[0].0.as_str(), &made[0].1), ("name", &DataType::Utf8));
            assert_eq!((made[1].0.as_str(), &made[1].1), ("n", &DataType::Int32));
        }
        // What is found is what is read.
        let read = step(&database.connection, json!({"table": "inv"})).expect_ok();
        let fields = &read.table().schema().fields;
        let read: Vec<_> = fields.iter().map(|f| (f.name.as_str(), f.data_type.clone())).collect();
        assert_eq!(read, types);
    });
}

#[test]
fn booleans_are_read_on_request() {
    let tables = "CREATE TABLE t (b BOOLEAN, n TINYINT, u TINYINT(1)); \
         INSERT INTO t VALUES (TRUE, 1, 0), (FALSE, 2, NULL)";
    SERVERS.on_each("booleans", tables, |database| {
        let read = |more: Value| {
            let mut config = more;
            config["table"] = json!("t");
            step(&database.connection, config)
        };
        read(json!({})).expect_ok().assert_rows(&json!([[1, 1, 0], [0, 2, null]]));
        let booleans = read(json!({"tinyint1": "boolean"}));
        booleans.expect_ok().assert_rows(&json!([[true, 1, false], [false, 2, null]]));
        database.sql("INSERT INTO t VALUES (2, 2, 0)");
        let error = read(json!({"tinyint1": "boolean"})).expect_err(Kind::Data);
        assert!(error.message.contains("row 3, column \"b\": 2 is neither"), "{error}");
        assert!(error.message.contains("`tinyint1: integer`"), "{error}");
    });
}
