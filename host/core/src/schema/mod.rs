//! Validation of user-written values by JSON Schema 2020-12: fills in defaults, and describes
//! mismatches without ever showing a value.
//!
//! A schema can come from an untrusted driver, so its work is bounded: see [`Schema::new`].

mod complexity;
mod defaults;
mod describe;
mod messages;
mod violation;

#[cfg(test)]
mod tests;

use jsonschema::{PatternOptions, Validator};
use serde_json::{Value, json};

pub use defaults::{defaults_at, fill_from};
pub use describe::keys_of;
pub use violation::{Fault, Violation, merge_misspelled};

/// A compiled schema.
#[derive(Debug)]
pub struct Schema {
    source: Value,
    validator: Validator,
}

/// Keywords through which a schema can describe keys outside its `properties`.
const APPLICATORS: [&str; 8] =
    ["$ref", "allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas"];
const OPEN: [&str; 3] = ["additionalProperties", "unevaluatedProperties", "patternProperties"];

/// Maximum memory of one pattern, in bytes.
const PATTERN_SIZE: usize = 1 << 20;
/// Maximum memory of all patterns of a schema, in bytes.
const PATTERNS_SIZE: usize = 2 << 20;
/// Maximum findings in one value.
const MAX_FINDINGS: usize = 100;

/// Returns whether a schema lists the allowed values at this JSON pointer. The schema can be
/// invalid.
pub fn is_choice(source: &Value, pointer: &str) -> bool {
    defaults::subschema(source, pointer)
        .is_some_and(|schema| schema.get("enum").is_some() || schema.get("const").is_some())
}

impl Schema {
    /// Compiles a schema. Rejects recursion, references out of the schema, excessive size, and
    /// patterns with look-around, which cannot be matched in linear time.
    ///
    /// # Errors
    /// Returns an error if the schema is rejected: the reason, as the end of a sentence.
    pub fn new(source: Value) -> Result<Self, String> {
        let patterns = complexity::check(&source)?;
        let size = PATTERN_SIZE.min(PATTERNS_SIZE / patterns.max(1));
        let validator = jsonschema::draft202012::options()
            .with_pattern_options(PatternOptions::regex().size_limit(size).dfa_size_limit(size))
            .build(&source)
            .map_err(|error| {
                let at = error.instance_path().as_str();
                let at = if at.is_empty() { "its root".to_owned() } else { format!("`{at}`") };
                let small = match size < PATTERN_SIZE {
                    true => format!(", or a pattern needs more than its share of {size} bytes"),
                    false => String::new(),
                };
                format!("is not a valid JSON Schema 2020-12 at {at}: {}{small}", error.masked())
            })?;
        Ok(Self { source, validator })
    }

    /// Like [`Self::new`], but rejects unknown keys unless the schema itself has a keyword for
    /// them.
    ///
    /// # Errors
    /// Returns an error if the schema is rejected: the reason, as the end of a sentence.
    pub fn closed(mut source: Value) -> Result<Self, String> {
        if let Value::Object(root) = &mut source
            && !OPEN.iter().any(|key| root.contains_key(*key))
        {
            let elsewhere = APPLICATORS.iter().any(|key| root.contains_key(*key));
            let key = if elsewhere { "unevaluatedProperties" } else { "additionalProperties" };
            root.insert(key.to_owned(), json!(false));
        }
        Self::new(source)
    }

    /// Fills in the defaults of missing keys.
    pub fn fill(&self, value: &mut Value) {
        defaults::fill(&self.source, &self.source, value);
    }

    /// Returns the mismatches of a value with the schema, up to a maximum.
    pub fn check(&self, value: &Value) -> Vec<Violation> {
        let mut findings = Vec::new();
        for error in self.validator.iter_errors(value) {
            violation::describe(&self.source, &error, &mut findings);
            if findings.len() >= MAX_FINDINGS {
                findings.truncate(MAX_FINDINGS);
                break;
            }
        }
        findings
    }

    /// Returns whether the schema lists the allowed values at a JSON pointer.
    pub fn is_choice(&self, pointer: &str) -> bool {
        is_choice(&self.source, pointer)
    }

    /// Parses a text as a number or boolean if the schema has that type at this JSON pointer.
    pub fn retype(&self, pointer: &str, value: &mut Value) {
        let kind = defaults::subschema(&self.source, pointer).and_then(|at| at["type"].as_str());
        if let Value::String(text) = value
            && let Some("integer" | "number" | "boolean") = kind
            && let Ok(read @ (Value::Number(_) | Value::Bool(_))) =
                serde_json::from_str(text.trim())
        {
            *value = read;
        }
    }
}
