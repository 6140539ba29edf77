//! The configuration that a driver gets: a step's own, with its connection.

use std::borrow::Cow;
use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::{Connections, Environment, Reference, Resolved};
use crate::driver::spec::{OverridePolicy, Spec};
use crate::problem::{Error, Exit, Problem, Result};

/// The key by which a step names its connection.
pub const REFERENCE: &str = "connection";
/// The key by which a driver gets it.
pub const RESOLVED: &str = "resolved_connection";

/// Puts its connection into a step's configuration: the fields of the one that
/// the step names or else of the family's default, and over them what the step
/// may replace. `owner` starts the messages.
///
/// # Errors
/// There is no such connection, a variable is not set, or what comes out does
/// not fit the driver's schema.
pub fn complete(
    owner: &str,
    config: &Value,
    spec: &Spec,
    connections: &Connections,
    environment: &Environment,
) -> Result<Value> {
    if spec.connection_fields.is_empty() {
        return Ok(config.clone());
    }
    let mut config = config.as_object().cloned().unwrap_or_default();
    let family = spec.family();
    let alias = match config.get(REFERENCE).and_then(Value::as_str) {
        None => None,
        Some(text) => {
            let reference = Reference::from_str(text).map_err(Error::invalid)?;
            if reference.family != family {
                return Err(Error::invalid(mismatch(owner, family, &reference)));
            }
            Some(reference.alias)
        }
    };
    let optional = alias.is_none() && !spec.requires_connection();
    let resolved = match connections.resolve(family, alias.as_deref(), environment) {
        Err(_) if optional => return Ok(Value::Object(config)),
        resolved => resolved?,
    };
    config.insert(REFERENCE.to_owned(), resolved.reference.to_string().into());
    let fields = replace(&mut config, resolved.fields.clone(), spec);
    config.insert(RESOLVED.to_owned(), fields);
    let mut config = Value::Object(config);
    check(owner, &mut config, spec, connections, &resolved, true)?;
    Ok(config)
}

/// A configuration that holds nothing but a connection, for `doctor` and
/// `discover`.
///
/// # Errors
/// What [`complete`] says of the connection.
pub fn connect(
    reference: &Reference,
    spec: &Spec,
    connections: &Connections,
    environment: &Environment,
) -> Result<Value> {
    let Reference { family, alias } = reference;
    let resolved = connections.resolve(family, Some(alias), environment)?;
    let mut config = json!({REFERENCE: reference.to_string(), RESOLVED: resolved.fields.clone()});
    check("", &mut config, spec, connections, &resolved, false)?;
    Ok(config)
}

/// The configuration without the connection's name, which says nothing to a driver.
pub fn for_driver<'c>(config: &'c Value, spec: &Spec) -> Cow<'c, Value> {
    match config {
        Value::Object(fields) if !spec.connection_fields.is_empty() => {
            let mut fields = fields.clone();
            fields.remove(REFERENCE);
            Cow::Owned(Value::Object(fields))
        }
        config => Cow::Borrowed(config),
    }
}

/// That a step's connection is one of another family than its driver.
pub(crate) fn mismatch(owner: &str, family: &str, reference: &Reference) -> Problem {
    let message = format!(
        "{owner}: Connection family mismatch: step uses {family}, ref is {}",
        reference.family
    );
    Problem::new("family_mismatch", message).help(format!("name one like '@{family}.main'"))
}

/// Moves what the step may replace from its configuration into the connection.
fn replace(config: &mut Map<String, Value>, mut fields: Value, spec: &Spec) -> Value {
    let replaceable = spec
        .connection_fields
        .iter()
        .filter(|field| field.policy != OverridePolicy::Forbidden && !spec.has_key(&field.name));
    for field in replaceable {
        if let Some(value) = config.remove(&field.name)
            && let Value::Object(fields) = &mut fields
        {
            fields.insert(field.name.clone(), value);
        }
    }
    fields
}

/// Fills in defaults and checks what came out: all of it, or the connection only.
fn check(
    owner: &str,
    config: &mut Value,
    spec: &Spec,
    connections: &Connections,
    resolved: &Resolved,
    whole: bool,
) -> Result<()> {
    let unusable = |why: String| {
        Error::invalid(Problem::new("invalid_spec", format!("The spec of '{}': {why}", spec.name)))
    };
    let schema = spec.schema().map_err(unusable)?;
    let pointer = format!("/{RESOLVED}");
    for key in &resolved.untyped {
        if let Some(value) = config.pointer_mut(&format!("{pointer}/{key}")) {
            schema.retype(&format!("{pointer}/{key}"), value);
        }
    }
    let reference = config.as_object_mut().and_then(|config| config.remove(REFERENCE));
    schema.fill(config);
    let findings = schema.check(config);
    if let (Some(reference), Value::Object(config)) = (reference, config) {
        config.insert(REFERENCE.to_owned(), reference);
    }
    let problems: Vec<Problem> = findings
        .into_iter()
        .filter(|finding| whole || finding.pointer.starts_with(&pointer))
        .map(|finding| {
            let (whose, below) = match finding.pointer.strip_prefix(&pointer) {
                Some(below) => (format!("The connection '{}'", resolved.reference), below),
                None => (owner.to_owned(), ""),
            };
            let message = finding
                .message
                .replace(&format!("{RESOLVED}."), "")
                .replace(&format!(" in '{RESOLVED}'"), "");
            let mut problem = Problem::new("invalid_connection", format!("{whose}: {message}"));
            problem.help = finding.help;
            if let Some(file) = &connections.file {
                problem = problem.at(file, resolved.source.position_of(below));
            }
            problem
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Error { exit: Exit::Invalid, problems }) }
}
