//! Steps that the tests run.

use osiris_sdk::Mode;
use osiris_sdk::testing::{self, Run, Table};
use postgres_writer::PostgresWriter;
use serde_json::Value;

/// A step that writes.
pub(crate) fn write(connection: &Value, table: &Table, config: Value) -> Run<PostgresWriter> {
    step(connection, config).input("df_a", table)
}

/// A step that writes, still without its input.
pub(crate) fn step(connection: &Value, mut config: Value) -> Run<PostgresWriter> {
    config["resolved_connection"] = connection.clone();
    testing::run(config).mode(Mode::Write)
}
