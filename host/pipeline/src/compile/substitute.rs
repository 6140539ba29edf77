//! Substitution of `${params.name}` by parameters.

use std::collections::BTreeSet;

use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::text::quoted;
use osiris_core::yaml::{Diagnostics, Entry, Node, Value};

use super::parameters::Parameters;
use crate::connection::CONNECTION_KEY;
use crate::project::pipeline::{Profile, Step};

const START: &str = "${params.";

/// A piece of a text.
enum Piece<'t> {
    Text(&'t str),
    Name(&'t str),
    /// A reference without a closing brace.
    Open,
}

fn pieces(mut text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    while let Some(at) = text.find(START) {
        if at > 0 {
            pieces.push(Piece::Text(&text[..at]));
        }
        let rest = &text[at + START.len()..];
        let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        if length == 0 || !rest[length..].starts_with('}') {
            pieces.push(Piece::Open);
            return pieces;
        }
        pieces.push(Piece::Name(&rest[..length]));
        text = &rest[length + 1..];
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    pieces
}

/// Returns whether a text refers to a parameter.
pub(super) fn refers(text: &str) -> bool {
    text.contains(START)
}

/// Returns the names of the parameters that the steps' configurations refer to.
pub(super) fn names_used(steps: &[Step]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    steps.iter().for_each(|step| collect(&step.config, &mut names));
    names
}

fn collect(node: &Node, names: &mut BTreeSet<String>) {
    match &node.value {
        Value::Text(text) => {
            names.extend(pieces(text).into_iter().filter_map(|piece| match piece {
                Piece::Name(name) => Some(name.to_owned()),
                _ => None,
            }))
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Map(entries) => entries.iter().for_each(|entry| collect(&entry.value, names)),
        _ => {}
    }
}

/// Returns a step's configuration with its parameters substituted, and with the connection of the
/// profile.
pub(super) fn substitute(
    step: &Step,
    profile: Option<&Profile>,
    parameters: &Parameters,
    problems: &mut Diagnostics<'_>,
) -> Node {
    let mut config = Substitution { owner: step.label(), parameters, problems }.node(&step.config);
    if let Value::Map(entries) = &mut config.value {
        let connection = entries.iter_mut().find(|entry| entry.key == CONNECTION_KEY);
        let connection = connection.map(|entry| &mut entry.value.value);
        if let Some(Value::Text(name)) = connection
            && let Some(replacement) = profile
                .into_iter()
                .flat_map(|profile| &profile.connections)
                .find(|replacement| replacement.from.to_string() == *name)
        {
            *name = replacement.to.to_string();
        }
    }
    config
}

struct Substitution<'a, 'f> {
    owner: String,
    parameters: &'a Parameters,
    problems: &'a mut Diagnostics<'f>,
}

impl Substitution<'_, '_> {
    fn node(&mut self, node: &Node) -> Node {
        let value = match &node.value {
            Value::Text(text) if refers(text) => self.text(node, text),
            Value::List(items) => Value::List(items.iter().map(|item| self.node(item)).collect()),
            Value::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|entry| Entry { value: self.node(&entry.value), ..entry.clone() })
                    .collect(),
            ),
            other => other.clone(),
        };
        Node { position: node.position, value }
    }

    /// Substitutes the references in a text. A reference that is the whole text keeps the
    /// parameter's type; within other text it becomes text.
    fn text(&mut self, node: &Node, text: &str) -> Value {
        let pieces = pieces(text);
        if let [Piece::Name(name)] = pieces.as_slice() {
            return self.value(node, name).cloned().unwrap_or(Value::Null);
        }
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Name(name) => match self.value(node, name) {
                    Some(Value::Text(text)) => out.push_str(text),
                    Some(Value::Number(number)) => out.push_str(&number.to_string()),
                    Some(Value::Bool(value)) => out.push_str(&value.to_string()),
                    Some(_) => self.refuse_list(node, name),
                    None => {}
                },
                Piece::Open => self.refuse_open(node),
            }
        }
        Value::Text(out)
    }

    fn value(&mut self, node: &Node, name: &str) -> Option<&Value> {
        if let Some(value) = self.parameters.get(name) {
            return Some(value);
        }
        if self.parameters.are_unknown {
            return None;
        }
        let message = format!("{}: parameter {} has no value", self.owner, quoted(name));
        let help = match self.parameters.closest(name).filter(|suggestion| *suggestion != name) {
            Some(suggestion) => format!("did you mean `${{params.{suggestion}}}`?"),
            None => format!(
                "add a default under `params`, or set a value with `--param {name}=...` or `OSIRIS_PARAM_{}`",
                name.to_uppercase()
            ),
        };
        self.problems.report(node.position, Diagnostic::new(Code::ParamUnset, message).help(help));
        None
    }

    fn refuse_list(&mut self, node: &Node, name: &str) {
        let message = format!(
            "{}: parameter {} is a list, which cannot be part of a longer text",
            self.owner,
            quoted(name)
        );
        let help = format!("write `${{params.{name}}}` as the whole value");
        let problem = Diagnostic::new(Code::ParamReferenceInvalid, message);
        self.problems.report(node.position, problem.help(help));
    }

    fn refuse_open(&mut self, node: &Node) {
        let message = format!("{}: incomplete reference to a parameter", self.owner);
        let problem = Diagnostic::new(Code::ParamReferenceInvalid, message);
        self.problems
            .report(node.position, problem.help("write a reference like `${params.name}`"));
    }
}
