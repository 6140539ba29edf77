//! Parsing and validation of a spec.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::{OverridePolicy, Spec, check};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::schema::{Fault, Schema, Violation};
use crate::yaml::{self, Diagnostics, Node, Position};

/// Maximum size of a spec, in bytes. Each start of a command can read several specs.
pub const MAX_SPEC: u64 = 256 << 10;
/// Shape of a spec, as JSON Schema 2020-12.
pub const SCHEMA: &str = include_str!("spec.schema.json");

static SHAPE: LazyLock<std::result::Result<Schema, String>> = LazyLock::new(|| {
    let source: Value = serde_json::from_str(SCHEMA).map_err(|error| error.to_string())?;
    Schema::new(source)
});

impl Spec {
    /// Parses a spec in YAML or JSON. `file` is the source that problems name.
    ///
    /// A parsed spec has a usable name and version, a config schema that compiles and that its
    /// examples match, and pointers to existing keys.
    ///
    /// # Errors
    /// Returns an error if the spec is invalid, with every problem and its position.
    pub fn parse(bytes: &[u8], file: &Path) -> Result<Self> {
        let (spec, faults) = Self::examine(bytes, file)?;
        sound(spec, faults, file)
    }

    /// Like [`Spec::parse`], but without the expensive checks: the config schema is not compiled,
    /// so the schema and the examples can be invalid.
    ///
    /// # Errors
    /// Returns an error if the spec is invalid, with every problem found and its position.
    pub fn outline(bytes: &[u8], file: &Path) -> Result<Self> {
        let (spec, faults, _) = Self::shape(bytes, file)?;
        sound(spec, faults, file)
    }

    /// Like [`Spec::parse`], but returns each fault with a pointer to the part of the spec. The
    /// spec is `None` if its shape is invalid.
    ///
    /// # Errors
    /// Returns an error if the text cannot be parsed as YAML.
    pub fn examine(bytes: &[u8], file: &Path) -> Result<(Option<Self>, Vec<SpecFault>)> {
        let (spec, mut faults, root) = Self::shape(bytes, file)?;
        if let Some(spec) = &spec {
            faults.extend(check::check_schema(spec, &root));
        }
        Ok((spec, faults))
    }

    /// Parses and checks a spec, except for its config schema and examples.
    fn shape(bytes: &[u8], file: &Path) -> Result<(Option<Self>, Vec<SpecFault>, Node)> {
        let root = yaml::parse_within(MAX_SPEC, WHAT, bytes, file).map_err(named)?;
        let json = root.to_json();
        let shape = SHAPE.as_ref().map_err(|error| internal(error, file))?;
        let faults: Vec<_> =
            shape.check(&json).iter().map(|finding| fault(finding, &root)).collect();
        if !faults.is_empty() {
            return Ok((None, faults, root));
        }
        // The schema rejects everything that deserialization would reject.
        let spec: Self = serde_json::from_value(json).map_err(|error| internal(&error, file))?;
        let faults = check::check(&spec, &root);
        Ok((Some(spec), faults, root))
    }

    /// Compiles the schema of the configuration.
    ///
    /// # Errors
    /// Returns an error if the schema is invalid: the reason, as the end of a sentence.
    pub fn schema(&self) -> std::result::Result<Schema, String> {
        Schema::closed(self.config_schema.clone())
    }
}

/// Returns the spec if it has no faults.
fn sound(spec: Option<Spec>, faults: Vec<SpecFault>, file: &Path) -> Result<Spec> {
    let mut problems = Diagnostics::new(file);
    faults.into_iter().for_each(|fault| problems.report(fault.position, fault.problem));
    let spec = problems.into_result(spec)?;
    spec.ok_or_else(|| internal(&"no spec was parsed", file))
}

/// Key that a step must not set, and the key that it sets instead.
const RESOLVED_KEY: &str = "resolved_connection";
const CONNECTION_KEY: &str = "connection";

impl Spec {
    /// Compiles the schema of a pipeline step's configuration, see [`Spec::step_config_schema`].
    ///
    /// # Errors
    /// Returns an error if the schema is invalid: the reason, as the end of a sentence.
    pub fn step_schema(&self) -> std::result::Result<Schema, String> {
        Schema::closed(self.step_config_schema())
    }

    /// Returns the schema of a pipeline step's configuration: with the name of a connection in
    /// place of the connection, and with the connection fields that the step may replace.
    pub fn step_config_schema(&self) -> Value {
        let mut source = self.config_schema.clone();
        if self.connection_fields.is_empty() {
            return source;
        }
        if let Some(required) = source.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|key| key != RESOLVED_KEY);
        }
        let Value::Object(root) = &mut source else { return source };
        let properties = root.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            let connection = properties.remove(RESOLVED_KEY).unwrap_or_default();
            properties.insert(CONNECTION_KEY.to_owned(), json!({"type": "string", "minLength": 1}));
            for field in &self.connection_fields {
                if field.policy != OverridePolicy::Forbidden {
                    let mut schema = connection["properties"][&field.name].clone();
                    if let Value::Object(schema) = &mut schema {
                        schema.remove("default");
                    }
                    let schema = if schema.is_null() { json!(true) } else { schema };
                    properties.entry(&field.name).or_insert(schema);
                }
            }
        }
        source
    }

    /// Returns the first part of the driver's name, which its connections share.
    pub fn family(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }

    /// Returns whether a step requires a connection.
    pub fn requires_connection(&self) -> bool {
        self.config_schema["required"]
            .as_array()
            .is_some_and(|keys| keys.iter().any(|key| key == RESOLVED_KEY))
    }

    /// Returns whether the configuration itself has a key with this name.
    pub fn has_key(&self, name: &str) -> bool {
        self.config_schema["properties"].get(name).is_some()
    }
}

/// Name of a spec in problems, whose file is the component.
const WHAT: &str = "the driver's spec";

/// Prefixes each problem with the name of a spec.
fn named(mut error: Error) -> Error {
    for problem in error.iter_mut().filter(|problem| !problem.message.starts_with(WHAT)) {
        problem.message = format!("{WHAT}: {}", problem.message);
    }
    error
}

/// A fault in a spec.
#[derive(Debug, Clone)]
pub struct SpecFault {
    /// The faulty part, as a JSON pointer into the spec.
    pub pointer: String,
    /// Position of that part.
    pub position: Position,
    /// Description of the fault.
    pub problem: Diagnostic,
}

fn fault(finding: &Violation, root: &Node) -> SpecFault {
    let code = match finding.fault {
        Fault::UnknownKey => Code::KeyUnknown,
        Fault::MissingKey => Code::KeyMissing,
        Fault::InvalidValue => Code::SpecInvalid,
    };
    let mut problem = Diagnostic::new(code, format!("{WHAT}: {}", finding.message));
    problem.help = finding.help.clone();
    let position = root.position_of(&finding.pointer);
    SpecFault { pointer: finding.pointer.clone(), position, problem }
}

/// The error if the schema and the Rust type of a spec disagree, which is a bug of the host.
fn internal(error: &dyn std::fmt::Display, file: &Path) -> Error {
    let message = format!("cannot read the driver's spec: {error}");
    Error::invalid(Diagnostic::new(Code::SpecInvalid, message).in_file(file))
}
