//! The spec: rules that help people and the host.

use osiris_core::driver::spec::Spec;
use osiris_core::schema::Schema;
use osiris_core::secret_keys;
use osiris_pipeline::connection::RESOLVED_KEY;
use serde_json::Value;

use super::super::check::{Check, ensure, none};
use super::super::requirement::Requirement;

/// The only supported JSON Schema dialect.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "schema.dialect",
        title: "configSchema declares JSON Schema 2020-12",
        fix: "add `$schema: https://json-schema.org/draft/2020-12/schema` to configSchema",
        needs: &[Requirement::Spec],
        run: |harness| {
            let dialect = harness.spec()?.config_schema["$schema"].as_str();
            ensure(dialect == Some(DIALECT), || match dialect {
                Some(other) => format!("`$schema` is `{other}`"),
                None => "`$schema` is missing".to_owned(),
            })
        },
    },
    Check {
        id: "schema.closed",
        title: "configSchema and its connection reject unknown keys",
        fix: "add `additionalProperties: false`, so that typing errors are reported",
        needs: &[Requirement::Spec],
        run: |harness| {
            let schema = &harness.spec()?.config_schema;
            let connection = schema["properties"].get(RESOLVED_KEY);
            let objects = [("configSchema", Some(schema)), (RESOLVED_KEY, connection)];
            let open = |object: &Value| {
                let closed = |key: &str| object.get(key) == Some(&Value::Bool(false));
                !closed("additionalProperties") && !closed("unevaluatedProperties")
            };
            none(objects.into_iter().filter_map(|(name, object)| {
                object
                    .filter(|object| open(object))
                    .map(|_| format!("`{name}` accepts unknown keys"))
            }))
        },
    },
    Check {
        id: "schema.described",
        title: "every key has a description",
        fix: "add `description: `, which `osiris drivers show` displays",
        needs: &[Requirement::Spec],
        run: |harness| {
            let undescribed = keys(harness.spec()?).into_iter().filter(|(name, key)| {
                let text = key["description"].as_str().unwrap_or_default();
                name != RESOLVED_KEY && text.trim().is_empty()
            });
            none(undescribed.map(|(name, _)| format!("`{name}` has no description")))
        },
    },
    Check {
        id: "schema.typed",
        title: "every key has a type or a list of values",
        fix: "add `type: ` or `enum: `, so that wrong values are reported before the run",
        needs: &[Requirement::Spec],
        run: |harness| {
            const TYPED: [&str; 7] = ["type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"];
            let untyped = keys(harness.spec()?)
                .into_iter()
                .filter(|(_, key)| !TYPED.iter().any(|word| key.get(word).is_some()));
            none(untyped.map(|(name, _)| format!("`{name}` has no type")))
        },
    },
    Check {
        id: "schema.defaults",
        title: "defaults match the schema of their key",
        fix: "correct the default, or the schema that rejects it",
        needs: &[Requirement::Spec],
        run: |harness| {
            let spec = harness.spec()?;
            none(keys(spec).into_iter().filter_map(|(name, key)| {
                let (default, schema) = (key.get("default")?, Schema::new(key.clone()).ok()?);
                let finding = schema.check(default).into_iter().next()?;
                Some(format!("the default of `{name}` is not valid: {}", finding.message))
            }))
        },
    },
    Check {
        id: "schema.required",
        title: "required keys are in the schema and have no default",
        fix: "remove the key from `required`, or remove its default",
        needs: &[Requirement::Spec],
        run: |harness| {
            let schema = &harness.spec()?.config_schema;
            let mut wrong = Vec::new();
            for (owner, object) in
                [("", schema), (RESOLVED_KEY, &schema["properties"][RESOLVED_KEY])]
            {
                for name in object["required"].as_array().into_iter().flatten() {
                    let name = name.as_str().unwrap_or_default();
                    let shown =
                        if owner.is_empty() { name.to_owned() } else { format!("{owner}.{name}") };
                    match object["properties"].get(name) {
                        None => wrong.push(format!("`{shown}` is required, but not in the schema")),
                        Some(key) if key.get("default").is_some() => {
                            wrong.push(format!("`{shown}` is required and has a default"));
                        }
                        Some(_) => {}
                    }
                }
            }
            none(wrong)
        },
    },
    Check {
        id: "schema.pointers",
        title: "pointers in secrets, files and network refer to keys in the schema",
        fix: "correct the pointer, or add the key to configSchema",
        needs: &[Requirement::Spec],
        run: |harness| {
            let spec = harness.spec()?;
            let network = spec.network.iter().flat_map(|endpoint| {
                [Some(endpoint.host.as_str()), endpoint.port.as_str()].into_iter().flatten()
            });
            let named = spec.secrets.iter().chain(&spec.files.read).chain(&spec.files.write);
            let all = named.map(String::as_str).chain(network.filter(|one| one.starts_with('/')));
            let dangling = all.filter(|pointer| subschema(&spec.config_schema, pointer).is_none());
            none(dangling.map(|pointer| format!("`{pointer}` does not refer to a key")))
        },
    },
    Check {
        id: "schema.paths",
        title: "keys that name files are strings",
        fix: "set `type: string`, or remove the pointer from `files`",
        needs: &[Requirement::Spec],
        run: |harness| {
            let spec = harness.spec()?;
            let files = spec.files.read.iter().chain(&spec.files.write);
            let non_strings = files.filter(|pointer| {
                let kind = subschema(&spec.config_schema, pointer).map(|key| &key["type"]);
                kind.is_some_and(|kind| kind != "string")
            });
            none(non_strings.map(|pointer| format!("`{pointer}` is not a string")))
        },
    },
    Check {
        id: "schema.secrets-declared",
        title: "keys with names of secrets are declared as secrets",
        fix: "add the pointer to `secrets`, so that the value is masked everywhere",
        needs: &[Requirement::Spec],
        run: |harness| {
            let spec = harness.spec()?;
            let named = keys(spec).into_iter().filter(|(name, key)| {
                let last = name.rsplit('.').next().unwrap_or(name);
                secret_keys::is_secret_key(last)
                    && key["type"] != "boolean"
                    && key["type"] != "object"
            });
            let undeclared =
                named.map(|(name, _)| format!("/{}", name.replace('.', "/"))).filter(|at| {
                    !spec
                        .secrets
                        .iter()
                        .any(|secret| at == secret || at.starts_with(&format!("{secret}/")))
                });
            none(undeclared.map(|at| format!("`{at}` is not in `secrets`")))
        },
    },
    Check {
        id: "schema.secrets-bare",
        title: "defaults and examples contain no secret",
        fix: "remove the value: secrets come from connections, which take them from the environment",
        needs: &[Requirement::Spec],
        run: |harness| {
            let spec = harness.spec()?;
            let mut faults: Vec<String> = Vec::new();
            for pointer in &spec.secrets {
                let default =
                    subschema(&spec.config_schema, pointer).and_then(|key| key.get("default"));
                if default.and_then(Value::as_str).is_some_and(|text| !text.is_empty()) {
                    faults.push(format!("`{pointer}` has a default"));
                }
                for example in &spec.examples {
                    let config = Value::Object(example.config.clone().into_iter().collect());
                    if config.pointer(pointer).is_some() {
                        faults.push(format!("the example `{}` has `{pointer}`", example.title));
                    }
                }
            }
            none(faults)
        },
    },
    Check {
        id: "schema.connection-fields",
        title: "connection fields match `resolved_connection` in the schema",
        fix: "list each key of `configSchema.properties.resolved_connection` in `connectionFields`, with a policy",
        needs: &[Requirement::Spec],
        run: |harness| {
            let spec = harness.spec()?;
            let properties = &spec.config_schema["properties"][RESOLVED_KEY]["properties"];
            let described = || properties.as_object().into_iter().flatten().map(|(name, _)| name);
            let named =
                |name: &String| spec.connection_fields.iter().any(|field| &field.name == name);
            let undeclared = described().filter(|name| !named(name));
            let unknown = spec.connection_fields.iter().map(|field| &field.name);
            let unknown = unknown
                .filter(|name| !described().any(|other| other == *name) && !spec.has_key(name));
            none(
                undeclared
                    .map(|name| format!("`{name}` is only in the schema"))
                    .chain(unknown.map(|name| format!("`{name}` is only in connectionFields"))),
            )
        },
    },
    Check {
        id: "schema.secrets-forbidden",
        title: "a step cannot replace a secret or its destination",
        fix: "write `override: forbidden` for the field: otherwise a pipeline could send the secret elsewhere",
        needs: &[Requirement::Spec],
        run: |harness| {
            use osiris_core::driver::spec::OverridePolicy::Forbidden;
            let spec = harness.spec()?;
            let prefix = format!("/{RESOLVED_KEY}/");
            let hosts = spec.network.iter().map(|endpoint| &endpoint.host);
            let guarded: Vec<&str> = spec
                .secrets
                .iter()
                .chain(hosts)
                .filter_map(|at| at.strip_prefix(&prefix))
                .collect();
            let open = spec.connection_fields.iter().filter(|field| {
                field.policy != Forbidden && guarded.contains(&field.name.as_str())
            });
            let has_secrets = !spec.secrets.is_empty();
            none(
                open.filter(|_| has_secrets)
                    .map(|field| format!("`{}` can be replaced", field.name)),
            )
        },
    },
    Check {
        id: "schema.example",
        title: "a driver with required keys has an example",
        fix: "add `examples: [{title: ..., config: {...}}]`",
        needs: &[Requirement::Spec],
        run: |harness| {
            let spec = harness.spec()?;
            let required =
                spec.config_schema["required"].as_array().is_some_and(|all| !all.is_empty());
            ensure(!required || !spec.examples.is_empty(), || {
                "the spec has required keys, but no example".to_owned()
            })
        },
    },
];

/// Returns the keys of the schema and of the connection in it, like `resolved_connection.host`.
pub(super) fn keys(spec: &Spec) -> Vec<(String, &Value)> {
    let mut keys = Vec::new();
    for (name, key) in properties(&spec.config_schema) {
        if name == RESOLVED_KEY {
            let inner = properties(key);
            keys.extend(inner.map(|(name, key)| (format!("{RESOLVED_KEY}.{name}"), key)));
        }
        keys.push((name.clone(), key));
    }
    keys
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

/// Returns the subschema for the value at a pointer.
fn subschema<'s>(schema: &'s Value, pointer: &str) -> Option<&'s Value> {
    pointer.split('/').skip(1).try_fold(schema, |at, segment| {
        let key = segment.replace("~1", "/").replace("~0", "~");
        let rest = || at.get("additionalProperties").filter(|rest| rest.is_object());
        at.get("properties")
            .and_then(|keys| keys.get(&key))
            .or_else(rest)
            .or_else(|| at.get("items"))
    })
}
