//! Finds the secret values of a configuration and their places.
//!
//! A value is a secret if the driver's spec declares it, if its field in the connection is named
//! like a secret, if it is the password of a URL, or if an environment variable set it and its
//! field is not [`secret_keys::is_public`]. An author who declares nothing therefore exposes nothing.

use std::collections::BTreeSet;
use std::fmt;

use osiris_core::driver::spec::Spec;
use osiris_core::redact::MASK;
use osiris_core::yaml::Node;
use osiris_core::{schema, secret_keys, yaml};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::placeholder::{is_variable, used};
use super::{
    CONNECTION_KEY, Connections, Environment, RESOLVED_KEY, Reference, connection_pointer,
};

/// Maximum secrets of one step, more than any connection has fields.
const MAX_SECRETS: usize = 10_000;

/// Minimum length of a secret that is masked in text. A shorter one could occur by chance.
pub const SHORTEST: usize = 4;

/// The secrets of one step's configuration. Kept in memory, and sent to a sandbox only together
/// with the configuration.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// JSON pointers into the configuration to values that are masked completely.
    pub places: BTreeSet<String>,
    /// Values that are masked in every text.
    pub values: BTreeSet<String>,
    /// Fields that are masked in their place only, since their value is too short to search for.
    pub short: BTreeSet<String>,
}

impl Secrets {
    /// Returns the secrets of a configuration that [`resolve_step_config`](super::resolve_step_config) or
    /// [`connection_config`](super::connection_config) made of these connections and this environment.
    pub fn find(
        config: &Value,
        spec: &Spec,
        connections: &Connections,
        environment: &Environment,
    ) -> Self {
        let mut secrets = Self::declared(config, spec);
        let reference = config.get(CONNECTION_KEY).and_then(Value::as_str);
        let reference = reference.and_then(|text| text.parse::<Reference>().ok());
        let alias = reference
            .and_then(|Reference { family, alias }| connections.families.get(&family)?.get(&alias));
        if let Some(alias) = alias {
            let mut walk = Walk { config, spec, environment, secrets: &mut secrets };
            walk.node(&alias.fields, connection_pointer(spec), "");
            if connection_pointer(spec).is_empty() {
                secrets.by_name(config, "");
            }
        }
        secrets
    }

    /// Returns the secrets that the spec declares and that names of fields and URLs reveal,
    /// without knowledge of variables.
    pub fn declared(config: &Value, spec: &Spec) -> Self {
        let mut secrets = Self::default();
        for pointer in &spec.secrets {
            if let Some(value) = config.pointer(pointer) {
                secrets.whole(value, pointer);
            }
        }
        if let Some(connection) = config.get(RESOLVED_KEY) {
            secrets.by_name(connection, &format!("/{RESOLVED_KEY}"));
        }
        secrets
    }

    /// Returns the configuration with every secret masked in its place, including credentials
    /// embedded in other text.
    #[must_use]
    pub fn mask(&self, config: &Value) -> Value {
        let mut masked = config.clone();
        for pointer in &self.places {
            if let Some(value) = masked.pointer_mut(pointer)
                && !value.is_null()
            {
                *value = MASK.into();
            }
        }
        hide_embedded(&mut masked, &|_| true);
        masked
    }

    /// Adds a value and everything inside as a secret.
    fn whole(&mut self, value: &Value, pointer: &str) {
        if !value.is_null() {
            self.places.insert(pointer.to_owned());
        }
        match value {
            Value::String(text) => {
                self.embedded(text, pointer);
                self.text(text, pointer);
            }
            Value::Number(number) => self.text(&number.to_string(), pointer),
            Value::Array(items) => items.iter().for_each(|item| self.whole(item, pointer)),
            Value::Object(map) => map.values().for_each(|value| self.whole(value, pointer)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Adds the values whose field names mean a secret.
    fn by_name(&mut self, value: &Value, pointer: &str) {
        match value {
            Value::String(text) => self.embedded(text, pointer),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.by_name(item, &format!("{pointer}/{index}"));
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    let pointer = format!("{pointer}/{}", escaped(key));
                    // `auth: {user, password}` has field names inside, which decide.
                    let is_group = value.is_object() && !secret_keys::is_secret_key(key);
                    if secret_keys::is_secret_value_key(key) && !is_group && !value.is_boolean() {
                        self.whole(value, &pointer);
                    } else {
                        self.by_name(value, &pointer);
                    }
                }
            }
            _ => {}
        }
    }

    fn embedded(&mut self, text: &str, pointer: &str) {
        for credential in secret_keys::embedded(text) {
            self.text(credential, pointer);
            let plain = percent_encoding::percent_decode_str(credential).decode_utf8_lossy();
            if plain.len() >= SHORTEST {
                self.text(&plain, pointer);
            }
        }
    }

    fn text(&mut self, text: &str, pointer: &str) {
        if self.values.len() >= MAX_SECRETS || text.trim().is_empty() {
            return;
        }
        if text.trim().len() < SHORTEST {
            let field = pointer.trim_start_matches('/');
            let field = field.strip_prefix(RESOLVED_KEY).unwrap_or(field).trim_start_matches('/');
            self.short.insert(field.replace('/', "."));
        }
        self.values.insert(text.to_owned());
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} in {:?})", self.values.len(), self.places)
    }
}

/// Walks a connection as written in the file, to find values that variables set.
struct Walk<'w> {
    config: &'w Value,
    spec: &'w Spec,
    environment: &'w Environment,
    secrets: &'w mut Secrets,
}

impl Walk<'_> {
    /// Visits a node; `key` is the name of the field that the node belongs to.
    fn node(&mut self, node: &Node, pointer: &str, key: &str) {
        match &node.value {
            yaml::Value::Text(text) => self.text(text, pointer, key),
            yaml::Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.node(item, &format!("{pointer}/{index}"), key);
                }
            }
            yaml::Value::Map(entries) => {
                for entry in entries {
                    let pointer = format!("{pointer}/{}", escaped(&entry.key));
                    self.node(&entry.value, &pointer, &entry.key);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str, pointer: &str, key: &str) {
        let config = self.config;
        // A boolean is not a secret.
        let whole = config.pointer(pointer).filter(|whole| !whole.is_boolean() && !whole.is_null());
        let Some(whole) = whole else { return };
        for (name, value) in used(text, self.environment) {
            // An API key can be the user name, and a path can contain a token.
            let says_so =
                secret_keys::is_secret_value_key(name) || secret_keys::is_secret_value_key(key);
            let is_harmless = secret_keys::is_public_key_name(key)
                || whole.is_number() && secret_keys::is_quantity(key);
            if is_harmless && !says_so || self.is_choice(pointer) {
                continue;
            }
            if says_so || !is_plain(&value) {
                self.secrets.text(&value, pointer);
            }
            self.secrets.whole(whole, pointer);
        }
    }

    /// Returns whether the driver's schema lists the possible values.
    fn is_choice(&self, pointer: &str) -> bool {
        schema::is_choice(&self.spec.config_schema, pointer)
    }
}

/// Returns whether a text is a boolean or a short number, when part of another text.
fn is_plain(text: &str) -> bool {
    let text = text.trim();
    text.len() < SHORTEST && text.parse::<f64>().is_ok() || text.parse::<bool>().is_ok()
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Returns a connection's fields as written in the file, with secrets masked unless they only
/// name a variable. `pointers` lead to secrets.
pub fn shown_fields(fields: &Value, pointers: &[String]) -> Value {
    let mut shown = fields.clone();
    for pointer in pointers {
        if let Some(value) = shown.pointer_mut(pointer) {
            hide(value);
        }
    }
    hide_by_name(&mut shown);
    hide_embedded(&mut shown, &|credential| !is_variable(credential));
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
        Value::Array(items) => items.iter_mut().for_each(hide_by_name),
        Value::Object(map) => {
            for (key, value) in map {
                let is_group = value.is_object() && !secret_keys::is_secret_key(key);
                if secret_keys::is_secret_value_key(key) && !is_group && !value.is_boolean() {
                    hide(value);
                } else {
                    hide_by_name(value);
                }
            }
        }
        _ => {}
    }
}

/// Masks the credentials for which `hides` returns true in every text of a value.
fn hide_embedded(value: &mut Value, hides: &impl Fn(&str) -> bool) {
    match value {
        Value::String(text) => {
            let mut shown = String::new();
            let mut rest = text.as_str();
            // The parts are slices of the text in any order: sort them by their offset.
            let mut parts: Vec<(usize, usize)> = secret_keys::embedded(text)
                .filter(|credential| hides(credential))
                .map(|part| (part.as_ptr() as usize - text.as_ptr() as usize, part.len()))
                .collect();
            parts.sort_unstable();
            let mut from = 0;
            for (at, length) in parts {
                if at < from {
                    continue;
                }
                shown.push_str(&rest[..at - from]);
                shown.push_str(MASK);
                rest = &rest[at - from + length..];
                from = at + length;
            }
            if from > 0 {
                shown.push_str(rest);
                *text = shown;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_embedded(item, hides)),
        Value::Object(map) => map.values_mut().for_each(|value| hide_embedded(value, hides)),
        _ => {}
    }
}
