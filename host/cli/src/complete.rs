//! Values of arguments for shell completions: names in the project. Never runs a driver, and
//! completes nothing where the project cannot be read.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter,
};
use osiris_core::yaml;
use osiris_pipeline::connection::Connections;
use osiris_pipeline::project::{Project, pipeline_files};
use osiris_runtime::Workspace;
use osiris_runtime::session::{PREFIX, short_id};

/// Maximum number of runs, the newest ones.
const MAX_RUNS: usize = 50;

/// Completes a pipeline: by its name or its file.
pub(super) fn pipelines() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| with_files(current, pipeline_names()))
}

/// Completes a file or a connection.
pub(super) fn endpoints() -> ArgValueCompleter {
    ArgValueCompleter::new(|current: &OsStr| with_files(current, connection_names()))
}

/// Completes a pipeline, a file or a connection.
pub(super) fn sources() -> ArgValueCompleter {
    let names = || pipeline_names().into_iter().chain(connection_names()).collect();
    ArgValueCompleter::new(move |current: &OsStr| with_files(current, names()))
}

/// Completes a connection, like `@mysql.main`.
pub(super) fn connections() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(connection_names()))
}

/// Completes a driver of the project.
pub(super) fn drivers() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let workspace = project().and_then(|project| Workspace::of(project).ok());
        let drivers = workspace.iter().flat_map(|workspace| workspace.drivers.drivers());
        candidates(drivers.map(|driver| driver.spec.name.clone()).collect())
    })
}

/// Completes a run by its short id, the newest first.
pub(super) fn runs() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let logs = project().map(|project| project.layout.logs_dir());
        let entries = logs.and_then(|logs| logs.read_dir().ok()).into_iter().flatten().flatten();
        let name = |name: OsString| Some(name.to_str()?.strip_prefix(PREFIX)?.to_owned());
        let mut ids: Vec<String> = entries.filter_map(|entry| name(entry.file_name())).collect();
        ids.sort_by(|a, b| b.cmp(a));
        candidates(ids.iter().take(MAX_RUNS).map(|id| short_id(id).to_owned()).collect())
    })
}

/// Completes a step of the pipeline that the command line names.
pub(super) fn steps() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(step_names().unwrap_or_default()))
}

fn candidates(names: Vec<String>) -> Vec<CompletionCandidate> {
    let order = |(index, name)| CompletionCandidate::new(name).display_order(Some(index));
    names.into_iter().enumerate().map(order).collect()
}

/// Returns the names that begin with a text, and the files.
fn with_files(current: &OsStr, mut names: Vec<String>) -> Vec<CompletionCandidate> {
    names.retain(|name| name.starts_with(&*current.to_string_lossy()));
    let mut all = candidates(names);
    all.extend(PathCompleter::file().complete(current));
    all
}

fn project() -> Option<Project> {
    Project::find(None).ok()
}

fn pipeline_names() -> Vec<String> {
    let files = project().and_then(|project| pipeline_files::list(&project).ok());
    files.into_iter().flatten().map(|file| file.name).collect()
}

fn connection_names() -> Vec<String> {
    let connections = project().and_then(|project| Connections::read(project.base()).ok());
    let families = connections.iter().flat_map(|connections| &connections.families);
    let of_family = |(family, aliases): (&String, &std::collections::BTreeMap<String, _>)| {
        aliases.keys().map(|alias| format!("@{family}.{alias}")).collect::<Vec<_>>()
    };
    families.flat_map(of_family).collect()
}

/// Returns the steps of the first pipeline among the words of the command line.
fn step_names() -> Option<Vec<String>> {
    let project = project()?;
    // The words to complete come after `--`, and begin with program and command.
    let words: Vec<OsString> = env::args_os().skip_while(|word| word != "--").skip(3).collect();
    let find = |word: &OsString| pipeline_files::find(&project, Path::new(word)).ok();
    let root = yaml::read(&words.iter().find_map(find)?).ok()?.to_json();
    let ids = root["steps"].as_array()?.iter().filter_map(|step| step["id"].as_str());
    Some(ids.map(str::to_owned).collect())
}
