//! One server for the tests of a file, and a database for each test.

use std::sync::LazyLock;

use osiris_sdk::testing::{self, Run, Table};
use osiris_sdk::{DataType, Field, Mode, Schema};
use postgres_writer::PostgresWriter;
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
