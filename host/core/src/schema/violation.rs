//! Findings: the parts of a value that do not match its schema, with their position and a fix.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use super::{MAX_FINDINGS, describe, messages};
use crate::text::{closest_match, join_or, quoted};

/// A mismatch between a value and its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Kind of the mismatch.
    pub fault: Fault,
    /// Location of the mismatch, as a JSON pointer into the value.
    pub pointer: String,
    /// Description of the mismatch, with names but without any value: `` `limit` must be text ``.
    pub message: String,
    /// Fix for the mismatch.
    pub help: Option<String>,
    /// The unknown or missing key. `None` for a value that is not allowed.
    pub(super) key: Option<String>,
    /// The key that an unknown key is probably a misspelling of.
    pub(super) suggestion: Option<String>,
}

/// Maximum keys that the help for an unknown key lists.
const MAX_LISTED_KEYS: usize = 16;

/// Removes the missing keys that are only missing because an unknown key stands in their place:
/// `file` instead of `path` is one mistake.
pub fn merge_misspelled(findings: &mut Vec<Violation>) {
    let missing = |findings: &[Violation], parent: &str| -> Vec<String> {
        let is_here = |one: &&Violation| one.fault == Fault::MissingKey && one.pointer == parent;
        findings.iter().filter(is_here).filter_map(|one| one.key.clone()).collect()
    };
    for index in 0..findings.len() {
        if findings[index].fault != Fault::UnknownKey {
            continue;
        }
        let Some((parent, _)) = findings[index].pointer.rsplit_once('/') else { continue };
        let is_alone = |one: &&Violation| {
            one.fault == Fault::UnknownKey
                && one.suggestion.is_none()
                && one.pointer.rsplit_once('/').is_some_and(|(other, _)| other == parent)
        };
        let missing = missing(findings, parent);
        let suggestion = match (&findings[index].suggestion, missing.as_slice()) {
            (Some(suggestion), _) => suggestion.clone(),
            (None, [only]) if findings.iter().filter(is_alone).count() == 1 => only.clone(),
            (None, _) => continue,
        };
        findings[index].help = Some(format!("did you mean `{suggestion}`?"));
        findings[index].suggestion = Some(suggestion);
    }
    let named: Vec<(String, String)> = findings
        .iter()
        .filter(|one| one.fault == Fault::UnknownKey)
        .filter_map(|one| {
            Some((one.pointer.rsplit_once('/')?.0.to_owned(), one.suggestion.clone()?))
        })
        .collect();
    findings.retain(|one| {
        let key = one.key.as_deref().filter(|_| one.fault == Fault::MissingKey);
        !named.iter().any(|(parent, name)| *parent == one.pointer && Some(name.as_str()) == key)
    });
}

/// Kind of a mismatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A key that the schema does not have. The pointer leads to the key.
    UnknownKey,
    /// A missing key. The pointer leads to the mapping that lacks the key.
    MissingKey,
    /// A value that is not allowed.
    InvalidValue,
}

/// Adds the findings for one error of the validator.
pub(super) fn describe(schema: &Value, error: &ValidationError<'_>, out: &mut Vec<Violation>) {
    match error.kind() {
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let parent = parent_schema(schema, error);
            let named = unexpected.iter().take(MAX_FINDINGS);
            out.extend(named.map(|key| unknown(key, error, parent)));
        }
        Kind::Required { property } => {
            out.push(missing(property.as_str().unwrap_or_default(), error, schema));
        }
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            alternatives(schema, error, context, out);
        }
        _ => out.push(messages::finding(error, parent_schema(schema, error))),
    }
}

/// Returns the subschema that holds the failed keyword.
fn parent_schema<'s>(schema: &'s Value, error: &ValidationError<'_>) -> &'s Value {
    let keyword = error.schema_path().as_str();
    let parent = keyword.rsplit_once('/').map_or("", |(parent, _)| parent);
    schema.pointer(parent).unwrap_or(&Value::Null)
}

fn unknown(key: &str, error: &ValidationError<'_>, parent: &Value) -> Violation {
    let at = error.instance_path().as_str();
    let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    let keys: Vec<&str> = describe::keys_of(parent).collect();
    let suggestion = closest_match(key, keys.iter().copied()).map(str::to_owned);
    let help = match &suggestion {
        Some(suggestion) => Some(format!("did you mean `{suggestion}`?")),
        None if keys.is_empty() || keys.len() > MAX_LISTED_KEYS => None,
        None => Some(format!("expected {}", join_or(&keys))),
    };
    let location =
        if at.is_empty() { String::new() } else { format!(" in `{}`", describe::path(at)) };
    let message = format!("unknown key {}{location}", quoted(key));
    let key = Some(key.to_owned());
    Violation { fault: Fault::UnknownKey, pointer, message, help, key, suggestion }
}

fn missing(key: &str, error: &ValidationError<'_>, schema: &Value) -> Violation {
    let at = error.instance_path().as_str();
    let location =
        if at.is_empty() { String::new() } else { format!(" in `{}`", describe::path(at)) };
    let property = &parent_schema(schema, error)["properties"][key];
    let description = property.get("description").and_then(Value::as_str);
    Violation {
        fault: Fault::MissingKey,
        pointer: at.to_owned(),
        message: format!("missing key `{key}`{location}"),
        help: Some(match description {
            Some(text) => format!("add `{key}: ...`: {}", messages::one_line(text)),
            None => format!("add `{key}: ...`"),
        }),
        key: Some(key.to_owned()),
        suggestion: None,
    }
}

/// Adds the findings for a value that matches none of several alternatives. If no alternative has
/// the value's type, the finding lists the allowed types. If exactly one has, the findings are
/// those of that alternative.
fn alternatives(
    schema: &Value,
    error: &ValidationError<'_>,
    branches: &[Vec<ValidationError<'static>>],
    out: &mut Vec<Violation>,
) {
    let at = error.instance_path();
    let wrong_type = |branch: &&Vec<ValidationError<'static>>| {
        branch.iter().any(|e| matches!(e.kind(), Kind::Type { .. }) && e.instance_path() == at)
    };
    let mut close = branches.iter().filter(|branch| !wrong_type(branch));
    match (close.next(), close.next()) {
        (None, _) => {
            let mut expected: Vec<&str> = Vec::new();
            for error in branches.iter().flatten().filter(|e| e.instance_path() == at) {
                if let Kind::Type { kind } = error.kind() {
                    expected.extend(describe::types(kind));
                }
            }
            expected.dedup();
            out.push(messages::wrong_type(error, &expected, parent_schema(schema, error)));
        }
        (Some(only), None) => only.iter().for_each(|error| describe(schema, error, out)),
        _ => out.push(messages::finding(error, parent_schema(schema, error))),
    }
}
