//! A driver's spec: what it is, how it is configured and what it asks for. It
//! travels in the component as a custom section and is read without running
//! any code.

mod check;
mod parse;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::limits::{Bounds, Limit};
use crate::contract::Mode;

pub use parse::{MAX_SPEC, SCHEMA, SpecFault};

/// The custom section that holds the spec as YAML or JSON.
pub const SECTION: &str = "osiris:spec";

/// A driver's spec. Pointers are JSON pointers into the step's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// `family.role`.
    pub name: String,
    /// A semantic version.
    pub version: String,
    /// A few words.
    #[serde(default)]
    pub title: String,
    /// A paragraph.
    #[serde(default)]
    pub description: String,
    /// What a step may use it for; at least one.
    pub modes: Vec<Mode>,
    /// What else it can do.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// JSON Schema 2020-12 of the step's configuration.
    pub config_schema: Value,
    /// Where secrets stand.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Which fields a connection supplies.
    #[serde(default)]
    pub connection_fields: Vec<ConnectionField>,
    /// Which configuration values are paths.
    #[serde(default)]
    pub files: Files,
    /// The place that a step in mode `write` writes to, beyond `files`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
    /// The value that, if it is set, makes a step read only what is new since its last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental: Option<String>,
    /// What it asks to dial.
    #[serde(default)]
    pub network: Vec<Endpoint>,
    /// Tighter limits than the host's, as they are written; see [`Spec::bounds`].
    #[serde(default)]
    pub limits: BTreeMap<Limit, Value>,
    /// Configurations that are valid.
    #[serde(default)]
    pub examples: Vec<Example>,
}

/// What a driver can do beyond running steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capabilities {
    /// Lists what can be read or written.
    pub discover: bool,
    /// Checks a connection.
    pub doctor: bool,
    /// One step may run as several shares in parallel.
    pub partition: bool,
    /// Keeps state between runs.
    pub state: bool,
}

/// A field that a connection supplies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionField {
    /// The field's name.
    pub name: String,
    /// Whether the step may replace it.
    #[serde(default, rename = "override")]
    pub policy: OverridePolicy,
}

/// Whether a step may replace a connection's field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OverridePolicy {
    /// It may.
    Allowed,
    /// It may not.
    #[default]
    Forbidden,
    /// It may, and is told.
    Warning,
}

/// Which configuration values are paths below the base path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// Paths that are read.
    pub read: Vec<String>,
    /// Paths that are written.
    pub write: Vec<String>,
}

/// The place that a step writes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// Values that name the place, together with the connection.
    pub identity: Vec<String>,
    /// The configurations in which the rows of earlier runs are gone afterwards.
    pub replaces: Condition,
}

/// A condition on a configuration with its defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Points to a value; one that is missing is null.
    pub pointer: String,
    /// Values for which the condition holds.
    pub values: Vec<Value>,
}

impl Condition {
    /// Returns whether the condition holds for a configuration with its defaults.
    pub fn holds(&self, config: &Value) -> bool {
        self.values.contains(config.pointer(&self.pointer).unwrap_or(&Value::Null))
    }
}

/// Something to dial. Each part is a literal or a pointer into the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// A host name, an address, or a pointer.
    pub host: String,
    /// A port, or a pointer.
    pub port: Value,
}

impl Spec {
    /// The limits that it sets itself.
    pub fn bounds(&self) -> Bounds {
        let value = |(limit, value): (&Limit, &Value)| Some((*limit, amount(*limit, value).ok()?));
        self.limits.iter().filter_map(value).collect()
    }
}

/// A limit's value as a spec has it: a number, or a text like `512MiB`.
fn amount(limit: Limit, value: &Value) -> Result<u64, &'static str> {
    limit.parse(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// A configuration that is valid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What it shows.
    pub title: String,
    /// The step's configuration.
    pub config: BTreeMap<String, Value>,
}
