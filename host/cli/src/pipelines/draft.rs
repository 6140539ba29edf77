//! Writes a pipeline from the specs of its drivers.

use std::sync::Arc;

use osiris_core::contract::Mode;
use osiris_core::driver::spec::Spec;
use osiris_core::fs::layout::CONNECTIONS_FILE;
use osiris_core::sanitize::{escape_control, escape_control_json};
use osiris_core::text::join_or;
use osiris_pipeline::connection::{CONNECTION_KEY, RESOLVED_KEY};
use osiris_pipeline::project::pipeline::OML_VERSION;
use serde::Serialize;
use serde_json::{Map, Value};

/// Width of comments, in characters.
const WIDTH: usize = 100;
/// Indentation of a step's options.
const INDENT: &str = "      ";

/// A step to write.
#[derive(Debug)]
pub(super) struct Step<'s> {
    pub(super) id: String,
    pub(super) mode: Mode,
    pub(super) spec: &'s Arc<Spec>,
    /// The connection, like `@mysql.main`.
    pub(super) connection: Option<String>,
    /// The step whose table the step takes.
    pub(super) needs: Option<String>,
}

/// An option without a value that the user has to fill in.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Blank {
    pub(super) step: String,
    pub(super) option: String,
    /// The line in the file, from 1.
    pub(super) line: usize,
}

/// A pipeline file.
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) blanks: Vec<Blank>,
}

/// Returns ids for steps of these modes: `write`, or `write-1` and `write-2`.
pub(super) fn ids(modes: impl Iterator<Item = Mode> + Clone) -> Vec<String> {
    let mut ids = Vec::new();
    for (index, mode) in modes.clone().enumerate() {
        let same = |other: &Mode| *other == mode;
        let nth = modes.clone().take(index).filter(same).count() + 1;
        ids.push(match modes.clone().filter(same).count() {
            1 => word(mode).to_owned(),
            _ => format!("{}-{nth}", word(mode)),
        });
    }
    ids
}

/// Returns the name of a mode in a pipeline.
fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Extract | Mode::Discover => "read",
        Mode::Transform => "transform",
        Mode::Write => "write",
    }
}

/// Returns the fields that a connection of a driver needs at least.
pub(super) fn connection_fields(spec: &Spec) -> Vec<&str> {
    let schema = &spec.config_schema["properties"][RESOLVED_KEY];
    let is_secret = |name: &str| spec.secrets.contains(&format!("/{RESOLVED_KEY}/{name}"));
    let names = spec.connection_fields.iter().map(|field| field.name.as_str());
    names.filter(|name| is_required(schema, name) || is_secret(name)).collect()
}

/// Writes a pipeline with these steps.
pub(super) fn write(name: &str, steps: &[Step<'_>]) -> Draft {
    let mut writer = Writer { lines: Vec::new(), blanks: Vec::new() };
    let of_mode = |write: bool| -> String {
        let steps = steps.iter().filter(|step| (step.mode == Mode::Write) == write);
        steps.map(|step| step.spec.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    writer.comment(
        "",
        "Fill in the options that are empty, and remove the # before other options that you need.",
    );
    writer.comment("", &format!("Check the pipeline with `osiris validate {name}`."));
    writer.line(format!("oml_version: \"{OML_VERSION}\""));
    writer.line(format!("name: {}", scalar(name)));
    let description = format!("From {} to {}.", of_mode(false), of_mode(true));
    writer.line(format!("description: {}", scalar(&description)));
    writer.line(String::new());
    writer.line("steps:".to_owned());
    for (index, step) in steps.iter().enumerate() {
        if index > 0 {
            writer.line(String::new());
        }
        writer.step(step);
    }
    let mut text = writer.lines.join("\n");
    text.push('\n');
    Draft { text, blanks: writer.blanks }
}

struct Writer {
    lines: Vec<String>,
    blanks: Vec<Blank>,
}

impl Writer {
    fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Writes a text as comments of limited width. Texts come from drivers.
    fn comment(&mut self, indent: &str, text: &str) {
        let mut line = String::new();
        for word in text.split_whitespace() {
            let word = escape_control(word);
            if !line.is_empty()
                && line.chars().count() + 1 + word.chars().count() + indent.len() + 2 > WIDTH
            {
                self.lines.push(format!("{indent}# {line}"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
        if !line.is_empty() {
            self.lines.push(format!("{indent}# {line}"));
        }
    }

    fn step(&mut self, step: &Step<'_>) {
        let Step { id, mode, spec, needs, .. } = step;
        let title = if spec.title.is_empty() { &spec.name } else { &spec.title };
        let heading = format!("{title}. All options: `osiris drivers show {}`", spec.name);
        self.comment("  ", &heading);
        self.line(format!("  - id: {id}"));
        self.line(format!("    component: {}", spec.name));
        self.line(format!("    mode: {}", word(*mode)));
        if let Some(needs) = needs {
            self.line(format!("    needs: [{needs}]"));
        }
        self.line("    config:".to_owned());
        let schema = spec.step_config_schema();
        let empty = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        if !spec.connection_fields.is_empty() {
            self.connection(step);
        }
        for name in in_order(&schema, properties, spec) {
            self.option(step, name, &properties[name], is_required(&schema, name));
        }
    }

    fn connection(&mut self, step: &Step<'_>) {
        let fields = connection_fields(step.spec).join(", ");
        let text = format!("The connection in {CONNECTIONS_FILE}, with {fields}.");
        self.comment(INDENT, &text);
        match &step.connection {
            Some(connection) => self.line(format!("{INDENT}{CONNECTION_KEY}: \"{connection}\"")),
            None if step.spec.requires_connection() => {
                let example = format!("required, like \"@{}.main\"", step.spec.family());
                self.blank(step, CONNECTION_KEY, &example);
            }
            None => {
                self.line(format!("{INDENT}#{CONNECTION_KEY}: \"@{}.main\"", step.spec.family()));
            }
        }
    }

    fn option(&mut self, step: &Step<'_>, name: &str, schema: &Value, required: bool) {
        let description = schema["description"].as_str().unwrap_or_default();
        let mut text = if required { description } else { first_sentence(description) }.to_owned();
        if let Some(values) = schema["enum"].as_array() {
            let values: Vec<String> = values.iter().map(flow).collect();
            text.push_str(&format!(" Expected: {}.", join_or(&values)));
        }
        self.comment(INDENT, &text);
        let default = schema.get("default");
        if required {
            match default {
                Some(value) => self.line(format!("{INDENT}{}: {}", scalar(name), flow(value))),
                None => self.blank(step, name, &format!("required, {}", kind(schema))),
            }
            return;
        }
        let example = step.spec.examples.iter().find_map(|example| example.config.get(name));
        let choice = schema["enum"].as_array().and_then(|values| values.first());
        let line = match default.or(example).or(choice) {
            Some(value) => format!("{INDENT}#{}: {}", scalar(name), flow(value)),
            None => format!("{INDENT}#{}:  # {}", scalar(name), kind(schema)),
        };
        self.line(line);
    }

    /// Writes an option without a value, which `osiris validate` reports with its line.
    fn blank(&mut self, step: &Step<'_>, option: &str, hint: &str) {
        self.line(format!("{INDENT}{}:  # {hint}", scalar(option)));
        let line = self.lines.len();
        self.blanks.push(Blank { step: step.id.clone(), option: option.to_owned(), line });
    }
}

/// Returns the options of a step: required ones, then those of the spec's examples, then the rest.
fn in_order<'s>(
    schema: &Value,
    properties: &'s Map<String, Value>,
    spec: &'s Spec,
) -> Vec<&'s str> {
    let names = || properties.keys().map(String::as_str);
    let required = names().filter(|name| is_required(schema, name));
    let examples = spec.examples.iter().flat_map(|example| example.config.keys());
    let examples = examples.map(String::as_str).filter(|name| properties.contains_key(*name));
    let mut ordered: Vec<&str> = Vec::new();
    for name in required.chain(examples).chain(names()) {
        let is_connection = name == CONNECTION_KEY && !spec.connection_fields.is_empty();
        if !is_connection && !ordered.contains(&name) {
            ordered.push(name);
        }
    }
    ordered
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema["required"].as_array().is_some_and(|names| names.iter().any(|one| one == name))
}

fn first_sentence(text: &str) -> &str {
    text.split_once(". ").map_or(text.trim_end(), |(first, _)| &text[..=first.len()])
}

/// Describes the type of an option.
fn kind(schema: &Value) -> String {
    let name = |name: &str| match name {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        _ => "a mapping",
    };
    if schema.get("enum").is_some() {
        return "one of these".to_owned();
    }
    let names: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![name(one)],
        Value::Array(several) => several.iter().filter_map(Value::as_str).map(name).collect(),
        _ => {
            let choices = ["anyOf", "oneOf"].iter().find_map(|key| schema[*key].as_array());
            let types = choices.into_iter().flatten().filter_map(|one| one["type"].as_str());
            types.map(name).collect()
        }
    };
    if names.is_empty() { "any value".to_owned() } else { join_or(&names) }
}

/// Formats a value in YAML's flow style.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let entry =
                |(key, value): (&String, &Value)| format!("{}: {}", scalar(key), flow(value));
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Formats a text in YAML, in quotes if another reader could take it for something else.
fn scalar(text: &str) -> String {
    const OTHER: [&str; 7] = ["true", "false", "null", "yes", "no", "on", "off"];
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./- ".contains(c);
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '.')
        && text.chars().all(plain)
        && !OTHER.contains(&text.to_lowercase().as_str());
    // JSON's escapes are also valid in YAML.
    if is_plain { text.to_owned() } else { escape_control_json(Value::from(text).to_string()) }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use osiris_core::yaml;
    use serde_json::json;

    use super::*;

    const SPEC: &str = r#"name: acme.reader
version: 1.0.0
title: "Acme: files"
modes: [extract]
connectionFields: [{name: host}, {name: token}, {name: site, override: allowed}]
secrets: [/resolved_connection/token]
configSchema:
  type: object
  required: [resolved_connection, path, kind]
  properties:
    resolved_connection:
      type: object
      required: [host]
      properties:
        host: {type: string}
        token: {type: string}
        site: {type: string, description: The site.}
    path: {type: string, description: "The file. A long text.\nIt has two sentences."}
    kind: {enum: ["on", big], description: The kind.}
    limit: {type: integer, description: Maximum number of rows. All by default.}
    map: {type: object, description: A map.}
    quote: {type: string, default: "\""}
examples: [{title: x, config: {path: a, kind: big, map: {"a b": [1, "x: y"]}}}]
"#;

    #[test]
    fn draft_is_yaml_with_the_options_of_the_driver() {
        let spec = Arc::new(Spec::parse(SPEC.as_bytes(), Path::new("spec.yaml")).unwrap());
        let step = Step {
            id: "read".to_owned(),
            mode: Mode::Extract,
            spec: &spec,
            connection: Some("@acme.main".to_owned()),
            needs: None,
        };
        let draft = write("orders", &[step]);
        insta::assert_snapshot!(draft.text);
        let root = yaml::parse(draft.text.as_bytes(), Path::new("orders.yaml")).unwrap();
        let config = &root.to_json()["steps"][0]["config"];
        assert_eq!(*config, json!({"connection": "@acme.main", "path": null, "kind": null}));
        for blank in &draft.blanks {
            let line = draft.text.lines().nth(blank.line - 1).unwrap();
            assert!(line.trim_start().starts_with(&format!("{}:", blank.option)), "{line}");
        }
        assert_eq!(draft.blanks.len(), 2);
        // The comments are options, too.
        let all: String =
            draft.text.lines().map(|line| format!("{}\n", uncommented(line))).collect();
        let root = yaml::parse(all.as_bytes(), Path::new("orders.yaml")).unwrap();
        let config = &root.to_json()["steps"][0]["config"];
        assert_eq!(config["map"], json!({"a b": [1, "x: y"]}));
        assert_eq!(config["quote"], "\"");
    }

    fn uncommented(line: &str) -> String {
        match line.trim_start().strip_prefix('#').filter(|rest| !rest.starts_with(' ')) {
            Some(option) => format!("{INDENT}{option}"),
            None => line.to_owned(),
        }
    }

    #[test]
    fn steps_of_the_same_mode_are_numbered() {
        let modes = [Mode::Extract, Mode::Write, Mode::Write];
        assert_eq!(ids(modes.into_iter()), ["read", "write-1", "write-2"]);
    }

    #[test]
    fn text_that_is_not_plain_is_quoted() {
        for (text, expected) in [
            ("utf-8", "utf-8"),
            ("data/a.csv", "data/a.csv"),
            ("No", "\"No\""),
            ("1", "\"1\""),
            ("a: b", "\"a: b\""),
            ("", "\"\""),
            (" a", "\" a\""),
            ("a\u{7}", "\"a\\u0007\""),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }
}
