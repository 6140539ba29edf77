//! Defaults of missing keys, and look-up of the subschema at a JSON pointer.

use serde_json::Value;

use super::complexity::{self, target};

/// Maximum length of a chain of references.
const MAX_REFERENCES: usize = 100;

/// Fills a value from the defaults of a schema that is not compiled. A schema that exceeds the
/// bounds fills nothing.
pub fn fill_from(schema: &Value, value: &mut Value) {
    if complexity::check(schema).is_ok() {
        fill(schema, schema, value);
    }
}

/// Returns every default that can end up at a JSON pointer, in the order in which they are filled
/// in: the field's own, and the parts of defaults of enclosing fields. Returns nothing if the
/// schema exceeds the bounds.
pub fn defaults_at<'s>(schema: &'s Value, pointer: &str) -> Vec<&'s Value> {
    let mut found = Vec::new();
    if complexity::check(schema).is_ok() {
        let segments: Vec<String> = pointer.split('/').skip(1).map(plain).collect();
        collect(schema, schema, &segments, &mut found);
    }
    found
}

fn collect<'s>(root: &'s Value, schema: &'s Value, path: &[String], found: &mut Vec<&'s Value>) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
        && let Some(subschema) = target(root, reference)
    {
        collect(root, subschema, path, found);
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        collect(root, part, path, found);
    }
    let Some((key, rest)) = path.split_first() else { return };
    if let Some(property) = schema.get("properties").and_then(|keys| keys.get(key)) {
        let inside = |value: &'s Value| rest.iter().try_fold(value, |value, key| child(value, key));
        found.extend(property.get("default").and_then(inside));
        collect(root, property, rest, found);
    }
    if let Some(items) = schema.get("items").filter(|_| key.parse::<usize>().is_ok()) {
        collect(root, items, rest, found);
    }
}

fn child<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    match value {
        Value::Array(items) => items.get(key.parse::<usize>().ok()?),
        value => value.get(key),
    }
}

/// Decodes a segment of a JSON pointer into a key.
fn plain(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// Fills `value` from the `default`s below `schema`: in `properties`, and through `$ref`, `allOf`
/// and `items`. Existing values stay unchanged, and missing objects are not created. Terminates
/// because [`super::complexity`] rejects recursion.
pub(super) fn fill(root: &Value, schema: &Value, value: &mut Value) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str)
        && let Some(subschema) = target(root, reference)
    {
        fill(root, subschema, value);
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        fill(root, part, value);
    }
    match value {
        Value::Object(map) => {
            let properties = schema.get("properties").and_then(Value::as_object);
            for (key, property) in properties.into_iter().flatten() {
                if let Some(default) = property.get("default")
                    && !map.contains_key(key)
                {
                    map.insert(key.clone(), default.clone());
                }
                if let Some(value) = map.get_mut(key) {
                    fill(root, property, value);
                }
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| fill(root, schema, item));
            }
        }
        _ => {}
    }
}

/// Returns the subschema for a JSON pointer, following `properties`, `additionalProperties`,
/// `items` and `$ref`.
pub(super) fn subschema<'s>(root: &'s Value, pointer: &str) -> Option<&'s Value> {
    let mut schema = root;
    for segment in pointer.split('/').skip(1) {
        let key = plain(segment);
        let schema_of_key = || schema.get("properties").and_then(|keys| keys.get(&key));
        schema = schema_of_key()
            .or_else(|| schema.get("additionalProperties"))
            .or_else(|| schema.get("items"))?;
        // An unchecked schema can refer to itself.
        let mut references = 0;
        while let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            references += 1;
            schema = target(root, reference).filter(|_| references <= MAX_REFERENCES)?;
        }
    }
    Some(schema)
}
