//! The page of a driver.

use anyhow::{Context, Result};
use serde_yaml_ng::Value;

use super::markdown::{all, code, either, flow, text, yaml};
use super::options::{Entry, render};
use super::spec::{
    CONNECTION, Capabilities, Destination, Endpoint, Example, OverridePolicy, Schema, Spec,
};

/// Renders the page of a driver. `source` is the path of its spec from the workspace's root.
///
/// # Errors
/// Returns an error if the spec has no example or cannot be described.
pub(super) fn page(spec: &Spec, source: &str) -> Result<String> {
    let mut page = format!(
        "<!-- Written by `cargo xtask docs` from {source}: change that file, not this page. -->\n\n\
         # {}: {}\n\n{}\n",
        spec.name,
        text(&spec.title),
        text(&spec.description),
    );
    let (first, others) = spec.examples.split_first().context("the spec has no `examples`")?;
    let mut section = |title: &str, body: &str| {
        page.push_str(&format!("\n## {title}\n\n{}\n", body.trim_end()));
    };
    section("Example", &format!("{}\n\n{}", title_line(first), step(spec, first)));
    section("Permissions", &permissions(spec));
    section("Configuration", &configuration(spec)?);
    if let Some(schema) = spec.connection() {
        section("Connection", &connection(spec, schema)?);
    }
    if !others.is_empty() {
        let examples: Vec<String> = others
            .iter()
            .map(|example| format!("{}\n\n{}", title_line(example), step(spec, example)))
            .collect();
        section("More examples", &examples.join("\n"));
    }
    section("Capabilities", &capabilities(spec));
    section("Limits", &limits(spec));
    page.push_str(
        "\n## See also\n\n[Drivers](../drivers.md) · [Pipelines](../pipelines.md) · \
         [Connections](../connections.md) · [Security](../security.md)\n",
    );
    Ok(page)
}

fn title_line(example: &Example) -> String {
    format!("{}:", text(&example.title))
}

/// Formats an example as a step of a pipeline.
fn step(spec: &Spec, example: &Example) -> String {
    let mode = spec.modes.iter().find_map(|mode| mode.in_pipelines()).unwrap_or("read");
    format!(
        "```yaml\nsteps:\n  - id: {mode}\n    component: {}\n    mode: {mode}\n    config:\n{}```\n",
        spec.name,
        yaml(&example.config, 6),
    )
}

/// Formats the parts of a configuration to which pointers lead, like `` `a` and `b` of the
/// connection ``.
fn parts<'p>(pointers: impl IntoIterator<Item = &'p String>) -> String {
    let (mut phrases, mut fields) = (Vec::new(), Vec::new());
    for pointer in pointers {
        let path = pointer.trim_start_matches('/');
        let field = path.strip_prefix(CONNECTION).and_then(|path| path.strip_prefix('/'));
        let dotted = field.unwrap_or(path).replace('/', ".").replace("~1", "/").replace("~0", "~");
        if field.is_some() { &mut fields } else { &mut phrases }.push(code(&dotted));
    }
    if !fields.is_empty() {
        phrases.push(format!("{} of the connection", all(&fields)));
    }
    all(&phrases)
}

fn permissions(spec: &Spec) -> String {
    let Spec { files, network, secrets, .. } = spec;
    let file_phrase = |pointers: &[String]| match pointers {
        [_] => format!("the file or folder that {} names", parts(pointers)),
        _ => format!("the files or folders that {} name", parts(pointers)),
    };
    let (mut lines, mut denied) = (Vec::new(), Vec::new());
    if !files.read.is_empty() {
        lines.push(format!("read {}", file_phrase(&files.read)));
    }
    if !files.write.is_empty() {
        let target = file_phrase(&files.write);
        lines.push(format!("read and write {target}, and files that it creates next to that"));
    }
    if lines.is_empty() {
        denied.push("files of the project".to_owned());
    }
    match network.is_empty() {
        true => denied.push("the network".to_owned()),
        false => lines.extend(network.iter().map(|endpoint| connect_phrase(spec, endpoint))),
    }
    match secrets.is_empty() {
        true => denied.push("secrets".to_owned()),
        false => {
            let noun = if secrets.len() == 1 { "secret" } else { "secrets" };
            lines.push(format!("get the {noun} {}", parts(secrets)));
        }
    }
    let mut words = String::new();
    if !lines.is_empty() {
        words.push_str("The driver may:\n\n");
        words.extend(lines.iter().map(|line| format!("- {line}\n")));
        words.push('\n');
    }
    if !denied.is_empty() {
        words.push_str(&format!("It has no access to {}. ", either(&denied)));
    }
    words + "[What a driver may do](../drivers.md#what-a-driver-may-do) describes the rules."
}

fn connect_phrase(spec: &Spec, Endpoint { host, port }: &Endpoint) -> String {
    let default = |pointer: &str| match default_of(&spec.config_schema, pointer) {
        Some(value) => format!(" (port {} by default)", flow(value)),
        None => String::new(),
    };
    match (host.starts_with('/'), port) {
        (true, Value::String(port)) => {
            format!("connect to {}{}", parts([host, port]), default(port))
        }
        (true, port) => format!("connect to {}, port {}", parts([host]), flow(port)),
        (false, Value::String(port)) => {
            format!("connect to {}, {}{}", code(host), parts([port]), default(port))
        }
        (false, port) => format!("connect to {}, port {}", code(host), flow(port)),
    }
}

/// Returns the default of the value to which a pointer leads.
fn default_of<'s>(schema: &'s Schema, pointer: &str) -> Option<&'s Value> {
    let mut names = pointer.split('/').skip(1);
    names.try_fold(schema, |schema, name| schema.properties.get(name))?.default.as_ref()
}

fn configuration(spec: &Spec) -> Result<String> {
    let mut entries = Vec::new();
    if spec.connection().is_some() {
        let is_required = spec.config_schema.required.iter().any(|name| name == CONNECTION);
        let default = match is_required {
            true => "[default of the family](../connections.md#which-connection-a-step-gets)",
            false => "",
        };
        let kind = code(&format!("@{}.ALIAS", spec.family()));
        let meaning = "The [connection](#connection) to use.";
        entries.push(Entry::new("connection", &kind, default, meaning));
    }
    Entry::collect(&spec.config_schema, "", &mut entries)?;
    let mut words = "Keys of `config` in a step:\n\n".to_owned() + &render(&entries, "Option");
    if let Some(Destination { identity, replaces }) = &spec.destination {
        words.push_str(&format!(
            "\n### Conflicts between steps\n\nSteps{} write to the same place if they have the same \
             {}. A step replaces what is there if {} is {}. Compilation refuses steps that would \
             destroy each other's rows, see \
             [Conflicts between steps](../pipelines.md#conflicts-between-steps).\n",
            if spec.connection().is_some() { " with one connection" } else { "" },
            parts(identity),
            parts([&replaces.pointer]),
            either(&literals(&replaces.values)),
        ));
    }
    Ok(words)
}

fn literals(values: &[Value]) -> Vec<String> {
    values.iter().map(|value| code(&flow(value))).collect()
}

fn connection(spec: &Spec, schema: &Schema) -> Result<String> {
    let mut entries = Vec::new();
    Entry::collect(schema, "", &mut entries)?;
    let prefix = format!("/{CONNECTION}/");
    let secrets: Vec<&str> =
        spec.secrets.iter().filter_map(|pointer| pointer.strip_prefix(&prefix)).collect();
    let mut words = format!(
        "Fields of a connection in [`osiris_connections.yaml`](../connections.md), below the family \
         `{}`:\n\n{}\n{}",
        spec.family(),
        sample(spec, schema, &secrets),
        render(&entries, "Field"),
    );
    let codes = |names: &[&str]| names.iter().map(|name| code(name)).collect::<Vec<_>>();
    words.push_str("\n### Secrets and overrides\n\n");
    if !secrets.is_empty() {
        words.push_str(&format!(
            "- Secret, and masked in everything that a run prints or saves: {}. Put secrets into \
             [variables](../connections.md#variables).\n",
            all(&codes(&secrets)),
        ));
    }
    let fields_with = |policy| {
        let fields = spec.connection_fields.iter().filter(|field| field.policy == policy);
        fields.map(|field| field.name.as_str()).collect::<Vec<_>>()
    };
    let (allowed, warned) =
        (fields_with(OverridePolicy::Allowed), fields_with(OverridePolicy::Warning));
    if !allowed.is_empty() {
        let fields = all(&codes(&allowed));
        words.push_str(&format!("- A step can replace {fields} with a key of its `config`.\n"));
    }
    if !warned.is_empty() {
        let fields = all(&codes(&warned));
        words.push_str(&format!("- A step can replace {fields} as well, which is a warning.\n"));
    }
    let others = match allowed.is_empty() && warned.is_empty() {
        true => "All fields",
        false => "The other fields",
    };
    words.push_str(&format!("- {others} come from the connection only.\n"));
    Ok(words)
}

/// Formats a connection with its required fields and its secrets, each from a variable.
fn sample(spec: &Spec, schema: &Schema, secrets: &[&str]) -> String {
    let family = spec.family();
    let reference =
        spec.examples.iter().find_map(|example| example.config.get("connection")?.as_str());
    let alias = reference.and_then(|reference| reference.rsplit('.').next()).unwrap_or("main");
    let mut lines = format!("```yaml\nversion: 1\nconnections:\n  {family}:\n    {alias}:\n");
    for name in schema.properties.keys() {
        if schema.required.contains(name) || secrets.contains(&name.as_str()) {
            let variable = format!("{family}_{name}").to_uppercase().replace('-', "_");
            lines.push_str(&format!("      {name}: ${{{variable}}}\n"));
        }
    }
    lines + "```\n"
}

fn capabilities(spec: &Spec) -> String {
    let family = spec.family();
    let Capabilities { discover, doctor, partition, state } = spec.capabilities;
    let mut lines = Vec::new();
    if discover {
        lines.push(format!(
            "[`osiris discover @{family}.ALIAS`](../connections.md#discover) lists tables with their \
             columns and types."
        ));
    }
    if doctor {
        lines.push(format!(
            "[`osiris connections doctor @{family}.ALIAS`](../connections.md#doctor) checks that the \
             connection works."
        ));
    }
    if state {
        let key = spec.incremental.as_ref().map(|pointer| format!(" with {}", parts([pointer])));
        lines.push(format!(
            "A step{} [keeps its state between runs](../pipelines.md#incremental-steps).",
            key.unwrap_or_default(),
        ));
    }
    if partition {
        lines.push(
            "The driver can read one table in parallel shares; osiris does not split steps yet."
                .to_owned(),
        );
    }
    if lines.is_empty() {
        return "The driver has none besides running steps.".to_owned();
    }
    let lines: String = lines.iter().map(|line| format!("- {line}\n")).collect();
    match (discover || doctor) && spec.connection().is_none() {
        true => format!(
            "{lines}\nFor these commands, a connection of the family `{family}` holds keys of the \
             configuration above.\n"
        ),
        false => lines,
    }
}

fn limits(spec: &Spec) -> String {
    let rules = "[Limits](../project.md#limits) of the project and of a run";
    if spec.limits.is_empty() {
        return format!("The driver sets none. {rules} apply.");
    }
    let lines =
        spec.limits.iter().map(|(name, value)| format!("- {}: {}\n", code(name), flow(value)));
    format!("The driver sets these; {rules} can be tighter:\n\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_fields_of_a_spec_are_on_its_page() {
        let spec = serde_yaml_ng::from_str(include_str!("testdata/spec.yaml")).unwrap();
        insta::assert_snapshot!(page(&spec, "plugins/acme/spec.yaml").unwrap());
    }
}
