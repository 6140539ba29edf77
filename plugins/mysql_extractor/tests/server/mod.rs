//! The servers of a test binary, and a database for each test.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::LazyLock;

use mysql_extractor::MysqlExtractor;
use osiris_sdk::testing::{self, Run};
use serde_json::{Value, json};
use services::mariadb::{self, Options, PASSWORD, Server};
use services::mysql;

pub(crate) static SERVER: LazyLock<Server> =
    LazyLock::new(|| mariadb::start(&options()).expect("a server"));

pub(crate) static MYSQL: LazyLock<Server> =
    LazyLock::new(|| mysql::start(&options()).expect("a server"));

fn options() -> Options {
    Options { tls: true, arguments: vec!["--max-allowed-packet=256M".into(), "--sql-mode=".into()] }
}

/// A database on one of the servers.
pub(crate) struct Database {
    /// `MariaDB` or `MySQL`.
    pub(crate) kind: &'static str,
    pub(crate) connection: Value,
    pub(crate) server: &'static Server,
    name: String,
}

impl Database {
    /// Runs statements and returns the rows: a line each, tabs between the cells.
    pub(crate) fn sql(&self, statements: &str) -> String {
        self.server.sql(&self.name, statements).expect("rows")
    }

    /// A step that reads it.
    pub(crate) fn step(&self, config: Value) -> Run<MysqlExtractor> {
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
        let connection = json!({
            "host": "127.0.0.1", "port": server.port, "database": name, "user": "root",
            "password": PASSWORD, "tls": "preferred"
        });
        check(&Database { kind, connection, server, name: name.to_owned() });
    }
}

/// A database of its own, and the connection to it.
pub(crate) fn database(name: &str, statements: &str) -> Value {
    SERVER.database(name).expect("a database");
    SERVER.sql(name, statements).expect("tables");
    json!({
        "host": "127.0.0.1", "port": SERVER.port, "database": name, "user": "root",
        "password": PASSWORD, "tls": "disabled"
    })
}

/// A step on that connection.
pub(crate) fn step(connection: &Value, config: Value) -> Run<MysqlExtractor> {
    let mut config = config;
    config["resolved_connection"] = connection.clone();
    testing::run(config)
}
