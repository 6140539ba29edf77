//! Configurations are rejected before a run, with the faulty key named.

use osiris_core::schema::Schema;
use osiris_pipeline::connection::RESOLVED_KEY;
use serde_json::{Value, json};

use super::super::check::{Check, NotPassed, Verdict, none, skip};
use super::super::harness::Harness;
use super::super::requirement::Requirement;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "config.unknown-key",
        title: "unknown keys are rejected and named",
        fix: "add `additionalProperties: false` to configSchema",
        needs: &[Requirement::Spec],
        run: |harness| {
            let add_unknown_key = |pointer: &str, config: &mut Value| {
                let object = config.pointer_mut(pointer).and_then(Value::as_object_mut);
                object
                    .map(|fields| fields.insert("no_such_key".into(), json!(1)))
                    .map(|_| "no_such_key")
            };
            check_variants(harness, |schema, config| {
                let pointers = ["".to_owned(), format!("/{RESOLVED_KEY}")];
                let accepted = pointers.into_iter().filter_map(|pointer| {
                    let mut config = config.clone();
                    let key = add_unknown_key(&pointer, &mut config)?;
                    unnamed(schema, &config, key)
                        .then(|| format!("`{pointer}/no_such_key` is accepted"))
                });
                accepted.collect()
            })
        },
    },
    Check {
        id: "config.required-keys",
        title: "missing required keys are rejected and named",
        fix: "add the key to `required` of configSchema, once",
        needs: &[Requirement::Spec],
        run: |harness| {
            check_variants(harness, |schema, config| {
                let required = |schema: &Value| -> Vec<String> {
                    let names = schema["required"].as_array().cloned().unwrap_or_default();
                    names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
                };
                let Ok(spec) = harness.spec() else { return Vec::new() };
                let root = &spec.config_schema;
                let inner = required(&root["properties"][RESOLVED_KEY]);
                let pointers =
                    [(String::new(), required(root)), (format!("/{RESOLVED_KEY}"), inner)];
                let mut wrong = Vec::new();
                for (pointer, names) in pointers {
                    for name in names {
                        let mut config = config.clone();
                        if let Some(Value::Object(fields)) = config.pointer_mut(&pointer) {
                            fields.remove(&name);
                        }
                        if unnamed(schema, &config, &name) {
                            wrong.push(format!("a configuration without `{name}` is accepted"));
                        }
                    }
                }
                wrong
            })
        },
    },
    Check {
        id: "config.wrong-types",
        title: "values of another type are rejected, and their key is named",
        fix: "give the key a `type` or an `enum` in configSchema",
        needs: &[Requirement::Spec],
        run: |harness| {
            check_variants(harness, |schema, config| {
                let Ok(spec) = harness.spec() else { return Vec::new() };
                let mut wrong = Vec::new();
                for (name, _) in super::spec_schema::keys(spec) {
                    let pointer = format!("/{}", name.replace('.', "/"));
                    let Some((parent, key)) = pointer.rsplit_once('/') else { continue };
                    let mut config = config.clone();
                    let Some(Value::Object(fields)) = config.pointer_mut(parent) else { continue };
                    // No step takes a value like this.
                    fields.insert(key.to_owned(), json!([[{"no": ["such", "value"]}]]));
                    if unnamed(schema, &config, key) {
                        wrong.push(format!("`{name}` accepts a list of lists of mappings"));
                    }
                }
                wrong
            })
        },
    },
];

/// Checks variants of a configuration that fits the schema.
fn check_variants(harness: &Harness, wrong: impl Fn(&Schema, &Value) -> Vec<String>) -> Verdict {
    let spec = harness.spec()?;
    let schema = spec.schema().map_err(|reason| skip(format!("configSchema {reason}")))?;
    let config = harness.synthetic_config(None).map_err(|not_passed| match not_passed {
        NotPassed::Failed(reason) | NotPassed::Skipped(reason) => skip(reason),
    })?;
    none(wrong(&schema, &config.config))
}

/// Returns whether the schema's findings about a configuration fail to name this key.
fn unnamed(schema: &Schema, config: &Value, key: &str) -> bool {
    !schema.check(config).iter().any(|finding| {
        finding.pointer.split('/').any(|part| part == key)
            || finding.message.contains(&format!("`{key}`"))
            || finding.message.contains(&format!(".{key}`"))
    })
}
