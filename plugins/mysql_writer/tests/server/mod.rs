//! The server of a test binary, and a database of it for each test.

use std::sync::LazyLock;

use mysql_writer::MysqlWriter;
use osiris_sdk::testing::{self, Run, Table};
use osiris_sdk::{DataType, Field, Mode, Schema};
use serde_json::{Value, json};
use services::mariadb::{self, Options, PASSWORD, Server};

pub(crate) static SERVER: LazyLock<Server> =
    LazyLock::new(|| mariadb::start(&Options::default()).expect("a server"));

/// The connection to a database of that server.
pub(crate) fn connection(server: &Server, database: &str) -> Value {
    json!({
        "host": "127.0.0.1", "port": server.port, "database": database, "user": "root",
        "password": PASSWORD
    })
}

/// A database of its own, and the connection to it.
pub(crate) fn database(name: &str, statements: &str) -> Value {
    SERVER.database(name).expect("a database");
    SERVER.sql(name, statements).expect("tables");
    connection(&SERVER, name)
}

/// What the server's own client says.
pub(crate) fn sql(name: &str, statement: &str) -> String {
    SERVER.sql(name, statement).expect("rows")
}

/// A step on that connection.
pub(crate) fn step(connection: &Value, config: Value) -> Run<MysqlWriter> {
    let mut config = config;
    config["resolved_connection"] = connection.clone();
    testing::run(config).mode(Mode::Write)
}

pub(crate) fn table(columns: &[(&str, DataType)], rows: &Value) -> Table {
    let field = |(name, data_type): &(&str, DataType)| Field::new(*name, data_type.clone(), true);
    Table::from_rows(&Schema::new(columns.iter().map(field).collect()), rows)
}

/// Numbers and names.
pub(crate) fn people(rows: &Value) -> Table {
    table(&[("id", DataType::Int64), ("name", DataType::Utf8)], rows)
}
