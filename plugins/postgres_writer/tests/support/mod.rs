//! Steps that the tests run.

use osiris_sdk::testing::{self, Run, Table};
use osiris_sdk::{DataType, Field, Mode, Schema};
use postgres_writer::PostgresWriter;
use serde_json::Value;

/// A table of nullable columns.
pub(crate) fn table(columns: &[(&str, DataType)], rows: &Value) -> Table {
    let field = |(name, data_type): &(&str, DataType)| Field::new(*name, data_type.clone(), true);
    Table::from_rows(&Schema::new(columns.iter().map(field).collect()), rows)
}

/// A step that writes.
pub(crate) fn write(connection: &Value, table: &Table, config: Value) -> Run<PostgresWriter> {
    step(connection, config).input("df_a", table)
}

/// A step that writes, still without its input.
pub(crate) fn step(connection: &Value, mut config: Value) -> Run<PostgresWriter> {
    config["resolved_connection"] = connection.clone();
    testing::run(config).mode(Mode::Write)
}
