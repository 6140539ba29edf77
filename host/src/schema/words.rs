//! Schemas and values in words.

use jsonschema::JsonType;
use jsonschema::error::TypeKind;
use serde_json::Value;

use crate::wording::any_of;

/// How many allowed values are listed.
const LISTED: usize = 20;

/// What a value is: `text`, `a list`.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "a whole number",
        other => type_name(JsonType::from(other)),
    }
}

/// What a type is called: `text`, `a list`.
fn type_name(json: JsonType) -> &'static str {
    match json {
        JsonType::Null => "empty",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "text",
        JsonType::Array => "a list",
        JsonType::Object => "a mapping",
    }
}

/// The types that a `type` keyword allows.
pub(super) fn types(kind: &TypeKind) -> Vec<&'static str> {
    match kind {
        TypeKind::Single(single) => vec![type_name(*single)],
        TypeKind::Multiple(several) => several.iter().map(type_name).collect(),
    }
}

/// A place in a value: `columns[0].name`. The whole value is an empty text.
pub(super) fn path(pointer: &str) -> String {
    let mut path = String::new();
    for segment in pointer.split('/').skip(1) {
        if segment.bytes().all(|byte| byte.is_ascii_digit()) && !segment.is_empty() {
            path.push_str(&format!("[{segment}]"));
            continue;
        }
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&segment.replace("~1", "/").replace("~0", "~"));
    }
    path
}

/// Values that a schema allows: `'lf' or 'crlf'`.
pub(super) fn options(values: &Value) -> String {
    let all = values.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut shown: Vec<String> = all.iter().take(LISTED).map(literal).collect();
    if all.len() > LISTED {
        shown.push(format!("one of {} more", all.len() - LISTED));
    }
    any_of(&shown)
}

/// A value as a schema states it.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => crate::wording::quoted(text),
        other => other.to_string().chars().take(60).collect(),
    }
}

/// The keys in a schema's `properties`.
pub fn keys_of(schema: &Value) -> impl Iterator<Item = &str> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(|map| map.keys().map(String::as_str))
}
