//! The check of a connection.

use std::time::Duration;

use db_common::Timeouts;
use osiris_sdk::Health;
use serde_json::Value;

use crate::{Connection, Session};

/// Connects and asks for an answer, all within the time limit.
#[must_use]
pub fn doctor(connection: &Value, timeout: Duration) -> Health {
    let incomplete = "the connection is incomplete: it needs `host`, `database` and `user`, and a \
                      `port` that is a number";
    // Reaching the server, signing in and asking share the time.
    let timeouts = Timeouts { connect: timeout / 3, read: timeout / 3, statement: None };
    db_common::doctor(connection, incomplete, |connection: &Connection| {
        let session = Session::connect(connection, timeouts)?;
        let answer = session.run("SELECT 1");
        session.close();
        answer.map(|()| format!("PostgreSQL at {} answers", connection.address()))
    })
}
