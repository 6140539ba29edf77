//! Parses a step's configuration from JSON into the driver's type.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, Result};

/// Parses a configuration into the type that the driver declares.
///
/// # Errors
/// Returns an error of kind `config` if the configuration does not match the type, with the name of
/// the field and the reason.
pub(crate) fn parse<C: DeserializeOwned>(json: &str) -> Result<C> {
    let value: Value = serde_json::from_str(json)
        .map_err(|error| Error::config(format!("the configuration is not JSON: {error}")))?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let why = error.inner().to_string();
        match path.as_str() {
            "." => Error::config(format!("config: {why}")),
            _ => Error::config(format!("config field `{path}`: {}", without_secret(&path, &why))),
        }
    })
}

/// Removes the quoted value, which can be a password, from a message about a connection:
/// `expected u16`.
fn without_secret(path: &str, why: &str) -> String {
    match why.rsplit_once(", expected ") {
        Some((_, expected)) if path.starts_with("resolved_connection") => {
            format!("expected {expected}")
        }
        _ => why.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Config {
        #[expect(dead_code, reason = "only its type matters")]
        resolved_connection: Connection,
    }

    #[derive(Debug, Deserialize)]
    struct Connection {
        #[expect(dead_code, reason = "only its type matters")]
        port: u16,
    }

    fn text(json: &str) -> String {
        let error = parse::<Config>(json).unwrap_err();
        assert_eq!(error.kind, crate::Kind::Config);
        error.message
    }

    #[test]
    fn config_error_names_field_and_fault() {
        assert_eq!(text("{}"), "config: missing field `resolved_connection`");
        assert_eq!(
            text(r#"{"resolved_connection": {}}"#),
            "config field `resolved_connection`: missing field `port`"
        );
        assert_eq!(
            text("{"),
            "the configuration is not JSON: EOF while parsing an object at line 1 column 1"
        );
    }

    #[test]
    fn mistyped_secret_is_not_shown() {
        assert_eq!(
            text(r#"{"resolved_connection": {"port": "hunter2, expected u16"}}"#),
            "config field `resolved_connection.port`: expected u16"
        );
    }
}
