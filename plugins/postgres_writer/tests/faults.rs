//! Errors while rows are written.

mod support;

use std::time::Duration;

use osiris_sdk::testing::{Table, table};
use osiris_sdk::{BatchBuilder, ColumnBuilder, DataType, Field, Kind, Schema};
use serde_json::json;
use services::postgres::{Options, Postgres, on_each_server};
use support::write;

/// So many batches of 1,000 rows of 1 KB.
fn lots(batches: usize) -> Table {
    let schema = Schema::new(vec![Field::new("t", DataType::Utf8, true)]);
    let mut table = Table::new(&schema);
    let mut batch = BatchBuilder::new(&schema);
    for _ in 0..batches {
        let [ColumnBuilder::Utf8(texts)] = &mut batch.columns[..] else { unreachable!() };
        for _ in 0..1000 {
            texts.push_str(&"x".repeat(1000));
        }
        table = table.with_batch(&mut batch);
    }
    table
}

/// Waits until the server's sessions look like that.
fn until(server: &Postgres, condition: &str) {
    let sql = format!("SELECT count(*) > 0 FROM pg_stat_activity WHERE {condition}");
    while server.sql("postgres", &sql).expect("an answer") != "t" {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn killed_server_keeps_the_old_rows() {
    on_each_server(|plain| {
        let options = Options { release: plain.release(), ..Options::default() };
        let server = Postgres::start(options).expect("a server");
        let connection = server.connection("postgres");
        server.sql("postgres", "CREATE TABLE t (t text); INSERT INTO t VALUES ('old')").unwrap();
        // Something to wait for: the write stands at a lock until the server dies.
        let run = || write(&connection, &lots(20), json!({"table": "t", "mode": "replace"}));
        std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                server.sql(
                    "postgres",
                    "BEGIN; LOCK TABLE t IN SHARE MODE; SELECT pg_sleep(60); COMMIT",
                )
            });
            until(&server, "query LIKE '%pg_sleep%' AND wait_event = 'PgSleep'");
            let writing = scope.spawn(|| run().expect_err(Kind::Network));
            until(&server, "wait_event_type = 'Lock'");
            server.kill().expect("a dead server");
            writing.join().expect("an end");
            assert!(holder.join().expect("an end").is_err());
        });
        server.restart().expect("a server");
        assert_eq!(server.sql("postgres", "SELECT * FROM t").unwrap(), "old");
        run().expect_ok();
        assert_eq!(server.sql("postgres", "SELECT count(*) FROM t").unwrap(), "20000");
    });
}

#[test]
fn session_ended_during_copy_changes_nothing() {
    on_each_server(|server| {
        let connection = server.database("ended", "CREATE TABLE t (t text)");
        // Ends its own session at the thousandth row.
        let end = "CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF (SELECT count(*) FROM t) >= 1000 THEN
           PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$;
         CREATE TRIGGER stop BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION stop()";
        server.sql("ended", end).unwrap();
        let error = write(&connection, &lots(5), json!({"table": "t"})).expect_err(Kind::Network);
        assert!(
            error.message.contains("terminating connection") || error.message.contains("lost"),
            "{error}"
        );
        assert_eq!(server.sql("ended", "SELECT count(*) FROM t").unwrap(), "0");
        server.sql("ended", "DROP TRIGGER stop ON t").unwrap();
        write(&connection, &lots(5), json!({"table": "t"})).expect_ok();
        assert_eq!(server.sql("ended", "SELECT count(*) FROM t").unwrap(), "5000");
    });
}

#[test]
fn cut_connection_changes_nothing() {
    on_each_server(|server| {
        let mut connection = server.database("cut", "CREATE TABLE t (t text)");
        // Little comes back: signing in is more than half of it, rows go the other way.
        let port = services::cutting_proxy(server.port, 1200).expect("a proxy");
        connection["port"] = json!(port);
        connection["sslmode"] = json!("disable");
        let error = write(&connection, &lots(50), json!({"table": "t"})).expect_err(Kind::Network);
        assert!(error.message.contains("lost"), "{error}");
        assert_eq!(server.sql("cut", "SELECT count(*) FROM t").unwrap(), "0");
    });
}

#[test]
fn locked_table_times_out() {
    on_each_server(|server| {
        let connection = server.database("locked", "CREATE TABLE t (id bigint PRIMARY KEY)");
        let input = table(&[("id", DataType::Int64)], &json!([[1]]));
        let timeouts = || server.log_of("locked").matches("due to lock timeout").count();
        std::thread::scope(|scope| {
            let lock = "BEGIN; LOCK TABLE t; SELECT pg_sleep(600) AS locked";
            let holder = scope.spawn(|| server.sql("locked", lock));
            until(server, "query LIKE '%AS locked%' AND wait_event = 'PgSleep'");
            for config in [
                json!({"table": "t", "mode": "truncate", "read_timeout": 0.5}),
                json!({"table": "t", "mode": "upsert", "upsert_keys": ["id"], "read_timeout": 0.5}),
            ] {
                let before = timeouts();
                let error = write(&connection, &input, config).expect_err(Kind::Timeout);
                assert!(error.message.contains("another session holds a lock"), "{error}");
                assert!(error.retryable);
                assert_eq!(timeouts() - before, 3);
            }
            // The lock is free once the next step was refused it for the first time.
            let before = timeouts();
            scope.spawn(move || {
                while timeouts() == before {
                    std::thread::sleep(Duration::from_millis(5));
                }
                let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE \
                       '%AS locked' AND pid <> pg_backend_pid()";
                server.sql("locked", end).expect("an end");
            });
            let config = json!({"table": "t", "mode": "truncate", "read_timeout": 2});
            let report = write(&connection, &input, config).expect_ok();
            assert!(!report.pauses.is_empty());
            assert!(holder.join().expect("an end").is_err());
        });
        assert_eq!(server.sql("locked", "SELECT * FROM t").unwrap(), "1");
    });
}

#[test]
fn deadlock_is_rolled_back_and_retried() {
    on_each_server(|server| {
        let connection = server.database(
        "deadlock",
        "CREATE TABLE t (id bigint PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'a'), (2, 'b')",
    );
        let columns = [("id", DataType::Int64), ("name", DataType::Utf8)];
        let input = table(&columns, &json!([[1, "A"], [2, "B"]]));
        // Takes row 2, waits for the step to take row 1 and to wait for row 2, and then wants row 1.
        // It is in no hurry to look for a deadlock, so the step is the one that is stopped.
        let other =
            "BEGIN; SET LOCAL deadlock_timeout = '10min'; UPDATE t SET name = 'x' WHERE id = 2;
         DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted
             AND transactionid = pg_current_xact_id()::xid) LOOP PERFORM pg_sleep(0.005); END LOOP;
         END $$; UPDATE t SET name = 'y' WHERE id = 1; COMMIT";
        std::thread::scope(|scope| {
            let other = scope.spawn(|| server.sql("deadlock", other));
            until(server, "query LIKE '%deadlock_timeout%' AND wait_event = 'PgSleep'");
            let config = json!({"table": "t", "mode": "upsert", "upsert_keys": ["id"]});
            let report = write(&connection, &input, config).expect_ok();
            // More than once, if the other session does not wake up in time.
            assert!(!report.pauses.is_empty());
            other.join().expect("an end").expect("no error");
        });
        assert_eq!(server.sql("deadlock", "SELECT * FROM t ORDER BY id").unwrap(), "1|A\n2|B");
    });
}

#[test]
fn missing_write_privilege_is_reported() {
    on_each_server(|server| {
        let mut guest = server.database(
        "denied",
        "CREATE ROLE writer LOGIN PASSWORD 'w'; CREATE TABLE t (id bigint); GRANT SELECT ON t TO writer",
    );
        guest["user"] = json!("writer");
        guest["password"] = json!("w");
        let input = table(&[("id", DataType::Int64)], &json!([[1]]));
        for name in ["t", "new"] {
            let error = write(&guest, &input, json!({"table": name})).expect_err(Kind::Permission);
            assert!(error.message.contains("permission denied"), "{error}");
            assert!(error.message.contains("GRANT"), "{error}");
        }
    });
}

#[test]
fn row_rejected_by_a_trigger_is_a_data_error() {
    on_each_server(|server| {
        let connection = server.database(
            "refused",
            "CREATE TABLE t (id bigint); CREATE FUNCTION check_id() RETURNS trigger LANGUAGE plpgsql
             AS $$ BEGIN IF NEW.id > 1 THEN RAISE EXCEPTION 'no such id: %', NEW.id; END IF;
             RETURN NEW; END $$;
             CREATE TRIGGER check_id BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION check_id()",
        );
        let input = table(&[("id", DataType::Int64)], &json!([[1], [2]]));
        let error = write(&connection, &input, json!({"table": "t"})).expect_err(Kind::Data);
        assert!(error.message.contains("no such id: 2"), "{error}");
        assert!(error.message.contains("row 2"), "{error}");
    });
}

#[test]
fn step_sets_its_own_time_limits() {
    on_each_server(|server| {
        let mut connection = server.database(
            "limits",
            "CREATE ROLE limited LOGIN PASSWORD 'l'; GRANT CREATE ON SCHEMA public TO limited;
             ALTER ROLE limited SET lock_timeout = '100ms'; CREATE TABLE t (id bigint);
             GRANT ALL ON t TO limited",
        );
        connection["user"] = json!("limited");
        connection["password"] = json!("l");
        let input = table(&[("id", DataType::Int64)], &json!([[1]]));
        std::thread::scope(|scope| {
            let hold = "BEGIN; LOCK TABLE t; SELECT pg_sleep(600) AS limits; COMMIT";
            let holder = scope.spawn(|| server.sql("limits", hold));
            until(server, "query LIKE '%AS limits%' AND wait_event = 'PgSleep'");
            let config = json!({"table": "t", "mode": "replace"});
            let error = write(&connection, &input, config).expect_err(Kind::Timeout);
            assert!(error.message.contains("`lock_timeout` in `session`"), "{error}");
            let config = json!({"table": "t", "session": {"lock_timeout": 0}});
            let writing = scope.spawn(|| {
                let input = table(&[("id", DataType::Int64)], &json!([[1]]));
                write(&connection, &input, config).expect_ok();
            });
            until(server, "wait_event_type = 'Lock' AND usename = 'limited'");
            // More than the role's own limit.
            std::thread::sleep(Duration::from_millis(300));
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE \
                       '%AS limits%' AND pid <> pg_backend_pid()";
            server.sql("limits", end).expect("an end");
            writing.join().expect("an end");
            assert!(holder.join().expect("an end").is_err());
        });
        assert_eq!(server.sql("limits", "TABLE t").unwrap(), "1");
    });
}
