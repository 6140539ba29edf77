//! Looks at a connection.

use std::time::{Duration, Instant};

use osiris_sdk::{Category, Error, Health, Kind};
use serde_json::Value;

use crate::{Connection, Session, Timeouts};

/// Signs in and asks for an answer, within that time.
#[must_use]
pub fn doctor(connection: Value, timeout: Duration) -> Health {
    let Ok(connection) = serde_json::from_value::<Connection>(connection) else {
        return Health::unknown(
            "the connection is incomplete: it needs `host`, `database` and `user`, and a `port` \
             that is a number",
        );
    };
    let started = Instant::now();
    // Reaching the server, signing in and asking share the time.
    let timeouts = Timeouts { connect: timeout / 3, read: timeout / 3, statement: None };
    let answer = Session::connect(&connection, timeouts).and_then(|session| {
        let answer = session.run("SELECT 1");
        session.close();
        answer
    });
    let mut health = match answer {
        Ok(()) => Health::ok(format!("PostgreSQL at {} answers", connection.address())),
        Err(error) => Health::new(category(&error), error.message),
    };
    health.latency = Some(started.elapsed());
    health
}

fn category(error: &Error) -> Category {
    match error.kind {
        Kind::Auth => Category::Auth,
        // The server lets the user in and has no such database for them.
        Kind::Permission | Kind::NotFound => Category::Permission,
        Kind::Network => Category::Network,
        Kind::Timeout => Category::Timeout,
        _ => Category::Unknown,
    }
}
