//! Problems that a run would find: missing connections, variables and input files, and permissions
//! beyond the ceilings. They depend on the machine, so compiling does not look for them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::paths::ProjectPath;
use osiris_core::text::{closest_match, quoted};
use osiris_core::yaml::{Diagnostics, Position};
use serde_json::Value;

use super::steps::Checked;
use crate::connection::{CONNECTION_KEY, Connections, Environment, resolve_step_config};
use crate::project::Project;
use crate::project::pipeline::{Pipeline, Step};

/// Maximum names of a directory that are compared with the name of a missing file.
const MAX_NAMES: usize = 10_000;

/// The part of the machine that a run depends on.
#[derive(Clone, Copy)]
pub struct Surroundings<'s> {
    /// The connections of the project.
    pub connections: &'s Connections,
    /// The variables that connections can refer to.
    pub environment: &'s Environment,
}

/// Checks the valid steps of a pipeline against their surroundings. Problems that another machine
/// may not have are warnings: variables and input files.
pub(super) fn check(
    project: &Project,
    pipeline: &Pipeline,
    steps: &BTreeMap<usize, Checked>,
    surroundings: Surroundings<'_>,
    problems: &mut Diagnostics<'_>,
    warnings: &mut Diagnostics<'_>,
) {
    let outputs: BTreeSet<&str> = steps
        .values()
        .flat_map(|checked| {
            let pointers = &checked.found.spec.files.write;
            pointers.iter().flat_map(|pointer| paths(&checked.config, pointer))
        })
        .map(|(_, path)| path)
        .collect();
    for (index, checked) in steps {
        let step = &pipeline.steps[*index];
        check_connection(project, step, checked, surroundings, problems, warnings);
        let files = &checked.found.spec.files;
        for pointer in files.read.iter().filter(|pointer| !files.write.contains(pointer)) {
            for (pointer, path) in paths(&checked.config, pointer) {
                if !outputs.contains(path) && is_missing(project.base(), path) {
                    let problem = missing_input(project.base(), step, path);
                    warnings.report(value_position(step, &pointer), problem);
                }
            }
        }
    }
}

fn check_connection(
    project: &Project,
    step: &Step,
    checked: &Checked,
    surroundings: Surroundings<'_>,
    problems: &mut Diagnostics<'_>,
    warnings: &mut Diagnostics<'_>,
) {
    let Surroundings { connections, environment } = surroundings;
    let (spec, config, owner) = (&checked.found.spec, &checked.config, step.label());
    let resolved = match resolve_step_config(&owner, config, spec, connections, environment) {
        Ok(resolved) => resolved,
        Err(error) => {
            for mut problem in error.into_diagnostics() {
                match problem.code {
                    Code::VariableUnset => warnings.report_unplaced(problem),
                    Code::ConnectionUnknown
                    | Code::ConnectionFamilyUnknown
                    | Code::ConnectionsMissing
                    | Code::ConnectionDefaultMissing => {
                        let note = replacement_note(step, config);
                        problem.message = format!("{owner}: {}{note}", problem.message);
                        problems.report(connection_position(step), problem);
                    }
                    // In the connections file.
                    _ => problems.report_unplaced(problem),
                }
            }
            return;
        }
    };
    let id = step.id.as_ref().map(|id| id.text.as_str());
    let policy = &project.settings.drivers;
    if let Err(error) = policy.check_ceilings(id, spec, checked.found.built_in, &resolved) {
        error.into_diagnostics().into_iter().for_each(|problem| problems.report_unplaced(problem));
    }
}

/// Returns the end of a message about a connection that a profile puts in place of the step's own.
fn replacement_note(step: &Step, config: &Value) -> String {
    let written = step.config.entry(CONNECTION_KEY).and_then(|entry| entry.value.as_text());
    let used = config.get(CONNECTION_KEY).and_then(Value::as_str);
    match written {
        Some(written) if !written.contains("${") && used != Some(written) => {
            format!(" (the profile uses it in place of {})", quoted(written))
        }
        _ => String::new(),
    }
}

/// Returns the position of the step's connection, or of the driver that gets the default one.
fn connection_position(step: &Step) -> Position {
    let named = step.config.entry(CONNECTION_KEY).map(|entry| entry.value.position);
    let driver = || step.component.as_ref().map(|component| component.position);
    named.or_else(driver).unwrap_or(step.position)
}

/// Returns the position of a value in a step's configuration.
fn value_position(step: &Step, pointer: &str) -> Position {
    let mut node = &step.config;
    for key in pointer.split('/').skip(1) {
        let next = match node.as_list() {
            Some(items) => key.parse::<usize>().ok().and_then(|index| items.get(index)),
            None => node.entry(key).map(|entry| &entry.value),
        };
        let Some(next) = next else { return step.config.position_of(pointer) };
        node = next;
    }
    node.position
}

/// Returns the paths at a pointer, which leads to a text or to a list of texts, with their own
/// pointers.
fn paths<'c>(config: &'c Value, pointer: &str) -> Vec<(String, &'c str)> {
    match config.pointer(pointer) {
        Some(Value::String(path)) => vec![(pointer.to_owned(), path)],
        Some(Value::Array(items)) => {
            let items = items.iter().enumerate();
            items
                .filter_map(|(at, item)| Some((format!("{pointer}/{at}"), item.as_str()?)))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Returns whether a path names a single file or directory that does not exist.
fn is_missing(base: &Path, path: &str) -> bool {
    // A pattern, an address or standard input.
    if path.contains(['*', '?', '[', ':']) || path == "-" {
        return false;
    }
    let Ok(path) = ProjectPath::new(path) else { return false };
    // The links of the path have been checked to stay in the project.
    matches!(base.join(&path).try_exists(), Ok(false))
}

fn missing_input(base: &Path, step: &Step, path: &str) -> Diagnostic {
    let message = format!("{}: the input file {} does not exist", step.label(), quoted(path));
    let (folder, name) = match path.rsplit_once('/') {
        Some((folder, name)) => (folder, name),
        None => ("", path),
    };
    let names: Vec<String> = fs::read_dir(base.join(folder))
        .into_iter()
        .flatten()
        .take(MAX_NAMES)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let help = match closest_match(name, names.iter().map(String::as_str)) {
        Some(name) if folder.is_empty() => format!("did you mean {}?", quoted(name)),
        Some(name) => format!("did you mean {}?", quoted(&format!("{folder}/{name}"))),
        None => {
            "create the file before the run; paths are relative to the project directory".to_owned()
        }
    };
    Diagnostic::new(Code::InputFileMissing, message).help(help)
}
