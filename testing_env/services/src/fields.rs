//! JSON objects that differ in a few fields.

use serde_json::Value;

/// Returns a connection or a configuration with other fields: those of `more` replace its own.
#[must_use]
pub fn with_fields(object: &Value, more: &Value) -> Value {
    let mut object = object.clone();
    for (field, value) in more.as_object().into_iter().flatten() {
        object[field] = value.clone();
    }
    object
}
