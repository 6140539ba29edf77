//! Tables without rows whose rows are replaced: new rows go into them without a detour.

mod support;

use std::time::Duration;

use osiris_sdk::testing::{Table, table};
use osiris_sdk::{DataType, Kind};
use serde_json::{Value, json};
use services::postgres::{Postgres, on_each_server};
use support::{step, write};

/// Rows from 100 on wait for the advisory lock 7.
const SLOW: &str = "CREATE TABLE t (id bigint,
    CHECK (CASE WHEN id < 100 THEN true ELSE pg_advisory_xact_lock_shared(7)::text = '' END))";

fn sql(server: &Postgres, database: &str, sql: &str) -> String {
    server.sql(database, sql).expect("an answer")
}

fn ids(values: impl IntoIterator<Item = i64>) -> Table {
    let rows: Vec<_> = values.into_iter().map(|value| json!([value])).collect();
    table(&[("id", DataType::Int64)], &Value::Array(rows))
}

/// Waits until a session of the database is in this state.
fn until(server: &Postgres, database: &str, condition: &str) {
    let query = format!(
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = '{database}' AND {condition}"
    );
    while sql(server, "postgres", &query) != "t" {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs a step whose row waits within `COPY`, and `meanwhile`, after which the row may go on.
fn while_rows_come(
    server: &Postgres,
    database: &str,
    mode: &str,
    meanwhile: impl FnOnce(&dyn Fn()),
) {
    let connection = server.connection(database);
    std::thread::scope(|scope| {
        let hold = "SELECT pg_advisory_lock(7); SELECT pg_sleep(60) AS held";
        let holder = scope.spawn(move || server.sql(database, hold));
        until(server, database, "query LIKE '%AS held%' AND wait_event = 'PgSleep'");
        let config = json!({"table": "t", "mode": mode});
        let writing = scope.spawn(move || {
            write(&connection, &ids([100]), config).expect_ok();
        });
        until(server, database, "query LIKE 'COPY%' AND wait_event = 'advisory'");
        let release = || {
            let end = format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}' \
                 AND query LIKE '%AS held%' AND pid <> pg_backend_pid()"
            );
            sql(server, "postgres", &end);
        };
        meanwhile(&release);
        assert!(holder.join().expect("an end").is_err());
        writing.join().expect("an end");
    });
}

#[test]
fn concurrently_added_rows_stay_without_blocking() {
    on_each_server(|server| {
        server.database("added", SLOW);
        for mode in ["replace", "truncate"] {
            while_rows_come(server, "added", mode, |release| {
                sql(server, "added", "SET lock_timeout = '10s'; INSERT INTO t VALUES (1)");
                assert_eq!(sql(server, "added", "TABLE t"), "1");
                release();
            });
            assert_eq!(sql(server, "added", "SELECT * FROM t ORDER BY id"), "1\n100", "{mode}");
            sql(server, "added", "TRUNCATE t");
        }
    });
}

#[test]
fn last_of_two_steps_wins() {
    on_each_server(|server| {
        let connection = server.database("both", SLOW);
        while_rows_come(server, "both", "truncate", |release| {
            std::thread::scope(|scope| {
                let config = json!({"table": "t", "mode": "truncate"});
                let second = scope.spawn(|| {
                    write(&connection, &ids([1, 2]), config).expect_ok();
                });
                until(server, "both", "wait_event_type = 'Lock' AND query LIKE 'TRUNCATE%'");
                release();
                second.join().expect("an end");
            });
        });
        assert_eq!(sql(server, "both", "SELECT * FROM t ORDER BY id"), "1\n2");
    });
}

#[test]
fn failed_write_leaves_the_table_empty() {
    on_each_server(|server| {
        let connection = server
            .database("failed", "CREATE TABLE t (id smallint PRIMARY KEY, CHECK (id <> 32000))");
        let count = || sql(server, "failed", "SELECT count(*) FROM t");
        let size = || sql(server, "failed", "SELECT pg_relation_size('t')");
        let truncate = || json!({"table": "t", "mode": "truncate"});
        // More than what is sent in one piece.
        let most = || 0..32_000;
        let run = || step(&connection, truncate()).failing_input("df_a", &ids(most()));
        run().expect_err(Kind::Upstream);
        assert_eq!(count(), "0");
        // What is left of them goes with the next rows.
        for (last, why) in [(32_000, "violates check"), (7, "already exists"), (40_000, "40000")] {
            let input = ids(most().chain([last]));
            let error = write(&connection, &input, truncate()).expect_err(Kind::Data);
            assert!(error.message.contains(why), "{error}");
            assert_eq!(count(), "0", "{why}");
        }
        write(&connection, &ids(most()), truncate()).expect_ok();
        assert_eq!(count(), "32000");
        let fresh = size();
        sql(server, "failed", "DELETE FROM t");
        write(&connection, &ids(most()), truncate()).expect_ok();
        assert_eq!(size(), fresh);
    });
}

#[test]
fn identity_triggers_and_views_behave_as_in_a_filled_table() {
    on_each_server(|server| {
        let mut connection = server.database(
            "hung",
            "CREATE TABLE log (what text);
             CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY, note text DEFAULT 'x');
             CREATE VIEW v AS SELECT id, note FROM t;
             CREATE TABLE traced (id bigint);
             CREATE FUNCTION trace() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
               INSERT INTO log VALUES (TG_OP); RETURN NULL; END $$;
             CREATE TRIGGER trace BEFORE TRUNCATE ON traced EXECUTE FUNCTION trace();
             CREATE TABLE ruled (id bigint);
             CREATE RULE also AS ON INSERT TO ruled DO ALSO INSERT INTO log VALUES ('rule');
             CREATE TABLE parent (id bigint); CREATE TABLE child () INHERITS (parent);
             INSERT INTO child VALUES (1);
             CREATE TABLE parts (id bigint) PARTITION BY RANGE (id);
             CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (10);
             INSERT INTO low VALUES (1);
             CREATE ROLE adds LOGIN PASSWORD 'a'; CREATE TABLE mine (id bigint);
             GRANT SELECT, INSERT, UPDATE ON mine TO adds",
        );
        let rows = |table: &str| sql(server, "hung", &format!("TABLE {table}"));
        for name in ["t", "traced", "ruled", "parent", "parts"] {
            let config = json!({"table": name, "mode": "truncate"});
            write(&connection, &ids([7]), config).expect_ok();
        }
        assert_eq!(rows("v"), "7|x");
        // The sequence goes on above the rows.
        assert_eq!(sql(server, "hung", "INSERT INTO t DEFAULT VALUES RETURNING id"), "8");
        assert_eq!((rows("traced"), rows("ruled")), ("7".to_owned(), "7".to_owned()));
        assert_eq!(rows("log"), "TRUNCATE\nrule");
        assert_eq!((rows("parent"), rows("parts")), ("7".to_owned(), "7".to_owned()));
        // Who may not take rows away may not do it here, either.
        connection["user"] = json!("adds");
        connection["password"] = json!("a");
        let config = json!({"table": "mine", "mode": "truncate"});
        let error = write(&connection, &ids([7]), config).expect_err(Kind::Permission);
        assert!(error.message.contains("permission denied"), "{error}");
        assert_eq!(rows("mine"), "");
    });
}
