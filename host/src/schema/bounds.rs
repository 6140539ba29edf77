//! Whether a schema's work is bounded.

use serde_json::Value;

/// How many values a schema may hold, references expanded.
const MAX_SIZE: usize = 20_000;
/// How deep they may stand in each other, references expanded.
const MAX_DEPTH: usize = 100;
/// Keywords that make references depend on where they are reached from.
const DYNAMIC: [&str; 5] =
    ["$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$anchor"];

/// Walks the schema as a validator would, following each reference. A reference
/// that leads back to itself runs into the limits, so nothing recursive passes,
/// and checking a value costs at most [`MAX_SIZE`] steps for each of its parts.
pub(super) fn check(schema: &Value) -> Result<(), String> {
    if !schema.is_object() {
        return Err("must be a mapping".to_owned());
    }
    let mut left = MAX_SIZE;
    walk(schema, schema, 0, &mut left)
}

fn walk(root: &Value, node: &Value, depth: usize, left: &mut usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err("refers to itself or is nested too deeply".to_owned());
    }
    *left = left.checked_sub(1).ok_or("is too large, or refers to itself")?;
    match node {
        Value::Object(map) => {
            if let Some(Value::String(reference)) = map.get("$ref") {
                let target = target(root, reference).ok_or_else(|| {
                    format!("has a '$ref' that is not one like '#/$defs/name': '{reference:.60}'")
                })?;
                walk(root, target, depth + 1, left)?;
            }
            if let Some(keyword) =
                DYNAMIC.iter().find(|key| matches!(map.get(**key), Some(Value::String(_))))
            {
                return Err(format!("uses '{keyword}', which is not supported"));
            }
            if depth > 0 && matches!(map.get("$id"), Some(Value::String(_))) {
                return Err("has an '$id' below its root, which is not supported".to_owned());
            }
            map.values().try_for_each(|value| walk(root, value, depth + 1, left))
        }
        Value::Array(items) => items.iter().try_for_each(|item| walk(root, item, depth + 1, left)),
        _ => Ok(()),
    }
}

/// What a reference within the schema leads to.
pub(super) fn target<'s>(root: &'s Value, reference: &str) -> Option<&'s Value> {
    root.pointer(reference.strip_prefix('#')?)
}
