//! The check of a connection.

use std::time::{Duration, Instant};

use db_common::Timeouts;
use osiris_sdk::{Error, Health, Result};
use serde_json::Value;

use crate::connection::Connection;
use crate::session::Session;

/// Connects and asks for the version, all within the time limit.
#[must_use]
pub fn doctor(connection: &Value, timeout: Duration) -> Health {
    let incomplete = "the connection needs `database` and `user`, and `port` as a number";
    db_common::doctor(connection, incomplete, |connection: &Connection| {
        let version = ask(connection, timeout)?;
        Ok(format!("{} runs {version}", connection.address()))
    })
}

fn ask(connection: &Connection, timeout: Duration) -> Result<String> {
    let start = Instant::now();
    let mut session = Session::connect(
        connection,
        Timeouts { connect: timeout, read: timeout, statement: None },
    )?;
    session.limit(timeout.saturating_sub(start.elapsed()));
    let rows = session.texts("SELECT VERSION()").map_err(Error::from)?;
    session.close();
    Ok(rows.into_iter().flatten().flatten().next().unwrap_or_default())
}
