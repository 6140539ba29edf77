//! What a spec must keep to beyond its shape.

use std::collections::HashSet;

use semver::Version;
use serde_json::{Map, Value};

use super::{Spec, amount};
use crate::problem::Problem;
use crate::schema::Schema;
use crate::wording::{any_of, closest, quoted};
use crate::yaml::{Node, Problems};

/// What a connection's fields become in a configuration.
const CONNECTION: &str = "resolved_connection";

/// Reports everything in a well-formed spec that does not hold together.
pub(super) fn check(spec: &Spec, root: &Node, problems: &mut Problems<'_>) {
    let mut refuse = |pointer: &str, message: String, help: String| {
        let problem = Problem::new("invalid_spec", format!("The driver's spec: {message}"));
        problems.report(root.position_of(pointer), problem.help(help));
    };
    if let Err(error) = Version::parse(&spec.version) {
        let message =
            format!("the version {} is not a semantic one: {error}", quoted(&spec.version));
        refuse("/version", message, "write it like '1.0.0'".to_owned());
    }
    for (limit, value) in &spec.limits {
        if let Err(wanted) = amount(*limit, value) {
            let name = limit.name();
            let message = format!("'limits.{name}' {wanted}, but it is {value}");
            refuse(&format!("/limits/{name}"), message, "correct it, or leave it out".to_owned());
        }
    }
    let mut seen = HashSet::new();
    for (index, field) in spec.connection_fields.iter().enumerate() {
        if !seen.insert(&field.name) {
            let message = format!("the connection field {} is there twice", quoted(&field.name));
            let pointer = format!("/connectionFields/{index}");
            refuse(&pointer, message, "remove one of the two".to_owned());
        }
    }
    match spec.schema() {
        Ok(schema) => {
            check_pointers(spec, &schema, &mut refuse);
            // The same schema with other keys, so it is as sound as this one.
            let schema = spec.step_schema().unwrap_or(schema);
            check_examples(spec, &schema, &mut refuse);
        }
        Err(why) => refuse(
            "/configSchema",
            format!("'configSchema' {why}"),
            "see https://json-schema.org/draft/2020-12".to_owned(),
        ),
    }
}

/// Pointers must lead to a key that the configuration can have.
fn check_pointers(spec: &Spec, schema: &Schema, refuse: &mut impl FnMut(&str, String, String)) {
    let keys: Vec<&str> = schema.keys().chain([CONNECTION]).collect();
    let lists = [
        ("secrets", &spec.secrets),
        ("files/read", &spec.files.read),
        ("files/write", &spec.files.write),
    ];
    for (list, pointers) in lists {
        for (index, pointer) in pointers.iter().enumerate() {
            let first = pointer.split('/').nth(1).unwrap_or_default();
            let first = first.replace("~1", "/").replace("~0", "~");
            if keys.contains(&first.as_str()) {
                continue;
            }
            let name = list.replace('/', ".");
            let message = format!(
                "{} in '{name}' leads to no key of 'configSchema.properties'",
                quoted(pointer)
            );
            let help = match closest(&first, keys.iter().copied()) {
                Some(meant) => format!("did you mean '/{meant}'?"),
                None => format!("the keys there are {}", any_of(&keys)),
            };
            refuse(&format!("/{list}/{index}"), message, help);
        }
    }
}

fn check_examples(spec: &Spec, schema: &Schema, refuse: &mut impl FnMut(&str, String, String)) {
    for (index, example) in spec.examples.iter().enumerate() {
        let config: Map<String, Value> = example.config.clone().into_iter().collect();
        let mut config = Value::Object(config);
        schema.fill(&mut config);
        for finding in schema.check(&config) {
            let pointer = format!("/examples/{index}/config{}", finding.pointer);
            let message = format!(
                "the example {} does not fit 'configSchema': {}",
                quoted(&example.title),
                finding.message
            );
            refuse(&pointer, message, finding.help.unwrap_or("correct the example".to_owned()));
        }
    }
}
