//! Resolves a name to a connection with its values.

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::layout::CONNECTIONS_FILE;
use osiris_core::text::closest_match;
use osiris_core::yaml::{Node, Position, Value};
use serde_json::Value as Json;

use super::file::Alias;
use super::placeholder::{fill, is_variable};
use super::{Connections, Environment, Reference};

/// A connection with its values, kept in memory only because the fields can hold secrets.
pub struct Resolved {
    /// The connection's name.
    pub reference: Reference,
    /// The fields, an object.
    pub fields: Json,
    /// Keys whose value was a single variable, so that the text can mean a value of another type.
    pub(super) untyped: Vec<String>,
    /// The fields as written in the file.
    pub source: Node,
}

impl Connections {
    /// Returns the connection of a step of `family`: the one with the given alias, otherwise the
    /// family's default.
    ///
    /// # Errors
    /// Returns an error if the connection or the default does not exist. Exit code 2.
    pub fn choose(&self, family: &str, alias: Option<&str>) -> Result<(Reference, &Alias)> {
        let invalid = |code, message: String, help: String| {
            let mut problem = Diagnostic::new(code, message).help(help);
            if let Some(file) = &self.file {
                problem = problem.in_file(file);
            }
            Error::invalid(problem)
        };
        if self.families.is_empty() {
            let message = format!("no connections configured for the family `{family}`");
            let help = format!(
                "in `{CONNECTIONS_FILE}`, write `version: 1` and `connections: {{{family}: {{main: {{...}}}}}}`"
            );
            return Err(invalid(Code::ConnectionsMissing, message, help));
        }
        let Some(aliases) = self.families.get(family) else {
            let names: Vec<&str> = self.families.keys().map(String::as_str).collect();
            let message = format!(
                "connection family `{family}` not found; available families: {}",
                names.join(", ")
            );
            let help = match closest_match(family, names) {
                Some(suggestion) => format!("did you mean `{suggestion}`?"),
                None => format!("add the family under `connections` in `{CONNECTIONS_FILE}`"),
            };
            return Err(invalid(Code::ConnectionFamilyUnknown, message, help));
        };
        let names: Vec<&str> = aliases.keys().map(String::as_str).collect();
        let available = names.join(", ");
        let found = match alias {
            Some(alias) => aliases.get_key_value(alias),
            None => aliases
                .iter()
                .find(|(_, alias)| alias.is_default)
                .or_else(|| aliases.get_key_value("default")),
        };
        match (found, alias) {
            (Some((name, alias)), _) => {
                Ok((Reference { family: family.to_owned(), alias: name.clone() }, alias))
            }
            (None, Some(alias)) => {
                let message = format!(
                    "connection `@{family}.{alias}` not found; available aliases: {available}"
                );
                let help = match closest_match(alias, names) {
                    Some(suggestion) => format!("did you mean `@{family}.{suggestion}`?"),
                    None => format!("add the connection under `{family}` in `{CONNECTIONS_FILE}`"),
                };
                Err(invalid(Code::ConnectionUnknown, message, help))
            }
            (None, None) => {
                let message = format!(
                    "no default connection in the family `{family}`; available aliases: {available}"
                );
                let help = match names.first() {
                    Some(first) => format!(
                        "write `connection: \"@{family}.{first}\"` in the step, set `default: true` on a connection, or name it `default`"
                    ),
                    None => format!("add a connection under `{family}` in `{CONNECTIONS_FILE}`"),
                };
                Err(invalid(Code::ConnectionDefaultMissing, message, help))
            }
        }
    }

    /// Resolves a connection and substitutes its variables.
    ///
    /// # Errors
    /// Returns an error if [`Self::choose`] fails, or for every variable that is not set (exit
    /// code 3).
    pub fn resolve(
        &self,
        family: &str,
        alias: Option<&str>,
        environment: &Environment,
    ) -> Result<Resolved> {
        let (reference, alias) = self.choose(family, alias)?;
        let mut filler = PlaceholderFiller { environment, unset: Vec::new(), untyped: Vec::new() };
        let fields = filler.value(&alias.fields, "");
        if filler.unset.is_empty() {
            let untyped = filler.untyped;
            return Ok(Resolved { reference, fields, untyped, source: alias.fields.clone() });
        }
        let Reference { family, alias } = &reference;
        let problems = filler.unset.into_iter().map(|(name, field, position)| {
            let message =
                format!("environment variable `{name}` is not set, but `{field}` of connection `@{family}.{alias}` requires it");
            let help = format!("run `export {name}=...`, or add `{name}=...` to `.env`");
            let mut problem = Diagnostic::new(Code::VariableUnset, message).help(help);
            if let Some(file) = &self.file {
                problem = problem.at(file, position);
            }
            problem
        });
        Err(Error::new(osiris_core::diagnostic::ExitStatus::Environment, problems.collect()))
    }
}

struct PlaceholderFiller<'e> {
    environment: &'e Environment,
    /// Variable, field and position of each variable that is not set.
    unset: Vec<(String, String, Position)>,
    untyped: Vec<String>,
}

impl PlaceholderFiller<'_> {
    fn value(&mut self, node: &Node, field: &str) -> Json {
        match &node.value {
            Value::Text(text) => match fill(text, self.environment) {
                Ok(filled) => {
                    if is_variable(text) && !field.contains('.') {
                        self.untyped.push(field.to_owned());
                    }
                    Json::String(filled.into_owned())
                }
                Err(name) => {
                    self.unset.push((name.to_owned(), field.to_owned(), node.position));
                    Json::Null
                }
            },
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, item)| self.value(item, &format!("{field}[{index}]")))
                .collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| {
                    let dot = if field.is_empty() { "" } else { "." };
                    let field = format!("{field}{dot}{}", entry.key);
                    (entry.key.clone(), self.value(&entry.value, &field))
                })
                .collect(),
            _ => node.to_json(),
        }
    }
}
