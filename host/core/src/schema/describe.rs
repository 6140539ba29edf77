//! Names of types, paths and values in messages.

use jsonschema::JsonType;
use jsonschema::error::TypeKind;
use serde_json::Value;

use crate::text::join_or;

/// Maximum allowed values that are listed.
const LISTED: usize = 20;

/// Returns the name of a value's type: `text`, `a list`.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "a whole number",
        other => type_name(JsonType::from(other)),
    }
}

/// Returns the name of a type: `text`, `a list`.
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

/// Returns the names of the types that a `type` keyword allows.
pub(super) fn types(kind: &TypeKind) -> Vec<&'static str> {
    match kind {
        TypeKind::Single(single) => vec![type_name(*single)],
        TypeKind::Multiple(several) => several.iter().map(type_name).collect(),
    }
}

/// Formats a JSON pointer as a path: `columns[0].name`. The path of the whole value is empty.
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

/// Lists the values that a schema allows: `` `lf` or `crlf` ``.
pub(super) fn options(values: &Value) -> String {
    let all = values.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut shown: Vec<String> = all.iter().take(LISTED).map(literal).collect();
    if all.len() > LISTED {
        shown.push(format!("one of {} more", all.len() - LISTED));
    }
    join_or(&shown)
}

/// Formats a value of a schema.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => crate::text::quoted(text),
        other => other.to_string().chars().take(60).collect(),
    }
}

/// Returns the keys in a schema's `properties`.
pub fn keys_of(schema: &Value) -> impl Iterator<Item = &str> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flat_map(|map| map.keys().map(String::as_str))
}
