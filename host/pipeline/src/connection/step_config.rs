//! The configuration of a driver: a step's own configuration with its connection.

use std::str::FromStr;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, ExitStatus, Result};
use osiris_core::driver::provenance::{Origins, Provenance, Unset, unset};
use osiris_core::driver::spec::{ConnectionField, OverridePolicy, Spec};
use osiris_core::schema::{Fault, fill_from, merge_misspelled};
use osiris_core::text::quoted;
use osiris_core::yaml::Node;
use osiris_core::yaml::Value as Yaml;
use serde_json::{Map, Value, json};

use super::placeholder::variables;
use super::{Connections, Environment, Reference, Resolved};

/// The key by which a step names its connection.
pub const CONNECTION_KEY: &str = "connection";
/// The key under which a driver gets the connection.
pub const RESOLVED_KEY: &str = "resolved_connection";

/// Returns the JSON pointer to a connection's fields in a driver's configuration. A driver that
/// declares no connections, such as a file driver, has the fields at the top level.
pub fn connection_pointer(spec: &Spec) -> &'static str {
    let knows_none = spec.connection_fields.is_empty() && !spec.has_key(RESOLVED_KEY);
    if knows_none { "" } else { "/resolved_connection" }
}

/// Adds the connection to a step's configuration: the fields of the named connection or of the
/// family's default, overridden by the fields that the step may replace. The defaults of the
/// driver's author are not added, see [`with_defaults`]. `owner` starts the messages.
///
/// # Errors
/// Returns an error if the connection does not exist, a variable is not set, the result does not
/// match the driver's schema, or only the driver's author names a host or a file.
pub fn resolve_step_config(
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
    let alias = match config.get(CONNECTION_KEY).and_then(Value::as_str) {
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
    config.insert(CONNECTION_KEY.to_owned(), resolved.reference.to_string().into());
    let fields = replace(&mut config, resolved.fields.clone(), spec);
    config.insert(RESOLVED_KEY.to_owned(), fields);
    let mut config = Value::Object(config);
    check(owner, &mut config, spec, connections, &resolved, true)?;
    Ok(config)
}

/// Returns a configuration that contains only a connection, for `doctor` and `discover`.
///
/// # Errors
/// Returns an error if the connection fails as in [`resolve_step_config`].
pub fn connection_config(
    reference: &Reference,
    spec: &Spec,
    connections: &Connections,
    environment: &Environment,
) -> Result<Value> {
    let Reference { family, alias } = reference;
    let resolved = connections.resolve(family, Some(alias), environment)?;
    let fields = resolved.fields.clone();
    let mut config = match connection_pointer(spec).is_empty() {
        true => fields,
        false => json!({RESOLVED_KEY: fields}),
    };
    if !spec.has_key(CONNECTION_KEY)
        && let Value::Object(fields) = &mut config
    {
        fields.insert(CONNECTION_KEY.to_owned(), reference.to_string().into());
    }
    check("", &mut config, spec, connections, &resolved, false)?;
    Ok(config)
}

/// Returns the configuration with the defaults of the driver's author, which grant no access.
pub fn with_defaults(config: &Value, spec: &Spec) -> Value {
    let mut config = config.clone();
    let fields = config.as_object_mut();
    let reference = match spec.connection_fields.is_empty() {
        true => None,
        false => fields.and_then(|fields| fields.remove(CONNECTION_KEY)),
    };
    // A step without a connection gets none, regardless of the author's defaults.
    let has_connection = spec.connection_fields.is_empty() || config.get(RESOLVED_KEY).is_some();
    fill_from(&spec.config_schema, &mut config);
    if let Value::Object(fields) = &mut config {
        if !has_connection {
            fields.remove(RESOLVED_KEY);
        }
        if let Some(reference) = reference {
            fields.insert(CONNECTION_KEY.to_owned(), reference);
        }
    }
    config
}

/// Returns the configuration that the driver gets: with the author's defaults, and without the
/// connection's name, which is of no use to a driver.
pub fn driver_view(config: &Value, spec: &Spec) -> Value {
    let mut config = with_defaults(config, spec);
    if !spec.has_key(CONNECTION_KEY)
        && let Value::Object(fields) = &mut config
    {
        fields.remove(CONNECTION_KEY);
    }
    config
}

/// Returns the origin of each part of a configuration that [`resolve_step_config`] builds.
pub fn origins(
    config: &Value,
    spec: &Spec,
    connections: &Connections,
    environment: &Environment,
) -> Origins {
    let mut origins = Origins::default();
    let named = config.get(CONNECTION_KEY).and_then(Value::as_str);
    let alias = named.and_then(|text| Some(Reference::from_str(text).ok()?.alias));
    let is_used = !spec.connection_fields.is_empty();
    let chosen = connections.choose(spec.family(), alias.as_deref());
    if let Ok((_, alias)) = chosen
        && is_used
    {
        origins.set(format!("/{RESOLVED_KEY}"), Provenance::Project);
        variables_of(&alias.fields, &format!("/{RESOLVED_KEY}"), environment, &mut origins);
    }
    for field in replaceable(spec).filter(|field| config.get(&field.name).is_some()) {
        origins.set(format!("/{RESOLVED_KEY}/{}", escaped(&field.name)), Provenance::User);
    }
    origins
}

/// Marks the values that an environment variable has set.
fn variables_of(node: &Node, pointer: &str, environment: &Environment, origins: &mut Origins) {
    match &node.value {
        Yaml::Text(text) if variables(text).any(|name| environment.get(name).is_some()) => {
            origins.set(pointer, Provenance::Environment);
        }
        Yaml::List(items) => items.iter().enumerate().for_each(|(index, item)| {
            variables_of(item, &format!("{pointer}/{index}"), environment, origins);
        }),
        Yaml::Map(entries) => entries.iter().for_each(|entry| {
            let pointer = format!("{pointer}/{}", escaped(&entry.key));
            variables_of(&entry.value, &pointer, environment, origins);
        }),
        _ => {}
    }
}

/// Escapes a key as a segment of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Returns the problem of a connection whose family differs from the driver's.
pub(crate) fn mismatch(owner: &str, family: &str, reference: &Reference) -> Diagnostic {
    let message = format!(
        "{owner}: the driver requires a connection of the family `{family}`, but the step uses one of `{}`",
        reference.family
    );
    Diagnostic::new(Code::ConnectionFamilyMismatched, message)
        .help(format!("use a connection like `@{family}.main`"))
}

/// Moves the fields that the step may replace from its configuration into the connection.
fn replace(config: &mut Map<String, Value>, mut fields: Value, spec: &Spec) -> Value {
    for field in replaceable(spec) {
        if let Some(value) = config.remove(&field.name)
            && let Value::Object(fields) = &mut fields
        {
            fields.insert(field.name.clone(), value);
        }
    }
    fields
}

/// Returns the fields of a connection that a step may replace.
fn replaceable(spec: &Spec) -> impl Iterator<Item = &ConnectionField> {
    spec.connection_fields
        .iter()
        .filter(|field| field.policy != OverridePolicy::Forbidden && !spec.has_key(&field.name))
}

/// Checks a configuration as the driver would get it, either all of it or only the connection.
fn check(
    owner: &str,
    config: &mut Value,
    spec: &Spec,
    connections: &Connections,
    resolved: &Resolved,
    whole: bool,
) -> Result<()> {
    let unusable = |reason: String| {
        Error::invalid(Diagnostic::new(
            Code::SpecInvalid,
            format!("the spec of `{}`: `configSchema` {reason}", spec.name),
        ))
    };
    let schema = spec.schema().map_err(unusable)?;
    let pointer = connection_pointer(spec);
    for key in &resolved.untyped {
        if let Some(value) = config.pointer_mut(&format!("{pointer}/{key}")) {
            schema.retype(&format!("{pointer}/{key}"), value);
        }
    }
    let own = config.as_object_mut().filter(|_| !spec.has_key(CONNECTION_KEY));
    let reference = own.and_then(|config| config.remove(CONNECTION_KEY));
    let mut filled = config.clone();
    schema.fill(&mut filled);
    let mut findings = schema.check(&filled);
    merge_misspelled(&mut findings);
    let unset = unset(spec, config, &filled);
    if let (Some(reference), Value::Object(config)) = (reference, config) {
        config.insert(CONNECTION_KEY.to_owned(), reference);
    }
    let mut problems: Vec<Diagnostic> = findings
        .into_iter()
        .filter(|finding| whole || finding.pointer.starts_with(pointer))
        .map(|finding| {
            let (whose, below) = match finding.pointer.strip_prefix(pointer) {
                Some(below) => (format!("connection `{}`", resolved.reference), below),
                None => (owner.to_owned(), ""),
            };
            let message = finding
                .message
                .replace(&format!("{RESOLVED_KEY}."), "")
                .replace(&format!(" in `{RESOLVED_KEY}`"), "");
            let mut problem =
                Diagnostic::new(Code::ConnectionInvalid, format!("{whose}: {message}"));
            problem.help = finding.help.or_else(|| show_options(finding.fault, spec));
            if let Some(file) = &connections.file {
                problem = problem.at(file, resolved.source.position_of(below));
            }
            problem
        })
        .collect();
    for field in unset.iter().filter(|field| whole || field.pointer.starts_with(pointer)) {
        let mut problem = match field.pointer.strip_prefix(pointer) {
            Some(below) => {
                let whose = format!("connection `{}`", resolved.reference);
                author_only(&whose, below, field)
            }
            None => author_only(owner, &field.pointer, field),
        };
        if let Some(file) = &connections.file {
            problem = problem.at(file, resolved.source.position);
        }
        problems.push(problem);
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::new(ExitStatus::Invalid, problems)) }
}

/// Returns the help for an unknown key of a driver with many keys.
pub(crate) fn show_options(fault: Fault, spec: &Spec) -> Option<String> {
    let help = || format!("list the driver's options with `osiris drivers show {}`", spec.name);
    (fault == Fault::UnknownKey).then(help)
}

/// Maximum length in bytes of a default that is suggested to the user.
const LONGEST: usize = 200;

/// Returns the problem of a host or file that only the driver's author names. `pointer` is the
/// field as the user would write it.
pub(crate) fn author_only(owner: &str, pointer: &str, field: &Unset) -> Diagnostic {
    let name = pointer.trim_start_matches('/').replace('/', ".");
    let default = &field.default;
    let opens =
        if field.is_host { "grants no access to a host" } else { "grants no access to a file" };
    let message = format!(
        "{owner}: `{name}` is not set, and the default of the driver's author, {}, {opens}",
        quoted(default)
    );
    // Any JSON string is also a YAML string.
    let value = match default.len() <= LONGEST {
        true => Value::from(default.as_str()).to_string(),
        false => "...".to_owned(),
    };
    let mut keys = name.split('.').rev();
    let last = format!("{}: {value}", keys.next().unwrap_or_default());
    let line = keys.fold(last, |inner, key| format!("{key}: {{{inner}}}"));
    Diagnostic::new(Code::ValueUnset, message).help(format!("to use the default, write `{line}`"))
}
