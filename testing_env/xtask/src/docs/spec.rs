//! A driver's spec and the JSON Schema of its options. Unknown keys are errors, so that a page
//! leaves out nothing that a spec says.

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_yaml_ng::{Mapping, Number, Value};

/// Key under which a driver gets its connection.
pub(super) const CONNECTION: &str = "resolved_connection";

/// A driver's spec. Pointers are JSON pointers into a step's configuration.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Spec {
    pub(super) name: String,
    #[serde(rename = "version")]
    _version: IgnoredAny,
    #[serde(default)]
    pub(super) title: String,
    #[serde(default)]
    pub(super) description: String,
    pub(super) modes: Vec<Mode>,
    #[serde(default)]
    pub(super) capabilities: Capabilities,
    pub(super) config_schema: Schema,
    #[serde(default)]
    pub(super) secrets: Vec<String>,
    #[serde(default)]
    pub(super) connection_fields: Vec<ConnectionField>,
    #[serde(default)]
    pub(super) files: Files,
    pub(super) destination: Option<Destination>,
    pub(super) incremental: Option<String>,
    #[serde(default)]
    pub(super) network: Vec<Endpoint>,
    #[serde(default)]
    pub(super) limits: IndexMap<String, Value>,
    #[serde(default)]
    pub(super) examples: Vec<Example>,
}

impl Spec {
    /// Returns the first part of the driver's name, to which connections belong.
    pub(super) fn family(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }

    /// Returns the schema of the connection. `None` if the driver has no connection.
    pub(super) fn connection(&self) -> Option<&Schema> {
        self.config_schema.properties.get(CONNECTION)
    }
}

/// A mode in which steps or commands can use a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    Extract,
    Transform,
    Write,
    Discover,
}

impl Mode {
    /// Returns the word for the mode in pipelines. `None` if no step can have the mode.
    pub(super) fn in_pipelines(self) -> Option<&'static str> {
        match self {
            Self::Extract => Some("read"),
            Self::Transform => Some("transform"),
            Self::Write => Some("write"),
            Self::Discover => None,
        }
    }
}

/// Optional capabilities of a driver.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Capabilities {
    pub(super) discover: bool,
    pub(super) doctor: bool,
    pub(super) partition: bool,
    pub(super) state: bool,
}

/// A field that a connection supplies.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionField {
    pub(super) name: String,
    #[serde(default, rename = "override")]
    pub(super) policy: OverridePolicy,
}

/// Policy for steps that replace a field of their connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum OverridePolicy {
    Allowed,
    #[default]
    Forbidden,
    Warning,
}

/// Pointers to paths.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Files {
    pub(super) read: Vec<String>,
    pub(super) write: Vec<String>,
}

/// Destination that a step writes to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Destination {
    pub(super) identity: Vec<String>,
    pub(super) replaces: Condition,
}

/// Values for which a step replaces the rows of earlier runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Condition {
    pub(super) pointer: String,
    pub(super) values: Vec<Value>,
}

/// An endpoint to connect to. Each part is a literal or a pointer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: Value,
}

/// A valid configuration with its purpose.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    pub(super) title: String,
    pub(super) config: Mapping,
}

/// The keywords of JSON Schema that pages can describe.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Schema {
    #[serde(rename = "$schema")]
    _dialect: Option<IgnoredAny>,
    #[serde(rename = "type")]
    pub(super) types: Option<Types>,
    pub(super) description: String,
    pub(super) default: Option<Value>,
    #[serde(rename = "const")]
    pub(super) constant: Option<Value>,
    #[serde(rename = "enum")]
    pub(super) choices: Option<Vec<Value>>,
    pub(super) properties: IndexMap<String, Schema>,
    pub(super) required: Vec<String>,
    pub(super) additional_properties: Option<AdditionalProperties>,
    pub(super) items: Option<Box<Schema>>,
    pub(super) min_items: Option<u64>,
    pub(super) max_items: Option<u64>,
    pub(super) unique_items: bool,
    pub(super) min_length: Option<u64>,
    pub(super) max_length: Option<u64>,
    pub(super) pattern: Option<String>,
    pub(super) minimum: Option<Number>,
    pub(super) maximum: Option<Number>,
    pub(super) exclusive_minimum: Option<Number>,
    pub(super) exclusive_maximum: Option<Number>,
    pub(super) any_of: Option<Vec<Schema>>,
    pub(super) one_of: Option<Vec<Schema>>,
    #[serde(rename = "if")]
    pub(super) condition: Option<Box<Schema>>,
    pub(super) then: Option<Box<Schema>>,
}

impl Schema {
    /// Returns the schema of the keys that `properties` does not name. `None` if there can be no
    /// such keys, or any.
    pub(super) fn of_other_keys(&self) -> Option<&Schema> {
        match &self.additional_properties {
            Some(AdditionalProperties::Schema(schema)) => Some(schema),
            _ => None,
        }
    }
}

/// One type, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Types {
    One(Type),
    Several(Vec<Type>),
}

impl Types {
    /// Returns all types.
    pub(super) fn all(&self) -> &[Type] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Several(several) => several,
        }
    }
}

/// A type of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

/// The schema of keys without a name, or whether they are allowed.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum AdditionalProperties {
    Allowed(#[expect(dead_code, reason = "tells the variants apart")] bool),
    Schema(Box<Schema>),
}
