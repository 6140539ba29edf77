//! The servers that the tests of a binary share, and steps that read.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use mysql_extractor::MysqlExtractor;
use osiris_sdk::testing::{self, Run};
use serde_json::{Value, json};
use services::mariadb::{self, Options};
use services::{Servers, mysql};

pub(crate) static SERVERS: Servers = Servers::new(
    || mariadb::start(&options()).expect("a server"),
    || mysql::start(&options()).expect("a server"),
);

fn options() -> Options {
    Options { tls: true, arguments: vec!["--max-allowed-packet=256M".into(), "--sql-mode=".into()] }
}

/// Makes a database of MariaDB, and returns a connection to it that is not encrypted.
pub(crate) fn database(name: &str, statements: &str) -> Value {
    let mut connection = SERVERS.mariadb.new_database(name, statements);
    connection["tls"] = json!("disabled");
    connection
}

/// A step that reads.
pub(crate) fn step(connection: &Value, mut config: Value) -> Run<MysqlExtractor> {
    config["resolved_connection"] = connection.clone();
    testing::run(config)
}
