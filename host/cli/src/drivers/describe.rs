//! Descriptions of a spec for people.

use osiris_core::contract;
use osiris_core::driver::spec::Spec;
use osiris_core::sanitize::escape_control;
use osiris_pipeline::project::pipeline::Mode;
use serde_json::{Map, Value};

use super::super::render::{BOLD, DIM, Table, paint};

/// Formats the modes in the words of pipelines: `read, discover`.
pub(super) fn modes(spec: &Spec) -> String {
    let name = |mode: &contract::Mode| {
        let in_steps = Mode::ALL.into_iter().find(|one| contract::Mode::from(*one) == *mode);
        in_steps.map_or("discover", Mode::name)
    };
    spec.modes.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Formats the heading of a driver: name, version, title and description.
pub(super) fn heading(spec: &Spec) -> String {
    let version = paint(DIM, &escape_control(&spec.version));
    let mut text = format!(
        "{} {version} {}\n",
        paint(BOLD, &escape_control(&spec.name)),
        escape_control(&spec.title)
    );
    for line in spec.description.trim().lines() {
        text.push_str(&format!("  {}\n", escape_control(line)));
    }
    text
}

/// Formats the fields of the driver's configuration.
pub(super) fn fields(spec: &Spec) -> String {
    let empty = Map::new();
    let schema = &spec.config_schema;
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut table = Table::new(["Field", "Type", "Default", "Description"]);
    for (name, field) in schema["properties"].as_object().unwrap_or(&empty) {
        let default = match field.get("default") {
            Some(value) => value.to_string(),
            None if required.contains(&name.as_str()) => "required".to_owned(),
            None => String::new(),
        };
        let description = field["description"].as_str().unwrap_or_default();
        let first = description.lines().next().unwrap_or_default().to_owned();
        table.row([name.clone(), kind(field), default, first]);
    }
    table.render()
}

/// Formats the type of a field: its allowed values, or the names of JSON types.
fn kind(field: &Value) -> String {
    if let Some(values) = field["enum"].as_array() {
        return values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ");
    }
    match &field["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ")
        }
        _ => {
            let choices = ["oneOf", "anyOf"].iter().find_map(|key| field[*key].as_array());
            choices
                .map(|all| all.iter().map(kind).collect::<Vec<_>>().join(" | "))
                .unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn field_type_has_a_short_description() {
        for (field, text) in [
            (json!({"type": "string"}), "string"),
            (json!({"enum": ["lf", "crlf"]}), r#""lf" | "crlf""#),
            (json!({"type": ["boolean", "integer"]}), "boolean | integer"),
            (json!({"oneOf": [{"type": "string"}, {"type": "boolean"}]}), "string | boolean"),
            (json!(true), ""),
        ] {
            assert_eq!(kind(&field), text, "{field}");
        }
    }
}
