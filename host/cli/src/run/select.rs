//! `osiris run --select` and `--retry-failed`: the part of a pipeline that runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::contract::Mode;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::text::closest_match;
use osiris_core::yaml;
use osiris_pipeline::compile::{self, Build, Options};
use osiris_pipeline::connection::with_defaults;
use osiris_pipeline::manifest::{Manifest, Step};
use osiris_pipeline::project::pipeline::slug;
use osiris_pipeline::project::pipeline_files;
use osiris_runtime::Workspace;
use osiris_runtime::session::history::{self, Run};
use osiris_runtime::session::{self, RunStatus, StatusFile, StepState};
use serde_json::Value;

/// Returns the part of a manifest that consists of these steps and those whose tables they need.
///
/// # Errors
/// Returns an error if the pipeline has no such step.
pub(in super::super) fn select(manifest: &Manifest, ids: &[String]) -> Result<Manifest> {
    manifest.select(ids).map_err(|unknown| {
        let known: Vec<&str> = manifest.steps.iter().map(|step| step.id.as_str()).collect();
        let quoted: Vec<String> = known.iter().map(|id| format!("`{id}`")).collect();
        let help = match closest_match(unknown, known) {
            Some(id) => format!("did you mean `{id}`? Its steps are {}", quoted.join(", ")),
            None => format!("its steps are {}", quoted.join(", ")),
        };
        let message = format!("the pipeline has no step `{unknown}`");
        Error::invalid(Diagnostic::new(Code::StepTableInvalid, message).help(help))
    })
}

/// Reduces a build to a part that is run.
///
/// # Errors
/// Returns an error if the pipeline has no such step, or if rows of an incremental step would not
/// reach a step outside of the part: its state would advance without that step.
pub(super) fn select_steps(build: &mut Build, ids: &[String], workspace: &Workspace) -> Result<()> {
    let part = select(&build.manifest, ids)?;
    let is_selected = |step: &Step| part.steps.iter().any(|other| other.id == step.id);
    for step in part.steps.iter().filter(|step| keeps_state(step, &build.configs, workspace)) {
        let readers = readers(&build.manifest, &step.id);
        let Some(missing) = readers.into_iter().find(|reader| !is_selected(reader)) else {
            continue;
        };
        let message = format!(
            "cannot run a part of the pipeline: step `{}` is incremental, and step `{}`, which also gets its rows, would miss the new ones",
            step.id, missing.id
        );
        let help = format!("also select `{}`, or run the whole pipeline", missing.id);
        return Err(Error::invalid(Diagnostic::new(Code::UsageInvalid, message).help(help)));
    }
    build.manifest = part;
    Ok(())
}

/// Returns whether a step saves how far it has read.
fn keeps_state(step: &Step, configs: &BTreeMap<String, Value>, workspace: &Workspace) -> bool {
    let driver = workspace.drivers.find(&step.driver.name);
    let (Some(driver), Some(config)) = (driver, configs.get(&step.id)) else { return false };
    let config = with_defaults(config, &driver.spec);
    let is_set = |pointer: &String| config.pointer(pointer).is_some_and(|value| !value.is_null());
    driver.spec.capabilities.state && driver.spec.incremental.as_ref().is_none_or(is_set)
}

/// Returns all steps that get rows of a step, directly or through other steps.
fn readers<'m>(manifest: &'m Manifest, id: &str) -> Vec<&'m Step> {
    let (mut ids, mut readers) = (vec![id], Vec::new());
    // The steps are in an order in which they can run, and the table of a writer is none.
    for step in &manifest.steps {
        if step.needs.iter().any(|need| ids.contains(&need.as_str())) {
            readers.push(step);
            if step.mode != Mode::Write {
                ids.push(&step.id);
            }
        }
    }
    readers
}

/// Returns the part of the last run that did not succeed, as the build to run: the last run of a
/// pipeline, or of any.
///
/// # Errors
/// Returns an error if there is no such run, it succeeded, or the pipeline has changed since.
pub(super) fn retry(file: Option<&Path>, workspace: &Workspace) -> Result<Build> {
    let logs = workspace.project.layout.logs_dir();
    session::mark_crashed_runs(&logs);
    let file = file.map(|file| workspace.pipeline_file(file)).transpose()?;
    let name = file.as_deref().map(name_of).transpose()?;
    let (run, status) = last_run(&logs, name.as_deref())?;
    let refuse = |why: &str, help: String| {
        let message = format!("cannot retry the last run of pipeline `{}`: {why}", status.pipeline);
        Error::invalid(Diagnostic::new(Code::UsageInvalid, message).help(help))
    };
    match status.status {
        RunStatus::Success => {
            let help = "leave out `--retry-failed` to run the whole pipeline again";
            return Err(refuse("it succeeded", help.to_owned()));
        }
        RunStatus::Running => {
            let help = "wait for its end, for example with `osiris logs --follow`";
            return Err(refuse("it is in progress", help.to_owned()));
        }
        RunStatus::Failed | RunStatus::Cancelled | RunStatus::Crashed => {}
    }
    let file = match file {
        Some(file) => file,
        None => file_of(&status.pipeline, workspace)?.ok_or_else(|| {
            let help = "name its file, as in `osiris run FILE --retry-failed`";
            refuse("no file in `pipelines/` has this name", help.to_owned())
        })?,
    };
    let mut build = workspace.compile(&file, &options_of(&status, workspace)?)?;
    if build.manifest.meta.manifest_hash != status.manifest_hash {
        let help = format!(
            "run the whole pipeline with `osiris run {}`, or parts of it with `--select`",
            file.display()
        );
        return Err(refuse("the pipeline or one of its drivers has changed since", help));
    }
    let succeeded = match status.status {
        // The status of a crashed run is that of its start.
        RunStatus::Crashed => run.completed_steps()?,
        _ => {
            let steps = status.steps.iter().filter(|step| step.status == StepState::Success);
            steps.map(|step| step.id.clone()).collect()
        }
    };
    let ids = status.steps.iter().map(|step| step.id.clone());
    let failed: Vec<String> = ids.filter(|id| !succeeded.contains(id)).collect();
    if failed.is_empty() {
        let help = format!("run the whole pipeline with `osiris run {}`", file.display());
        return Err(refuse("all of its steps succeeded", help));
    }
    select_steps(&mut build, &failed, workspace)?;
    Ok(build)
}

/// Returns the newest run of a pipeline, or of any.
fn last_run(logs: &Path, name: Option<&str>) -> Result<(Run, StatusFile)> {
    let runs = history::list(logs)?.into_iter();
    let mut readable = runs.filter_map(|run| Some((run.clone(), run.status.ok()?)));
    let matches = |(_, status): &(Run, StatusFile)| name.is_none_or(|n| n == status.pipeline);
    readable.find(matches).ok_or_else(|| {
        let message = match name {
            Some(name) => format!("cannot retry: pipeline `{name}` has not run yet"),
            None => "cannot retry: no runs yet".to_owned(),
        };
        let help = "start a run with `osiris run`";
        Error::invalid(Diagnostic::new(Code::SessionUnknown, message).help(help))
    })
}

/// Returns the options of a run's compile: its profile and its parameters.
fn options_of(status: &StatusFile, workspace: &Workspace) -> Result<Options> {
    let id = slug(&status.pipeline);
    let path = compile::manifest_path(&workspace.project, &id, &status.manifest_hash);
    let build = compile::load(&path)?;
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let params = build.parameters.into_iter().map(|(name, value)| (name, text(value))).collect();
    Ok(Options { profile: status.profile.clone(), params, ..Options::default() })
}

/// Returns the file in `pipelines/` of the pipeline with this name.
fn file_of(name: &str, workspace: &Workspace) -> Result<Option<PathBuf>> {
    let mut files = pipeline_files::list(&workspace.project)?.into_iter();
    let has_name = |path: &Path| name_of(path).is_ok_and(|other| other == name);
    Ok(files.find(|file| has_name(&file.path)).map(|file| file.path))
}

fn name_of(file: &Path) -> Result<String> {
    Ok(yaml::read(file)?.to_json()["name"].as_str().unwrap_or_default().to_owned())
}
