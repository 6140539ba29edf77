//! The server of a test binary, and a database of it for each test.

use std::sync::LazyLock;

use mysql_extractor::MysqlExtractor;
use osiris_sdk::testing::{self, Run};
use serde_json::{Value, json};
use services::mariadb::{self, Options, PASSWORD, Server};

pub(crate) static SERVER: LazyLock<Server> = LazyLock::new(|| {
    mariadb::start(&Options {
        tls: true,
        arguments: vec!["--max-allowed-packet=256M".into(), "--sql-mode=".into()],
    })
    .expect("a server")
});

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
