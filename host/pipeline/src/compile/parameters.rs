//! Resolves the parameters of a compile.

use std::collections::BTreeMap;

use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::text::{closest_match, join_or, quoted};
use osiris_core::yaml::{self, Diagnostics, Node, Value};
use serde_json::{Map, Value as Json};

use super::Options;
use super::substitute::names_used;
use crate::project::pipeline::{Kind, Parameter, Pipeline, Profile};

/// Parameter values by name.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    values: BTreeMap<String, Value>,
    declared: Vec<String>,
    /// Whether parameters without a value need no report, because the declarations are unreadable.
    pub(super) are_unknown: bool,
}

impl Parameters {
    /// Returns the value of a parameter. Returns `None` if the parameter has no value.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Returns the most similar parameter name.
    pub(super) fn closest(&self, name: &str) -> Option<&str> {
        let names = self.values.keys().chain(&self.declared).map(String::as_str);
        closest_match(name, names)
    }

    /// Returns all parameters as JSON.
    pub(super) fn to_json(&self) -> Map<String, Json> {
        let entry = |(name, value): (&String, &Value)| {
            let position = yaml::Position { line: 1, column: 1 };
            (name.clone(), Node { position, value: value.clone() }.to_json())
        };
        self.values.iter().map(entry).collect()
    }
}

/// Merges the parameters, the weakest source first: defaults, profile, environment, command line.
pub(super) fn resolve(
    pipeline: &Pipeline,
    profile: Option<&Profile>,
    options: &Options,
    problems: &mut Diagnostics<'_>,
) -> Parameters {
    let mut parameters = Parameters {
        values: BTreeMap::new(),
        are_unknown: pipeline.lacks_params,
        declared: pipeline.params.iter().map(|param| param.name.clone()).collect(),
    };
    for param in &pipeline.params {
        if let Some(default) = &param.default {
            parameters.values.insert(param.name.clone(), default.value.clone());
        }
    }
    for (name, node) in profile.into_iter().flat_map(|profile| &profile.params) {
        parameters.values.insert(name.clone(), node.value.clone());
    }
    for param in &pipeline.params {
        let variable = format!("OSIRIS_PARAM_{}", param.name.to_uppercase());
        if let Some(text) = options.environment.get(&variable) {
            set(&mut parameters, param, text, &variable, problems);
        }
    }
    command_line(pipeline, options, &mut parameters, problems);
    parameters
}

fn command_line(
    pipeline: &Pipeline,
    options: &Options,
    parameters: &mut Parameters,
    problems: &mut Diagnostics<'_>,
) {
    let used = names_used(&pipeline.steps);
    for (index, (name, text)) in options.params.iter().enumerate() {
        if options.params[..index].iter().any(|(earlier, _)| earlier == name) {
            let message = format!("parameter {} is set twice with `--param`", quoted(name));
            problems.report_unplaced(
                Diagnostic::new(Code::ParamDuplicate, message).help("remove one of the two"),
            );
        } else if let Some(param) = pipeline.params.iter().find(|param| param.name == *name) {
            set(parameters, param, text, &format!("--param {name}"), problems);
        } else if used.contains(name) {
            parameters.values.insert(name.clone(), Value::Text(text.clone()));
        } else {
            let message = format!("the pipeline has no parameter {}", quoted(name));
            let names: Vec<&str> =
                pipeline.params.iter().map(|param| param.name.as_str()).collect();
            let help = match closest_match(name, names.iter().copied()) {
                Some(suggestion) => format!("did you mean `{suggestion}`?"),
                None if names.is_empty() => {
                    "declare the parameter under `params`, or remove the option".to_owned()
                }
                None => format!("expected {}", join_or(&names)),
            };
            problems.report_unplaced(Diagnostic::new(Code::ParamUnknown, message).help(help));
        }
    }
}

/// Sets a parameter from text. Messages never contain the value, because it can be private.
fn set(
    parameters: &mut Parameters,
    param: &Parameter,
    text: &str,
    source: &str,
    problems: &mut Diagnostics<'_>,
) {
    let kind = param.kind.unwrap_or(Kind::String);
    if let Some(value) = parse(kind, text) {
        parameters.values.insert(param.name.clone(), value);
        return;
    }
    let message = format!(
        "parameter `{}` must be {}, but the value of `{source}` is not",
        param.name,
        kind.words()
    );
    let help = match kind {
        Kind::Boolean => "use `true` or `false`",
        Kind::List => "write a list like `[a, b]`",
        _ => "use a value of that type, or declare another `type` for the parameter",
    };
    problems.report(param.position, Diagnostic::new(Code::ParamValueInvalid, message).help(help));
}

fn parse(kind: Kind, text: &str) -> Option<Value> {
    if kind == Kind::String {
        return Some(Value::Text(text.to_owned()));
    }
    let node = yaml::parse(text.as_bytes(), std::path::Path::new("")).ok()?;
    Some(node.value).filter(|value| kind.accepts(value))
}
