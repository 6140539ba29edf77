//! Settings of the server for one session.

use std::collections::BTreeMap;

use osiris_sdk::{Error, Result};
use serde_json::Value;

use crate::literal;
use crate::session::Session;

/// Settings that a user wants for the session, by name.
pub type Settings = BTreeMap<String, Value>;

/// Settings that the drivers rely on for exact values.
const OWN: [&str; 7] = [
    "sql_mode",
    "sql_notes",
    "max_error_count",
    "time_zone",
    "names",
    "autocommit",
    "sql_select_limit",
];

impl Session {
    /// Changes settings of the session.
    ///
    /// # Errors
    /// Kind `config` if there is no such setting, or it is one of the driver's own.
    pub fn apply(&mut self, settings: &Settings) -> Result<()> {
        for (name, value) in settings {
            let wrong = |why: &str| Error::config(format!("session.{name}: {why}"));
            let lower = name.to_lowercase();
            if OWN.contains(&lower.as_str())
                || lower.starts_with("character_set_")
                || lower.starts_with("collation_")
            {
                return Err(wrong("the driver sets it itself, so that values stay exact"));
            }
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                return Err(wrong("the name of a setting has letters, digits and `_` only"));
            }
            let value = match value {
                Value::Bool(value) => u8::from(*value).to_string(),
                Value::Number(value) => value.to_string(),
                Value::String(value) => literal(value),
                _ => return Err(wrong("a number, a text, true or false")),
            };
            self.run(&format!("SET SESSION {name} = {value}")).map_err(|error| {
                let mut error = Error::from(error).context(format_args!("session.{name}"));
                error.kind = osiris_sdk::Kind::Config;
                error
            })?;
        }
        Ok(())
    }
}
