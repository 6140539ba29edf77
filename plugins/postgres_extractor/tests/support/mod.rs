//! Steps that the tests run.

use osiris_sdk::testing::{self, Run};
use postgres_extractor::PostgresExtractor;
use serde_json::Value;

/// A step that reads.
pub(crate) fn read(connection: &Value, mut config: Value) -> Run<PostgresExtractor> {
    config["resolved_connection"] = connection.clone();
    testing::run(config)
}
