//! The parameters and profiles that a pipeline declares.

use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::text::{join_or, quoted};
use osiris_core::yaml::{Diagnostics, Entry, Fields, Node, Position, Value};

use crate::connection::Reference;

const DEFINITION: [&str; 3] = ["default", "type", "description"];

/// The type of a parameter's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    String,
    /// A 64-bit integer.
    Integer,
    /// Any number.
    Number,
    /// A boolean.
    Boolean,
    /// A list, written as JSON or YAML where only text is possible.
    List,
}

impl Kind {
    const ALL: [Self; 5] = [Self::String, Self::Integer, Self::Number, Self::Boolean, Self::List];

    /// Returns the kind's name as written in `type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::List => "list",
        }
    }

    /// Returns a description for messages, like `a whole number`.
    pub fn words(self) -> &'static str {
        match self {
            Self::String => "text",
            Self::Integer => "a whole number",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::List => "a list",
        }
    }

    /// Returns whether a value is of this kind.
    pub fn accepts(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Integer, Value::Number(number)) => !number.is_f64(),
            (Self::String, Value::Text(_))
            | (Self::Number, Value::Number(_))
            | (Self::Boolean, Value::Bool(_))
            | (Self::List, Value::List(_)) => true,
            _ => false,
        }
    }

    /// Returns the narrowest kind of a value. Returns `None` for mappings and null.
    pub fn of(value: &Value) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.accepts(value))
    }
}

/// A declared parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Position of the name.
    pub position: Position,
    /// The name, unique ignoring case.
    pub name: String,
    /// The declared kind, otherwise the kind of the default. `None` if both are missing.
    pub kind: Option<Kind>,
    /// The value if no other is given.
    pub default: Option<Node>,
}

/// Parameter values and connections for one purpose, like `prod`.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// The profile's name.
    pub name: String,
    /// The parameter values, by name.
    pub params: Vec<(String, Node)>,
    /// The connections that replace others.
    pub connections: Vec<Replacement>,
}

/// A connection that a profile uses in place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// Position in the file.
    pub position: Position,
    /// The connection in the steps.
    pub from: Reference,
    /// The connection that the steps get.
    pub to: Reference,
}

/// Reads `params`.
pub(super) fn declared(fields: &Fields<'_>, problems: &mut Diagnostics<'_>) -> Vec<Parameter> {
    let Some(node) = fields.get("params") else { return Vec::new() };
    let Some(params) = Fields::of(node, "`params`", Code::ParamsTypeInvalid, problems) else {
        return Vec::new();
    };
    let mut declared: Vec<Parameter> = Vec::new();
    for entry in params.entries() {
        check_name(entry, problems);
        if let Some(same) = declared.iter().find(|same| same.name.eq_ignore_ascii_case(&entry.key))
        {
            let message = format!(
                "parameter {} differs only in case from {}",
                quoted(&entry.key),
                quoted(&same.name)
            );
            let problem = Diagnostic::new(Code::ParamDuplicate, message);
            problems.report(entry.position, problem.help("give each parameter a unique name"));
            continue;
        }
        declared.push(parameter(entry, problems));
    }
    declared
}

fn parameter(entry: &Entry, problems: &mut Diagnostics<'_>) -> Parameter {
    let owner = format!("parameter {}", quoted(&entry.key));
    let (position, name) = (entry.position, entry.key.clone());
    if entry.value.as_map().is_none() {
        let default = value(&entry.value).cloned();
        let kind = default.as_ref().and_then(|node| Kind::of(&node.value));
        return Parameter { position, name, kind, default };
    }
    let Some(fields) = Fields::of(&entry.value, owner, Code::ParamInvalid, problems) else {
        return Parameter { position, name, kind: None, default: None };
    };
    fields.only(&DEFINITION, problems);
    if let Some(node) = fields.get("description") {
        fields.read("description", node, "text", Code::ParamInvalid, Node::as_text, problems);
    }
    let names = Kind::ALL.map(Kind::name);
    let declared = fields.get("type").and_then(|node| {
        let read = |node| {
            let name = Node::as_text(node)?;
            Kind::ALL.into_iter().find(|kind| kind.name() == name)
        };
        fields.read("type", node, &join_or(&names), Code::ParamInvalid, read, problems)
    });
    let default = fields.get("default").filter(|node| {
        let fits = match declared {
            Some(kind) => kind.accepts(&node.value),
            None => Kind::of(&node.value).is_some(),
        };
        if !fits {
            let expected = declared.map_or("a single value or a list", Kind::words);
            let message =
                format!("{}: `default` must be {expected}, but is {}", fields.owner(), node.kind());
            problems.report(node.position, Diagnostic::new(Code::ParamInvalid, message));
        }
        fits
    });
    let kind = declared.or_else(|| default.and_then(|node| Kind::of(&node.value)));
    Parameter { position, name, kind, default: default.cloned() }
}

/// Returns a node unless its value is null.
fn value(node: &Node) -> Option<&Node> {
    Some(node).filter(|node| node.value != Value::Null)
}

/// Checks a parameter name, which must fit into `${params.name}` and into a variable's name.
fn check_name(entry: &Entry, problems: &mut Diagnostics<'_>) {
    if is_param_name(&entry.key) {
        return;
    }
    let message = format!("{} is not a valid parameter name", quoted(&entry.key));
    let help = "use letters, digits and `_`, and do not start with a digit";
    problems.report(entry.position, Diagnostic::new(Code::ParamNameInvalid, message).help(help));
}

fn is_param_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Reads `profiles` and checks their values against the declared kinds.
pub(super) fn profiles(
    fields: &Fields<'_>,
    declared: &[Parameter],
    problems: &mut Diagnostics<'_>,
) -> Vec<Profile> {
    let Some(node) = fields.get("profiles") else { return Vec::new() };
    let Some(profiles) = Fields::of(node, "`profiles`", Code::ProfilesTypeInvalid, problems) else {
        return Vec::new();
    };
    profiles.entries().iter().filter_map(|entry| profile(entry, declared, problems)).collect()
}

fn profile(
    entry: &Entry,
    declared: &[Parameter],
    problems: &mut Diagnostics<'_>,
) -> Option<Profile> {
    let (name, params, connections) = (entry.key.clone(), Vec::new(), Vec::new());
    let mut profile = Profile { name, params, connections };
    if entry.value.value == Value::Null {
        return Some(profile);
    }
    let owner = format!("profile {}", quoted(&entry.key));
    let fields = Fields::of(&entry.value, owner.clone(), Code::ProfileInvalid, problems)?;
    fields.only(&["params", "connections"], problems);
    if let Some(node) = fields.get("connections") {
        profile.connections = replacements(&owner, node, problems);
    }
    let Some(node) = fields.get("params") else { return Some(profile) };
    let params = Fields::of(node, format!("{owner}: `params`"), Code::ProfileInvalid, problems)?;
    for entry in params.entries() {
        check_name(entry, problems);
        check_kind(&owner, entry, declared, problems);
        profile.params.push((entry.key.clone(), entry.value.clone()));
    }
    Some(profile)
}

/// Reads the `connections` of a profile: `{"@mysql.main": "@mysql.prod"}`.
fn replacements(owner: &str, node: &Node, problems: &mut Diagnostics<'_>) -> Vec<Replacement> {
    let owner = format!("{owner}: `connections`");
    let Some(fields) = Fields::of(node, owner.clone(), Code::ProfileInvalid, problems) else {
        return Vec::new();
    };
    let mut replacements = Vec::new();
    for entry in fields.entries() {
        let read = Node::as_text;
        let value =
            fields.read(&entry.key, &entry.value, "text", Code::ProfileInvalid, read, problems);
        let Some(value) = value else { continue };
        let mut reference = |text: &str, position| match text.parse::<Reference>() {
            Ok(reference) => Some(reference),
            Err(mut problem) => {
                problem.message = format!("{owner}: {}", problem.message);
                problems.report(position, problem);
                None
            }
        };
        let from = reference(&entry.key, entry.position);
        let to = reference(value, entry.value.position);
        let (Some(from), Some(to)) = (from, to) else { continue };
        if from.family != to.family {
            let message = format!("{owner}: `{from}` and `{to}` are of different families");
            let help = format!("use a connection like `@{}.{}`", from.family, to.alias);
            let problem = Diagnostic::new(Code::ConnectionFamilyMismatched, message);
            problems.report(entry.value.position, problem.help(help));
            continue;
        }
        replacements.push(Replacement { position: entry.position, from, to });
    }
    replacements
}

fn check_kind(owner: &str, entry: &Entry, declared: &[Parameter], problems: &mut Diagnostics<'_>) {
    let value = &entry.value;
    let kind = declared.iter().find(|param| param.name == entry.key).and_then(|param| param.kind);
    let fits = match kind {
        Some(kind) => kind.accepts(&value.value),
        None => Kind::of(&value.value).is_some(),
    };
    if !fits {
        let expected = kind.map_or("a single value or a list", Kind::words);
        let name = quoted(&entry.key);
        let message =
            format!("{owner}: parameter {name} must be {expected}, but is {}", value.kind());
        problems.report(value.position, Diagnostic::new(Code::ParamValueInvalid, message));
    }
}
