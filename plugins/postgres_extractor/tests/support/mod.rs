//! What the tests ask of the driver.

use osiris_sdk::testing::{self, Run};
use postgres_extractor::PostgresExtractor;
use serde_json::{Value, json};
use services::postgres::Postgres;

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
