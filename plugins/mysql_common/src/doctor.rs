//! The check of a connection.

use std::time::{Duration, Instant};

use osiris_sdk::{Category, Error, Health, Kind, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::connection::{Connection, Timeouts};
use crate::session::Session;

/// Connects and asks for a number, all within the time limit.
#[must_use]
pub fn doctor(connection: &Value, timeout: Duration) -> Health {
    // Serde quotes what it does not like, which may be a password.
    let Ok(connection) = Connection::deserialize(connection) else {
        return Health::unknown(
            "the connection needs `database` and `user`, and `port` as a number",
        );
    };
    let start = Instant::now();
    let health = match ask(&connection, timeout) {
        Ok(version) => Health::ok(format!("{} runs {version}", connection.address())),
        Err(error) => Health::new(category(error.kind), error.message),
    };
    Health { latency: Some(start.elapsed()), ..health }
}

fn ask(connection: &Connection, timeout: Duration) -> Result<String> {
    let start = Instant::now();
    let mut session = Session::connect(connection, Timeouts { connect: timeout, read: timeout })?;
    session.limit(timeout.saturating_sub(start.elapsed()));
    let rows = session.texts("SELECT VERSION()").map_err(Error::from)?;
    session.close();
    Ok(rows.into_iter().flatten().flatten().next().unwrap_or_default())
}

fn category(kind: Kind) -> Category {
    match kind {
        Kind::Auth => Category::Auth,
        Kind::Network => Category::Network,
        // Who may not see a database is told that there is none.
        Kind::Permission | Kind::NotFound => Category::Permission,
        Kind::Timeout => Category::Timeout,
        _ => Category::Unknown,
    }
}
