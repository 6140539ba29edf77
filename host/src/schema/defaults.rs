//! Defaults of keys that are missing, and what describes a place.

use serde_json::Value;

use super::bounds::target;

/// Fills `value` from the `default`s below `schema`: in `properties`, and through
/// `$ref`, `allOf` and `items`. What is there stays as it is, and an object that
/// is missing is not made. Ends because [`super::bounds`] admits no recursion.
pub(super) fn fill(root: &Value, schema: &Value, value: &mut Value) {
    if let Some(referred) = schema.get("$ref").and_then(Value::as_str)
        && let Some(referred) = target(root, referred)
    {
        fill(root, referred, value);
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

/// The subschema for what a pointer leads to, as far as `properties`,
/// `additionalProperties`, `items` and `$ref` say.
pub(super) fn subschema<'s>(root: &'s Value, pointer: &str) -> Option<&'s Value> {
    let mut schema = root;
    for segment in pointer.split('/').skip(1) {
        let key = segment.replace("~1", "/").replace("~0", "~");
        let schema_of_key = || schema.get("properties").and_then(|keys| keys.get(&key));
        schema = schema_of_key()
            .or_else(|| schema.get("additionalProperties"))
            .or_else(|| schema.get("items"))?;
        while let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            schema = target(root, reference)?;
        }
    }
    Some(schema)
}
