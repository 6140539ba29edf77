//! The secret values of a configuration.

use serde_json::Value;

use super::RESOLVED;
use super::placeholder::is_variable;
use crate::driver::spec::Spec;
use crate::secret;
use crate::session::MASK;

/// Every value that must not be seen: what stands where the driver's spec says,
/// what the connection keeps under a name that says so, and passwords in
/// addresses.
pub fn secrets(config: &Value, spec: &Spec) -> Vec<String> {
    let mut found = Vec::new();
    for pointer in &spec.secrets {
        if let Some(value) = config.pointer(pointer) {
            leaves(value, &mut found);
        }
    }
    if let Some(connection) = config.get(RESOLVED) {
        by_name(connection, &mut found);
    }
    found
}

/// A connection's fields as they stand in the file, fit to be shown: secrets are
/// masked, unless they only name a variable. `pointers` lead to secrets.
pub fn shown_fields(fields: &Value, pointers: &[String]) -> Value {
    let mut shown = fields.clone();
    for pointer in pointers {
        if let Some(value) = shown.pointer_mut(pointer) {
            hide(value);
        }
    }
    hide_by_name(&mut shown);
    shown
}

fn hide(value: &mut Value) {
    let names_a_variable = value.as_str().is_some_and(is_variable);
    if !value.is_null() && !names_a_variable {
        *value = MASK.into();
    }
}

fn hide_by_name(value: &mut Value) {
    match value {
        Value::String(text) => {
            let passwords: Vec<String> = secret::url_passwords(text)
                .filter(|password| !is_variable(password))
                .map(str::to_owned)
                .collect();
            for password in passwords {
                *text = text.replace(&format!(":{password}@"), &format!(":{MASK}@"));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide_by_name),
        Value::Object(map) => {
            for (key, value) in map {
                if secret::is_name(key) { hide(value) } else { hide_by_name(value) }
            }
        }
        _ => {}
    }
}

fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            found.extend(secret::url_passwords(text).map(str::to_owned));
            found.push(text.clone());
        }
        Value::Number(number) => found.push(number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(map) => map.values().for_each(|value| leaves(value, found)),
        Value::Null | Value::Bool(_) => {}
    }
}

fn by_name(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.extend(secret::url_passwords(text).map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| by_name(item, found)),
        Value::Object(map) => {
            for (key, value) in map {
                if secret::is_name(key) { leaves(value, found) } else { by_name(value, found) }
            }
        }
        _ => {}
    }
}
