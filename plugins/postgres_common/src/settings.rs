//! Settings of the server for one transaction.

use std::collections::BTreeMap;

use osiris_sdk::{Error, Kind, Result};
use serde_json::Value;

use crate::session::Session;
use crate::{has_code, literal};

/// Settings that a user wants for the transaction, by name.
pub type Settings = BTreeMap<String, Value>;

/// Settings that the drivers rely on for exact values.
const OWN: [&str; 9] = [
    "array_nulls",
    "bytea_output",
    "client_encoding",
    "datestyle",
    "extra_float_digits",
    "intervalstyle",
    "standard_conforming_strings",
    "timezone",
    "transaction_read_only",
];

impl Session {
    /// Changes settings for the rest of the transaction, the role last, as it may not change the
    /// others.
    ///
    /// # Errors
    /// Kind `config` if there is no such setting, or it is one of the driver's own.
    pub(crate) fn apply(&self, settings: &Settings) -> Result<()> {
        let is_role = |name: &str| name.eq_ignore_ascii_case("role");
        let (roles, others): (Vec<_>, Vec<_>) =
            settings.iter().partition(|(name, _)| is_role(name));
        others.into_iter().chain(roles).try_for_each(|(name, value)| self.set(name, value))
    }

    fn set(&self, name: &str, value: &Value) -> Result<()> {
        let wrong = |why: &str| Error::config(format!("session.{name}: {why}"));
        let lower = name.to_ascii_lowercase();
        if OWN.contains(&lower.as_str()) {
            return Err(wrong("the driver sets it itself, so that values stay exact"));
        }
        if lower == "statement_timeout" && self.has_statement_timeout {
            return Err(wrong("the step has a `statement_timeout` as well; keep one of them"));
        }
        let is_part = |part: &str| {
            let is_known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            !part.is_empty() && part.bytes().all(is_known)
        };
        if !name.split('.').all(is_part) {
            return Err(wrong("the name of a setting has letters, digits, `_` and `.` only"));
        }
        let value = match value {
            Value::Bool(true) => "on".to_owned(),
            Value::Bool(false) => "off".to_owned(),
            Value::Number(value) => value.to_string(),
            Value::String(value) => value.clone(),
            _ => return Err(wrong("the value must be a number, a text, true or false")),
        };
        let sql = format!("SELECT set_config({}, {}, true)", literal(name), literal(&value));
        self.run(&sql).map_err(|mut error| {
            if !matches!(error.kind, Kind::Network | Kind::Timeout) {
                error.kind = Kind::Config;
            }
            if has_code(&error, "55P02") {
                error.message.push_str("; only the server's configuration can set it");
            }
            error.context(format_args!("session.{name}"))
        })
    }
}
