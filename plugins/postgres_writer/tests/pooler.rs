//! Writes and reads through PgBouncer in transaction mode, whose clients share a connection.

mod support;

use osiris_sdk::{DataType, testing};
use postgres_extractor::PostgresExtractor;
use serde_json::{Value, json};
use services::pgbouncer::PgBouncer;
use services::postgres::Postgres;
use support::{table, write};

/// Returns a connection through a pooler of its own.
fn pooled(name: &str, sql: &str) -> (PgBouncer, Value) {
    let mut connection = Postgres::shared().database(name, sql);
    let pooler = PgBouncer::start(Postgres::shared()).expect("a pooler");
    connection["port"] = json!(pooler.port);
    connection["sslmode"] = json!("disable");
    (pooler, connection)
}

/// Returns the numbers of the server's connections that the pooler has opened for a database.
fn server_connections(pooler: &PgBouncer) -> usize {
    pooler.log().matches("new connection to server").count()
}

/// Asks through the pooler.
fn ask(pooler: &PgBouncer, database: &str, sql: &str) -> String {
    let output = Postgres::shared()
        .client(database, sql)
        .expect("a client")
        .args(["-A", "-t", "-p", &pooler.port.to_string()])
        .output()
        .expect("an answer");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn steps_work_again_and_again_on_one_connection() {
    let (pooler, connection) = pooled(
        "pooled",
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE moods (id int PRIMARY KEY, m mood);
         INSERT INTO moods VALUES (1, 'ok')",
    );
    let input =
        table(&[("id", DataType::Int32), ("m", DataType::Utf8)], &json!([[1, "sad"], [2, "ok"]]));
    let config = json!({"resolved_connection": connection, "table": "moods"});
    for _ in 0..3 {
        let upsert = json!({"table": "moods", "mode": "upsert", "upsert_keys": ["id"]});
        write(&connection, &input, upsert).expect_ok();
        write(&connection, &input, json!({"table": "moods", "mode": "replace"})).expect_ok();
        testing::run::<PostgresExtractor>(config.clone()).expect_ok();
        testing::discover::<PostgresExtractor>(config.clone()).expect("datasets");
    }
    // A step that fails leaves nothing behind that stops the next one, either.
    let query = "SELECT m, 1 / (id - 2) FROM moods ORDER BY id";
    let fails = json!({"resolved_connection": connection, "query": query});
    let _ = testing::run::<PostgresExtractor>(fails).report().result.expect_err("an error");
    testing::run::<PostgresExtractor>(config)
        .expect_ok()
        .assert_rows(&json!([[1, "sad"], [2, "ok"]]));
    let left = "SELECT count(*) FROM pg_prepared_statements";
    assert_eq!(ask(&pooler, "pooled", left), "0");
    // The end of a step does not cost the pooler its connection.
    assert_eq!(server_connections(&pooler), 1, "{}", pooler.log());
}

#[test]
fn settings_of_a_step_end_with_it() {
    let (pooler, mut connection) = pooled(
        "leaks",
        "CREATE SCHEMA crm; CREATE TABLE crm.orders (id int); CREATE TABLE orders (id int);
         INSERT INTO crm.orders VALUES (111); INSERT INTO orders VALUES (222)",
    );
    let shown = "SELECT current_setting('search_path'), current_setting('lock_timeout'), \
                 current_setting('datestyle'), current_setting('timezone'), \
                 current_setting('intervalstyle'), current_setting('extra_float_digits'), \
                 current_setting('statement_timeout'), id FROM orders";
    let before = ask(&pooler, "leaks", shown);
    connection["schema"] = json!("crm");
    let ids = table(&[("id", DataType::Int64)], &json!([[1]]));
    for mode in ["replace", "append"] {
        write(&connection, &ids, json!({"table": "stuff", "mode": mode})).expect_ok();
        let config = json!({"resolved_connection": connection, "table": "stuff"});
        testing::run::<PostgresExtractor>(config).expect_ok();
        assert_eq!(ask(&pooler, "leaks", shown), before, "{mode}");
    }
    let wrong = table(&[("no", DataType::Int64)], &json!([[1]]));
    let _ = write(&connection, &wrong, json!({"table": "stuff"})).report();
    assert_eq!(ask(&pooler, "leaks", shown), before);
    assert_eq!(server_connections(&pooler), 1, "{}", pooler.log());
}
