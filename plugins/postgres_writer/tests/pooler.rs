//! Writes and reads through PgBouncer in transaction mode, whose clients share a connection.

mod support;

use osiris_sdk::DataType;
use osiris_sdk::testing::{self, table};
use postgres_extractor::PostgresExtractor;
use serde_json::{Value, json};
use services::pgbouncer::PgBouncer;
use services::postgres::{Postgres, Release};
use support::write;

/// A pooler, and a connection of a step through it.
struct Pooled {
    server: &'static Postgres,
    pooler: PgBouncer,
    database: String,
    connection: Value,
}

impl Pooled {
    /// Returns the number of connections that the pooler has opened to the server.
    fn server_connections(&self) -> usize {
        self.pooler.log().matches("new connection to server").count()
    }

    /// Asks through the pooler.
    fn ask(&self, sql: &str) -> String {
        let output = self
            .server
            .client(&self.database, sql)
            .expect("a client")
            .args(["-A", "-t", "-p", &self.pooler.port.to_string()])
            .output()
            .expect("an answer");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

/// Does the same through a pooler that knows nothing of prepared statements, and through new ones
/// that keep track of them or do not.
fn through_each_pooler(name: &str, sql: &str, check: impl Fn(&Pooled)) {
    let (system, unstable) = (Postgres::shared(), Postgres::unstable());
    for (number, (server, release, settings)) in [
        (system, Release::System, ""),
        (unstable, Release::Unstable, "max_prepared_statements = 0"),
        (unstable, Release::Unstable, "max_prepared_statements = 200"),
    ]
    .into_iter()
    .enumerate()
    {
        let database = format!("{name}{number}");
        let mut connection = server.database(&database, sql);
        let pooler = PgBouncer::start(server, release, settings).expect("a pooler");
        eprintln!("on PgBouncer of {release:?}, {settings}:");
        connection["port"] = json!(pooler.port);
        connection["sslmode"] = json!("disable");
        check(&Pooled { server, pooler, database, connection });
    }
}

#[test]
fn steps_can_share_a_pooled_connection() {
    through_each_pooler(
        "pooled",
        "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE moods (id int PRIMARY KEY, m mood);
         INSERT INTO moods VALUES (1, 'ok')",
        |pooled| {
            let connection = &pooled.connection;
            let input = table(
                &[("id", DataType::Int32), ("m", DataType::Utf8)],
                &json!([[1, "sad"], [2, "ok"]]),
            );
            let config = json!({"resolved_connection": connection, "table": "moods"});
            for _ in 0..3 {
                let upsert = json!({"table": "moods", "mode": "upsert", "upsert_keys": ["id"]});
                write(connection, &input, upsert).expect_ok();
                write(connection, &input, json!({"table": "moods", "mode": "replace"})).expect_ok();
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
            // The pooler's own ones stay.
            let left = "SELECT count(*) FROM pg_prepared_statements WHERE name !~ '^PGBOUNCER_'";
            assert_eq!(pooled.ask(left), "0");
            // The end of a step does not cost the pooler its connection.
            assert_eq!(pooled.server_connections(), 1, "{}", pooled.pooler.log());
        },
    );
}

#[test]
fn session_settings_end_with_the_step() {
    through_each_pooler(
        "leaks",
        "CREATE SCHEMA crm; CREATE TABLE crm.orders (id int); CREATE TABLE orders (id int);
         INSERT INTO crm.orders VALUES (111); INSERT INTO orders VALUES (222)",
        |pooled| {
            let mut connection = pooled.connection.clone();
            let shown = "SELECT current_setting('search_path'), current_setting('lock_timeout'), \
                 current_setting('datestyle'), current_setting('timezone'), \
                 current_setting('intervalstyle'), current_setting('extra_float_digits'), \
                 current_setting('statement_timeout'), \
                 coalesce(current_setting('app.step', true), ''), id FROM orders";
            let before = pooled.ask(shown);
            connection["schema"] = json!("crm");
            let ids = table(&[("id", DataType::Int64)], &json!([[1]]));
            for mode in ["replace", "append"] {
                let session =
                    json!({"search_path": "pg_catalog", "lock_timeout": "77s", "app.step": "x"});
                let config = json!({"table": "stuff", "mode": mode, "session": session});
                write(&connection, &ids, config).expect_ok();
                let config = json!({"resolved_connection": connection, "table": "stuff"});
                testing::run::<PostgresExtractor>(config).expect_ok();
                assert_eq!(pooled.ask(shown), before, "{mode}");
            }
            let wrong = table(&[("no", DataType::Int64)], &json!([[1]]));
            let _ = write(&connection, &wrong, json!({"table": "stuff"})).report();
            assert_eq!(pooled.ask(shown), before);
            assert_eq!(pooled.server_connections(), 1, "{}", pooled.pooler.log());
        },
    );
}
