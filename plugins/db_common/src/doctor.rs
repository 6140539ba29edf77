//! The check of a connection.

use std::time::Instant;

use osiris_sdk::{Category, Health, Kind, Result};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Checks a connection. `ask` asks the server something and returns a sentence on it;
/// `incomplete` says which fields a connection needs.
pub fn doctor<C: DeserializeOwned>(
    connection: &Value,
    incomplete: &str,
    ask: impl FnOnce(&C) -> Result<String>,
) -> Health {
    // Serde quotes what it does not like, which may be a password.
    let Ok(connection) = C::deserialize(connection) else { return Health::unknown(incomplete) };
    let start = Instant::now();
    let health = match ask(&connection) {
        Ok(message) => Health::ok(message),
        Err(error) => Health::new(category(error.kind), error.message),
    };
    Health { latency: Some(start.elapsed()), ..health }
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
