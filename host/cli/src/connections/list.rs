//! `osiris connections list`.

use std::collections::BTreeMap;

use osiris_core::diagnostic::Result;
use osiris_core::fs::layout::CONNECTIONS_FILE;
use osiris_core::sanitize::escape_control;
use osiris_core::yaml::Node;
use osiris_core::yaml::Value as Yaml;
use osiris_pipeline::connection::{
    Alias, Connections, Environment, connection_pointer, shown_fields, variables,
};
use osiris_runtime::Workspace;
use serde_json::{Value, json};

use super::super::render::{BOLD, DIM, Table, paint};
use super::super::shell::{CommandOutput, Shell, display_path};

const EXAMPLES: &str = "\
Examples:
  osiris connections list                  list connections, and which variables are set
  osiris connections list --family mysql
  osiris connections list --json           all fields, with secrets masked";

/// List connections, with secrets masked
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Only connections of this family
    #[arg(long, value_name = "NAME")]
    family: Option<String>,
}

pub(super) fn list(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let workspace = shell.workspace()?;
    let base = workspace.project.base();
    let connections = Connections::read(base)?;
    let environment = Environment::read(base)?;
    if let Some(family) = &args.family
        && !connections.families.contains_key(family)
    {
        connections.choose(family, None)?;
    }
    let is_listed = |family: &str| args.family.as_deref().is_none_or(|only| only == family);
    let (mut json, mut text) = (Vec::new(), String::new());
    for (family, aliases) in connections.families.iter().filter(|(name, _)| is_listed(name)) {
        let secrets = secret_fields(&workspace, family);
        let mut table = Table::new(["Alias", "Default", "Connection", "Environment"]);
        for (name, alias) in aliases {
            let config = shown_fields(&alias.fields.to_json(), &secrets);
            let set = set_variables(alias, &environment);
            table.row([
                name.clone(),
                if alias.is_default { "✓".to_owned() } else { String::new() },
                summary(&config),
                environment_text(&set),
            ]);
            json.push(json!({
                "connection": format!("@{family}.{name}"), "family": family, "alias": name,
                "default": alias.is_default, "config": config, "env_vars": set,
            }));
        }
        text.push_str(&format!("{}\n{}", paint(BOLD, &escape_control(family)), table.render()));
    }
    if json.is_empty() {
        text = format!(
            "no connections configured: add them to `{CONNECTIONS_FILE}`, see `osiris connections --help`\n"
        );
    } else if let Some(file) = &connections.file {
        text.push_str(&format!("{}\n", paint(DIM, &display_path(file))));
    }
    Ok(CommandOutput::new(json!({"file": connections.file, "connections": json}), text))
}

/// Returns the fields of a family's connections that its drivers declare as secret.
fn secret_fields(workspace: &Workspace, family: &str) -> Vec<String> {
    let drivers = workspace.drivers.drivers().filter(|driver| driver.spec.family() == family);
    let fields = drivers.flat_map(|driver| {
        let pointer = connection_pointer(&driver.spec);
        driver.spec.secrets.iter().filter_map(move |secret| secret.strip_prefix(pointer))
    });
    fields.map(str::to_owned).collect()
}

/// Returns each variable that the connection refers to, and whether the variable has a value.
fn set_variables(alias: &Alias, environment: &Environment) -> BTreeMap<String, bool> {
    let mut names = BTreeMap::new();
    walk(&alias.fields, &mut |text| {
        for name in variables(text) {
            names.insert(name.to_owned(), environment.get(name).is_some());
        }
    });
    names
}

fn walk(node: &Node, visit: &mut impl FnMut(&str)) {
    match &node.value {
        Yaml::Text(text) => visit(text),
        Yaml::List(items) => items.iter().for_each(|item| walk(item, visit)),
        Yaml::Map(entries) => entries.iter().for_each(|entry| walk(&entry.value, visit)),
        _ => {}
    }
}

fn environment_text(set: &BTreeMap<String, bool>) -> String {
    let one = |(name, set): (&String, &bool)| format!("{name} {}", if *set { "✓" } else { "✗" });
    set.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Summarizes a connection like `app@db:3306/shop`, or lists its fields.
fn summary(config: &Value) -> String {
    let field = |name: &str| match &config[name] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let Some(host) = field("host") else {
        let fields = config.as_object().into_iter().flatten();
        return fields.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ");
    };
    let user = field("user").map(|user| format!("{user}@")).unwrap_or_default();
    let port = field("port").map(|port| format!(":{port}")).unwrap_or_default();
    let database = field("database").map(|name| format!("/{name}")).unwrap_or_default();
    format!("{user}{host}{port}{database}")
}
