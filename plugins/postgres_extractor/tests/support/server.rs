//! One server for the tests of a file, and a database for each test.

use std::sync::LazyLock;

use serde_json::Value;
use services::postgres::{Options, Postgres};

use crate::support::connection;

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
