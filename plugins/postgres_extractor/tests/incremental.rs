//! Runs that read on from where another one ended.

mod support;

use osiris_sdk::{Kind, testing};
use serde_json::{Value, json};
use services::postgres::on_each_server;
use support::read;

fn ids(report: &testing::Report) -> Vec<Value> {
    report.table().rows().as_array().unwrap().iter().map(|row| row[0].clone()).collect()
}

fn state(report: testing::Report) -> Value {
    report.saved_state.expect("a state")
}

#[test]
fn state_of_another_source_is_not_used() {
    on_each_server(|server| {
        let setup =
            "CREATE SCHEMA crm; CREATE TABLE orders (id int); CREATE TABLE invoices (id int);
         CREATE TABLE crm.orders (id int); INSERT INTO orders SELECT generate_series(1, 100);
         INSERT INTO invoices SELECT generate_series(1, 50)";
        let connection = server.database("sources", setup);
        let other = server.database("sources2", setup);
        let mut crm = connection.clone();
        crm["schema"] = json!("crm");
        let by_id = json!({"cursor": "id"});
        let orders = json!({"table": "orders", "incremental": by_id});
        let first = state(read(&connection, orders.clone()).expect_ok());
        let query = json!({"query": "SELECT id FROM orders", "incremental": by_id});
        let of_query = state(read(&connection, query.clone()).expect_ok());
        for (connection, config, state) in [
            (&connection, json!({"table": "invoices", "incremental": by_id}), &first),
            (&crm, orders.clone(), &first),
            (&other, orders.clone(), &first),
            (&connection, query.clone(), &first),
            (&connection, orders.clone(), &of_query),
            (
                &connection,
                json!({"query": "SELECT id FROM invoices", "incremental": by_id}),
                &of_query,
            ),
        ] {
            let error = read(connection, config.clone()).state(state).expect_err(Kind::Config);
            assert!(error.message.contains("the last run read the"), "{error}");
            assert!(error.message.contains("set `other_source: continue`"), "{error}");
            assert!(error.message.contains("go on from \"100\""), "{error}");
            assert!(error.message.contains("delete the saved state"), "{error}");
            // Whoever knows that the rows are the same ones goes on, and has a state of its own.
            let mut config = config.clone();
            config["incremental"]["other_source"] = json!("continue");
            let report = read(connection, config.clone()).state(state).expect_ok();
            assert_eq!(report.table().row_count(), 0);
            let own = report.saved_state.expect("a state");
            assert_eq!(own["value"], "100");
            assert_ne!(own["source"], state["source"]);
            config["incremental"] = by_id.clone();
            let _ = read(connection, config).state(&own).expect_ok();
        }
        for (config, state) in [(&orders, &first), (&query, &of_query)] {
            let again = read(&connection, config.clone()).state(state).expect_ok();
            assert_eq!(again.table().row_count(), 0);
        }
        // A state of old says nothing about its source, and learns it.
        let old = json!({"cursor": "id", "value": "40"});
        let report = read(&connection, orders).state(&old).expect_ok();
        assert_eq!(report.table().row_count(), 60);
        assert_eq!(state(report), first);
    });
}

#[test]
fn nan_and_infinity_are_rejected_as_cursors() {
    on_each_server(|server| {
        let connection = server.database(
            "ends",
            "CREATE TABLE t (f float8, r real, n numeric, d date, ts timestamptz, t text);
         INSERT INTO t VALUES (1, 1, 1, '2024-01-01', '2024-01-01', 'a'),
           ('NaN', 'NaN', 'NaN', 'infinity', 'infinity', 'infinity'),
           ('Infinity', 'Infinity', 'Infinity', 'infinity', 'infinity', 'NaN')",
        );
        for cursor in ["f", "r", "n", "d", "ts"] {
            let mut config = json!({
                "table": "t", "columns": [cursor], "infinity": "null", "incremental": {"cursor": cursor},
            });
            let error = read(&connection, config.clone()).expect_err(Kind::Data);
            assert!(error.message.contains("nothing lies beyond it"), "{cursor}: {error}");
            let old = json!({"cursor": cursor, "value": if "dts".contains(cursor) { "infinity" } else { "NaN" }});
            let error = read(&connection, config.clone()).state(&old).expect_err(Kind::Data);
            assert!(error.message.contains("nothing lies beyond it"), "{cursor}: {error}");
            config["filter"] = json!(format!("\"{cursor}\" < 'Infinity'"));
            assert_eq!(read(&connection, config).expect_ok().table().row_count(), 1, "{cursor}");
        }
        // In text they are words.
        let config = json!({"table": "t", "columns": ["t"], "incremental": {"cursor": "t"}});
        assert_eq!(read(&connection, config).expect_ok().table().row_count(), 3);
    });
}

#[test]
fn overlap_reads_late_rows() {
    on_each_server(|server| {
        let connection = server.database(
        "late",
        "CREATE TABLE t (id int, at timestamptz, d date, name text);
         INSERT INTO t VALUES (1, '2024-01-01', '2024-01-01', 'a'), (9, '2024-01-09', '2024-01-09', 'b')",
    );
        let run = |incremental: Value, state: Option<&Value>| {
            let config = json!({"table": "t", "columns": ["id"], "incremental": incremental});
            let mut config = config;
            config["columns"] = json!(["id", "at", "d", "name"]);
            let run = read(&connection, config);
            match state {
                Some(state) => run.state(state).expect_ok(),
                None => run.expect_ok(),
            }
        };
        for (cursor, overlap, late) in [
            ("id", json!(5), "(5, '2024-01-02', '2024-01-02', 'x')"),
            ("at", json!("3 days"), "(5, '2024-01-06', '2024-01-02', 'x')"),
            ("d", json!("3 days"), "(5, '2024-01-02', '2024-01-06', 'x')"),
        ] {
            let incremental = json!({"cursor": cursor, "overlap": overlap});
            let first = run(incremental.clone(), None);
            assert_eq!(ids(&first), [json!(1), json!(9)]);
            let saved = state(first);
            let sql = |sql: &str| server.sql("late", sql).unwrap();
            sql(&format!("INSERT INTO t VALUES {late}"));
            let again = run(incremental.clone(), Some(&saved));
            assert_eq!(ids(&again), [json!(5), json!(9)], "{cursor}");
            assert_eq!(state(again), saved, "{cursor}");
            // The state never goes back, even if the last row is gone.
            sql("DELETE FROM t WHERE id = 9");
            let less = run(incremental.clone(), Some(&saved));
            assert_eq!(ids(&less), [json!(5)], "{cursor}");
            assert_eq!(state(less), saved, "{cursor}");
            sql("DELETE FROM t WHERE id = 5");
            sql("INSERT INTO t VALUES (9, '2024-01-09', '2024-01-09', 'b')");
        }
        let inclusive = json!({"cursor": "at", "inclusive": true});
        let saved = state(run(inclusive.clone(), None));
        server.sql("late", "INSERT INTO t VALUES (10, '2024-01-09')").unwrap();
        let mut again = ids(&run(inclusive, Some(&saved)));
        again.sort_by_key(ToString::to_string);
        assert_eq!(again, [json!(10), json!(9)]);
        assert_eq!(ids(&run(json!({"cursor": "at"}), Some(&saved))), Vec::<Value>::new());
        for incremental in [
            json!({"cursor": "name", "overlap": 1}),
            json!({"cursor": "id", "overlap": "1 day"}),
            json!({"cursor": "at", "overlap": 3}),
            json!({"cursor": "id", "overlap": -3}),
        ] {
            let config = json!({"table": "t", "incremental": incremental});
            let error = read(&connection, config).expect_err(Kind::Config);
            assert!(error.message.contains("incremental.overlap"), "{error}");
        }
    });
}
