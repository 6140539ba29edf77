//! The servers of a test binary, and a database for each test.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::LazyLock;

use mysql_writer::MysqlWriter;
use osiris_sdk::testing::{self, Run, Table};
use osiris_sdk::{DataType, Field, Mode, Schema};
use serde_json::{Value, json};
use services::mariadb::{self, Options, PASSWORD, Server};
use services::mysql;

pub(crate) static SERVER: LazyLock<Server> =
    LazyLock::new(|| mariadb::start(&Options::default()).expect("a server"));

static MYSQL: LazyLock<Server> = LazyLock::new(|| {
    let arguments = vec!["--local-infile=ON".to_owned()];
    mysql::start(&Options { arguments, ..Options::default() }).expect("a server")
});

/// A database on one of the servers.
pub(crate) struct Database {
    /// `MariaDB` or `MySQL`.
    pub(crate) kind: &'static str,
    pub(crate) connection: Value,
    name: String,
    server: &'static Server,
}

impl Database {
    /// Runs statements and returns the rows: a line each, tabs between the cells.
    pub(crate) fn sql(&self, statements: &str) -> String {
        self.server.sql(&self.name, statements).expect("rows")
    }

    /// A step that writes into it.
    pub(crate) fn step(&self, config: Value) -> Run<MysqlWriter> {
        step(&self.connection, config)
    }

    pub(crate) fn is_mysql(&self) -> bool {
        self.kind == "MySQL"
    }
}

/// Does the same with MariaDB and MySQL, each with a new database.
pub(crate) fn on_each_server(name: &str, statements: &str, check: impl Fn(&Database)) {
    for (kind, server) in [("MariaDB", &SERVER), ("MySQL", &MYSQL)] {
        eprintln!("on {kind}:");
        server.database(name).expect("a database");
        server.sql(name, statements).expect("tables");
        let connection = connection(server, name);
        check(&Database { kind, connection, name: name.to_owned(), server });
    }
}

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
