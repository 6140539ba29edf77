//! Checks of a spec beyond its shape.

use std::collections::HashSet;

use semver::Version;
use serde_json::{Map, Value};

use super::{Spec, SpecFault, amount};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::schema::{Schema, keys_of};
use crate::text::{closest_match, join_or, quoted};
use crate::yaml::Node;

/// Key of the connection's fields in a configuration.
const CONNECTION: &str = "resolved_connection";

/// Maximum reported faults of one kind.
const MAX_FAULTS: usize = 20;
/// Maximum work of checking the examples: the number of values in them, times that of the schema.
const MAX_STEPS: usize = 4_000_000;

/// Creates the fault at a pointer.
fn fault(root: &Node, pointer: &str, message: String, help: String) -> SpecFault {
    let problem = Diagnostic::new(Code::SpecInvalid, format!("the driver's spec: {message}"));
    SpecFault {
        pointer: pointer.to_owned(),
        position: root.position_of(pointer),
        problem: problem.help(help),
    }
}

/// Returns the inconsistencies in a well-formed spec, except for those of its schema.
pub(super) fn check(spec: &Spec, root: &Node) -> Vec<SpecFault> {
    let mut faults = Vec::new();
    let mut refuse = |pointer: &str, message: String, help: String| {
        faults.push(fault(root, pointer, message, help));
    };
    if let Err(error) = Version::parse(&spec.version) {
        let message = format!("{} is not a valid semantic version: {error}", quoted(&spec.version));
        refuse("/version", message, "write a version like `1.0.0`".to_owned());
    }
    for (limit, value) in &spec.limits {
        if let Err(reason) = amount(*limit, value) {
            let name = limit.name();
            let message = format!("`limits.{name}` {reason}, but is `{value}`");
            refuse(
                &format!("/limits/{name}"),
                message,
                "correct the limit, or remove it".to_owned(),
            );
        }
    }
    let mut seen = HashSet::new();
    let fields = spec.connection_fields.iter().enumerate();
    for (index, field) in fields.filter(|(_, field)| !seen.insert(&field.name)).take(MAX_FAULTS) {
        let message = format!("duplicate connection field {}", quoted(&field.name));
        let pointer = format!("/connectionFields/{index}");
        refuse(&pointer, message, "remove one of the two".to_owned());
    }
    check_pointers(spec, &mut refuse);
    faults
}

/// Returns the faults of the config schema and of the examples that do not match it.
pub(super) fn check_schema(spec: &Spec, root: &Node) -> Vec<SpecFault> {
    let mut faults = Vec::new();
    let mut refuse = |pointer: &str, message: String, help: String| {
        faults.push(fault(root, pointer, message, help));
    };
    match spec.schema() {
        Ok(schema) if spec.connection_fields.is_empty() => {
            check_examples(spec, &schema, &mut refuse);
        }
        // The step schema differs only in its keys, so it compiles if the config schema does.
        Ok(schema) => check_examples(spec, &spec.step_schema().unwrap_or(schema), &mut refuse),
        Err(reason) => refuse(
            "/configSchema",
            format!("`configSchema` {reason}"),
            "see https://json-schema.org/draft/2020-12".to_owned(),
        ),
    }
    faults
}

/// Checks that pointers lead to a key that the configuration can have.
fn check_pointers(spec: &Spec, refuse: &mut impl FnMut(&str, String, String)) {
    let keys: Vec<&str> = keys_of(&spec.config_schema).chain([CONNECTION]).collect();
    let key_set: HashSet<&str> = keys.iter().copied().collect();
    let one = |pointer: &String| std::slice::from_ref(pointer).to_vec();
    let destination = spec.destination.as_ref();
    let identity = destination.map(|destination| destination.identity.clone()).unwrap_or_default();
    let replaces =
        destination.map(|destination| one(&destination.replaces.pointer)).unwrap_or_default();
    let incremental = spec.incremental.as_ref().map(one).unwrap_or_default();
    let lists = [
        ("secrets", &spec.secrets),
        ("files/read", &spec.files.read),
        ("files/write", &spec.files.write),
        ("destination/identity", &identity),
        ("destination/replaces/pointer", &replaces),
        ("incremental", &incremental),
    ];
    for (list, pointers) in lists {
        let first = |pointer: &str| {
            let first = pointer.split('/').nth(1).unwrap_or_default();
            first.replace("~1", "/").replace("~0", "~")
        };
        let firsts = pointers.iter().enumerate().map(|(at, pointer)| (at, pointer, first(pointer)));
        let unknown = firsts.filter(|(_, _, first)| !key_set.contains(first.as_str()));
        for (index, pointer, first) in unknown.take(MAX_FAULTS) {
            let name = list.replace('/', ".");
            let message = format!(
                "{} in `{name}` does not lead to a key of `configSchema.properties`",
                quoted(pointer)
            );
            let help = match closest_match(&first, keys.iter().copied()) {
                Some(suggestion) => format!("did you mean `/{suggestion}`?"),
                None => format!("expected a pointer to {}", join_or(&keys)),
            };
            refuse(&format!("/{list}/{index}"), message, help);
        }
    }
}

fn check_examples(spec: &Spec, schema: &Schema, refuse: &mut impl FnMut(&str, String, String)) {
    let values: usize = spec.examples.iter().flat_map(|one| one.config.values()).map(count).sum();
    if values.saturating_mul(count(&spec.config_schema)) > MAX_STEPS {
        let message = "the examples are too large to check against `configSchema`".to_owned();
        refuse("/examples", message, "shorten the examples".to_owned());
        return;
    }
    for (index, example) in spec.examples.iter().enumerate() {
        let config: Map<String, Value> = example.config.clone().into_iter().collect();
        let mut config = Value::Object(config);
        schema.fill(&mut config);
        for finding in schema.check(&config) {
            let pointer = format!("/examples/{index}/config{}", finding.pointer);
            let message = format!(
                "example {} does not match `configSchema`: {}",
                quoted(&example.title),
                finding.message
            );
            refuse(&pointer, message, finding.help.unwrap_or("correct the example".to_owned()));
        }
    }
}

/// Counts the values in a value, including itself.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(count).sum::<usize>(),
        _ => 1,
    }
}
