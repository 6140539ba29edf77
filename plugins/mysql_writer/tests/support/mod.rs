//! The servers that the tests of a binary share, steps that write, and their input.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use mysql_writer::MysqlWriter;
use osiris_sdk::testing::{self, Run, Table, table};
use osiris_sdk::{DataType, Mode};
use serde_json::Value;
use services::mariadb::{self, Options};
use services::{Servers, mysql};

pub(crate) static SERVERS: Servers = Servers::new(
    || mariadb::start(&Options::default()).expect("a server"),
    || {
        let arguments = vec!["--local-infile=ON".to_owned()];
        mysql::start(&Options { arguments, ..Options::default() }).expect("a server")
    },
);

/// Makes a database of MariaDB, and returns a connection to it.
pub(crate) fn database(name: &str, statements: &str) -> Value {
    SERVERS.mariadb.new_database(name, statements)
}

/// Runs statements in a database of MariaDB and returns the rows.
pub(crate) fn sql(name: &str, statement: &str) -> String {
    SERVERS.mariadb.sql(name, statement).expect("rows")
}

/// A step that writes, still without its input.
pub(crate) fn step(connection: &Value, mut config: Value) -> Run<MysqlWriter> {
    config["resolved_connection"] = connection.clone();
    testing::run(config).mode(Mode::Write)
}

/// A table of numbers and names.
pub(crate) fn people(rows: &Value) -> Table {
    table(&[("id", DataType::Int64), ("name", DataType::Utf8)], rows)
}
