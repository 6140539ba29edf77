//! A driver's spec: its name, configuration, permissions and limits. The spec is embedded in the
//! component as a custom section and is read without running any code.

mod check;
mod parse;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::limits::{Limit, LimitOverrides};
use crate::contract::Mode;

pub use parse::{MAX_SPEC, SCHEMA, SpecFault};

/// Name of the custom section that holds the spec as YAML or JSON.
pub const SECTION: &str = "osiris:spec";

/// A driver's spec. Pointers are JSON pointers into the step's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// Name, as `family.role`.
    pub name: String,
    /// Version, as a semantic version.
    pub version: String,
    /// Title of a few words.
    #[serde(default)]
    pub title: String,
    /// Description of about a paragraph.
    #[serde(default)]
    pub description: String,
    /// Modes in which a step can use the driver; at least one.
    pub modes: Vec<Mode>,
    /// Optional capabilities.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// JSON Schema 2020-12 of the step's configuration.
    pub config_schema: Value,
    /// Pointers to secrets.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Fields that a connection supplies.
    #[serde(default)]
    pub connection_fields: Vec<ConnectionField>,
    /// Pointers to values that are paths.
    #[serde(default)]
    pub files: Files,
    /// Destination of a step in mode `write`, beyond `files`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
    /// Pointer to the value that, if set, makes a step read only the rows that are new since its
    /// last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incremental: Option<String>,
    /// Endpoints that the driver needs to connect to.
    #[serde(default)]
    pub network: Vec<EndpointSpec>,
    /// Limits tighter than the host's, as written in the spec; see [`Spec::bounds`].
    #[serde(default)]
    pub limits: BTreeMap<Limit, Value>,
    /// Valid example configurations.
    #[serde(default)]
    pub examples: Vec<Example>,
}

/// Optional capabilities of a driver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capabilities {
    /// Lists the datasets that can be read or written.
    pub discover: bool,
    /// Checks a connection.
    pub doctor: bool,
    /// Runs one step as several partitions in parallel.
    pub partition: bool,
    /// Keeps state between runs.
    pub state: bool,
}

/// A field that a connection supplies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionField {
    /// Name of the field.
    pub name: String,
    /// Policy for steps that replace the field.
    #[serde(default, rename = "override")]
    pub policy: OverridePolicy,
}

/// Policy for steps that replace a field of their connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OverridePolicy {
    /// Steps may replace the field.
    Allowed,
    /// Steps may not replace the field.
    #[default]
    Forbidden,
    /// Steps may replace the field, with a warning.
    Warning,
}

/// Pointers to configuration values that are paths below the base path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// Paths that are read.
    pub read: Vec<String>,
    /// Paths that are written.
    pub write: Vec<String>,
}

/// Destination that a step writes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// Pointers to the values that, together with the connection, identify the destination.
    pub identity: Vec<String>,
    /// Condition under which a step replaces the rows of earlier runs.
    pub replaces: Condition,
}

/// A condition on a configuration with its defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Pointer to a value; a missing value counts as null.
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

/// An endpoint to connect to. Each part is a literal or a pointer into the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointSpec {
    /// A host name, an IP address, or a pointer.
    pub host: String,
    /// A port, or a pointer.
    pub port: Value,
}

impl Spec {
    /// Returns the limits that the spec sets.
    pub fn bounds(&self) -> LimitOverrides {
        let value = |(limit, value): (&Limit, &Value)| Some((*limit, amount(*limit, value).ok()?));
        self.limits.iter().filter_map(value).collect()
    }
}

/// Parses a limit's value in a spec: a number, or a text like `512MiB`.
fn amount(limit: Limit, value: &Value) -> Result<u64, &'static str> {
    limit.parse(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// A valid example configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Purpose of the example.
    pub title: String,
    /// The step's configuration.
    pub config: BTreeMap<String, Value>,
}

/// Returns the paths in a step's configuration that the pointers name.
pub fn configured_paths<'a>(
    config: &'a Value,
    pointers: &'a [String],
) -> impl Iterator<Item = &'a str> {
    pointers.iter().filter_map(|pointer| config.pointer(pointer)?.as_str())
}
