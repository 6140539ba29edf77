//! One server for the tests of a file, and a database for each test.

use std::sync::LazyLock;

use osiris_sdk::testing::{self, Run};
use postgres_extractor::PostgresExtractor;
use serde_json::{Value, json};
use services::postgres::{Options, Postgres};

pub(crate) static SERVER: LazyLock<Postgres> =
    LazyLock::new(|| Postgres::start(Options::default()).expect("a server"));

/// A database of its own, with these tables in it.
pub(crate) fn database(name: &str, sql: &str) -> Value {
    SERVER.create_database(name).expect("a database");
    if !sql.is_empty() {
        SERVER.sql(name, sql).expect("tables");
    }
    connection(&SERVER, name)
}

/// The superuser's connection.
pub(crate) fn connection(server: &Postgres, database: &str) -> Value {
    json!({
        "host": "127.0.0.1", "port": server.port, "database": database,
        "user": server.user, "password": server.password,
    })
}

/// A step that reads.
pub(crate) fn read(connection: &Value, mut config: Value) -> Run<PostgresExtractor> {
    config["resolved_connection"] = connection.clone();
    testing::run(config)
}
