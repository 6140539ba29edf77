//! Faults while a table is written, and the table afterwards.

mod support;

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use db_common::Timeouts;
use mysql_common::{Connection, Session};
use osiris_sdk::testing::table;
use osiris_sdk::{DataType, Kind};
use serde::Deserialize;
use serde_json::{Value, json};
use services::mariadb::{self, Options, Server};
use services::mysql;
use services::with_fields;
use support::{SERVERS, database, people, sql, step};

const TABLE: &str = "CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(5)); \
     INSERT INTO t SELECT seq, 'old' FROM seq_1_to_100";

/// Another program that uses the table.
fn other(connection: &Value) -> Session {
    let connection = Connection::deserialize(connection).expect("a connection");
    Session::connect(&connection, Timeouts::new(60.0, 60.0)).expect("a session")
}

/// Waits until a statement in that database waits for others.
fn until(server: &Server, database: &str, waits: &str) {
    // InnoDB shows its transactions as they were until nobody has looked for 100 ms.
    static ONE: Mutex<()> = Mutex::new(());
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let question = format!("{waits} AND p.db = '{database}'");
    for _ in 0..200 {
        if server.sql("", &question).is_ok_and(|count| count != "0") {
            return;
        }
        thread::sleep(Duration::from_millis(150));
    }
    drop(one);
    panic!("nothing waits in {database}");
}

const WAITS_FOR_ROW: &str = "SELECT COUNT(*) FROM information_schema.innodb_trx t \
     JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id \
     WHERE t.trx_state = 'LOCK WAIT'";
const WAITS_FOR_TABLE: &str = "SELECT COUNT(*) FROM information_schema.processlist p \
     WHERE p.state LIKE 'Waiting for table metadata lock'";

#[test]
fn locked_rows_time_out() {
    let connection = database("held", TABLE);
    let mut other = other(&connection);
    other.run("START TRANSACTION").expect("a transaction");
    other.run("UPDATE t SET name = 'other' WHERE id = 5").expect("a lock");
    for config in [
        json!({"table": "t", "mode": "upsert", "upsert_keys": ["id"], "lock_timeout": 1}),
        json!({"table": "t", "mode": "truncate", "lock_timeout": 1}),
        json!({"table": "t", "mode": "replace", "lock_timeout": 1}),
    ] {
        let input = people(&json!([[5, "new"]]));
        let error = step(&connection, config).input("df_a", &input).expect_err(Kind::Timeout);
        assert!(error.retryable, "{error}");
        assert!(error.message.contains("Lock wait timeout exceeded"), "{error}");
    }
    assert_eq!(sql("held", "SELECT COUNT(*), MAX(name) FROM t"), "100\told");
    other.run("ROLLBACK").expect("an end");
    let replace = json!({"table": "t", "mode": "replace"});
    let _ = step(&connection, replace).input("df_a", &people(&json!([[5, "new"]]))).expect_ok();
    assert_eq!(sql("held", "SHOW TABLES"), "t");
}

#[test]
fn deadlock_is_retried() {
    let connection = database("deadlock", TABLE);
    let mut other = other(&connection);
    other.run("START TRANSACTION").expect("a transaction");
    // It has changed more, so that the writer is the one to be undone.
    other.run("UPDATE t SET name = 'other' WHERE id > 50").expect("locks");
    let writer = thread::spawn(move || {
        let config = json!({"table": "t", "mode": "upsert", "upsert_keys": ["id"]});
        let input = people(&json!([[1, "new"], [60, "new"]]));
        step(&connection, config).input("df_a", &input).report().result
    });
    until(&SERVERS.mariadb, "deadlock", WAITS_FOR_ROW);
    other.run("UPDATE t SET name = 'other' WHERE id = 1").expect("a lock");
    other.run("COMMIT").expect("an end");
    assert_eq!(writer.join().expect("a result").expect("a summary").rows_written, Some(2));
    assert_eq!(sql("deadlock", "SELECT name FROM t WHERE id IN (1, 60)"), "new\nnew");
}

#[test]
fn concurrent_run_times_out() {
    let connection = database("two_runs", TABLE);
    let mut other = other(&connection);
    other.run("START TRANSACTION").expect("a transaction");
    other.run("UPDATE t SET name = 'other' WHERE id = 5").expect("a lock");
    let first = connection.clone();
    let writer = thread::spawn(move || {
        let config = json!({"table": "t", "mode": "upsert", "upsert_keys": ["id"]});
        let _ = step(&first, config).input("df_a", &people(&json!([[5, "new"]]))).expect_ok();
    });
    until(&SERVERS.mariadb, "two_runs", WAITS_FOR_ROW);
    let second = json!({"table": "t", "lock_timeout": 1});
    let error =
        step(&connection, second).input("df_a", &people(&json!([]))).expect_err(Kind::Timeout);
    assert!(error.message.contains("another run has been writing it for 1 s"), "{error}");
    other.run("COMMIT").expect("an end");
    writer.join().expect("an end");
    assert_eq!(sql("two_runs", "SELECT name FROM t WHERE id = 5"), "new");
}

#[test]
fn killed_server_leaves_the_old_rows() {
    let mut server = mariadb::start(&Options::default()).expect("a server");
    server.database("killed").expect("a database");
    server.sql("killed", TABLE).expect("a table");
    let there = server.connection("killed");
    let input = || people(&json!([[101, "new"], [5, "new"]]));
    for (config, waits, rows) in [
        (json!({"table": "t", "mode": "upsert", "upsert_keys": ["id"]}), WAITS_FOR_ROW, "101\t2"),
        (json!({"table": "t", "mode": "truncate"}), WAITS_FOR_ROW, "2\t2"),
        (json!({"table": "t", "mode": "replace"}), WAITS_FOR_TABLE, "2\t2"),
    ] {
        server.sql("killed", "DROP TABLE t").expect("no table");
        server.sql("killed", TABLE).expect("a table");
        let mut other = other(&there);
        other.run("START TRANSACTION").expect("a transaction");
        other.run("UPDATE t SET name = 'other' WHERE id = 5").expect("a lock");
        let (writing, written) = (there.clone(), config.clone());
        let writer = thread::spawn(move || {
            step(&writing, written).input("df_a", &input()).expect_err(Kind::Network)
        });
        until(&server, "killed", waits);
        server.restart().expect("a server");
        let error = writer.join().expect("an error");
        assert!(error.retryable && error.message.starts_with("writing table \"t\""), "{error}");
        assert!(error.message.contains("closed the connection: it was stopped"), "{error}");
        assert!(!error.message.contains("os error"), "{error}");
        let count = "SELECT COUNT(*), SUM(name = 'new') FROM t";
        assert_eq!(server.sql("killed", count).expect("rows"), "100\t0", "{config}");
        let _ = step(&there, config.clone()).input("df_a", &input()).expect_ok();
        assert_eq!(server.sql("killed", count).expect("rows"), rows, "{config}");
        assert_eq!(server.sql("killed", "SHOW TABLES").expect("tables"), "t", "{config}");
    }
}

#[test]
fn missing_privileges_are_reported() {
    let connection = database("may_not", TABLE);
    sql(
        "",
        "CREATE OR REPLACE USER reader@'127.0.0.1' IDENTIFIED BY 'a'; \
         GRANT SELECT ON may_not.* TO reader@'127.0.0.1'; \
         CREATE OR REPLACE USER adder@'127.0.0.1' IDENTIFIED BY 'a'; \
         GRANT SELECT, INSERT ON may_not.t TO adder@'127.0.0.1'",
    );
    let as_user = |user: &str| {
        let mut connection = connection.clone();
        (connection["user"], connection["password"]) = (json!(user), json!("a"));
        connection
    };
    let input = people(&json!([[101, "new"]]));
    for table in ["t", "made"] {
        let error = step(&as_user("reader"), json!({"table": table}))
            .input("df_a", &input)
            .expect_err(Kind::Permission);
        assert!(error.message.contains("command denied to user"), "{error}");
    }
    // Who may only add needs no more than that.
    let _ = step(&as_user("adder"), json!({"table": "t"})).input("df_a", &input).expect_ok();
    let mut secure = connection.clone();
    secure["tls"] = json!("required");
    let error = step(&secure, json!({"table": "t"})).input("df_a", &input).expect_err(Kind::Config);
    assert!(error.message.contains("offers no TLS"), "{error}");
}

#[test]
fn too_large_row_is_rejected() {
    let connection = database("too_large", "");
    let large = "x".repeat(17 << 20);
    let input = people(&json!([[1, "a"], [2, large]]));
    for load in [true, false] {
        let config = json!({"table": "t", "load_data": load});
        let error = step(&connection, config).input("df_a", &input).expect_err(Kind::Data);
        assert!(error.message.contains("row 2: it takes 178"), "{error}");
        assert!(error.message.contains(" of them for column \"name\""), "{error}");
        assert!(error.message.contains("takes 16777152 at once"), "{error}");
        assert!(error.message.contains("SET GLOBAL max_allowed_packet = 18874368"), "{error}");
        assert_eq!(sql("too_large", "SHOW TABLES"), "");
    }
    // Bytes count once, though a file has two digits for each.
    let large = table(&[("b", DataType::Binary)], &json!([["ab".repeat(9 << 20)]]));
    let _ = step(&connection, json!({"table": "t"})).input("df_a", &large).expect_ok();
    assert_eq!(sql("too_large", "SELECT LENGTH(b) FROM t"), (9 << 20).to_string());
}

#[test]
fn thousand_columns_are_written() {
    let connection = database("thousand", "");
    let names: Vec<_> = (0..1000).map(|index| format!("c{index}")).collect();
    let columns: Vec<_> = names.iter().map(|name| (name.as_str(), DataType::Int32)).collect();
    let row: Vec<_> = (0..1000).collect();
    let input = table(&columns, &json!([row, row]));
    let _ = step(&connection, json!({"table": "t"})).input("df_a", &input).expect_ok();
    assert_eq!(sql("thousand", "SELECT SUM(c999) FROM t"), "1998");
}

#[test]
fn names_differing_only_in_case_are_rejected() {
    let tables = "CREATE TABLE t (a INT)";
    SERVERS.on_each("letter_case", tables, |database| {
        let input = table(&[("a", DataType::Int64), ("A", DataType::Int64)], &json!([[1, 2]]));
        for name in ["t", "made"] {
            let step = step(&database.connection, json!({"table": name})).input("df_a", &input);
            let error = step.expect_err(Kind::Config);
            assert!(error.message.contains("give one of the two another name"), "{error}");
        }
    });
}

#[test]
fn too_long_key_is_rejected() {
    SERVERS.on_each("long_keys", "", |database| {
        let input = table(&[("k", DataType::Utf8), ("n", DataType::Int64)], &json!([["a", 1]]));
        let config = json!({
            "table": "t", "primary_key": ["k"], "column_types": {"k": "VARCHAR(4000)"}
        });
        let error =
            step(&database.connection, config).input("df_a", &input).expect_err(Kind::Config);
        assert!(error.message.contains("MySQL error 1071"), "{error}");
        assert!(error.message.contains("`column_types`"), "{error}");
    });
}

#[test]
fn read_only_server_is_reported() {
    let server = mysql::start(&Options::default()).expect("a server");
    server.database("only_reads").expect("a database");
    server.sql("only_reads", "CREATE TABLE t (id BIGINT, name TEXT)").expect("a table");
    let connection = server.connection("only_reads");
    let input = people(&json!([[1, "a"]]));
    server.sql("", "SET GLOBAL sql_require_primary_key = ON").expect("a setting");
    let made = |more: Value| {
        let config = with_fields(&json!({"table": "made"}), &more);
        step(&connection, config).input("df_a", &input)
    };
    let error = made(json!({})).expect_err(Kind::Config);
    assert!(error.message.contains("MySQL error 3750"), "{error}");
    assert!(error.message.contains("in `primary_key`"), "{error}");
    let _ = made(json!({"primary_key": ["id"]})).expect_ok();
    server.sql("", "SET GLOBAL super_read_only = ON").expect("a setting");
    for table in ["t", "other"] {
        let error = step(&connection, json!({"table": table, "primary_key": ["id"]}))
            .input("df_a", &input)
            .expect_err(Kind::Permission);
        assert!(error.message.contains("write to the primary server"), "{error}");
    }
}
