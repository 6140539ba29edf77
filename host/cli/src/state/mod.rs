//! `osiris state`.

mod list;
mod reset;
mod show;

use clap::Subcommand;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::layout::ProjectLayout;
use osiris_core::text::{closest_match, join_or};
use osiris_pipeline::project::pipeline::slug;
use osiris_runtime::run::{SavedState, StateStore};
use osiris_runtime::session;
use serde_json::{Value, json};

use super::shell::{CommandOutput, Shell};

pub(super) const EXAMPLES: &str = "\
Examples:
  osiris state list                       list the states of all steps
  osiris state show orders                show where the steps of a pipeline continue
  osiris state reset orders read-orders   read everything again in the next run";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    List(list::Args),
    Show(show::Args),
    Reset(reset::Args),
}

pub(super) fn dispatch(command: Command, shell: &Shell) -> Result<CommandOutput> {
    let layout = shell.project()?.layout;
    match command {
        Command::List(args) => list::list(&args, &layout),
        Command::Show(args) => show::show(&args, &layout),
        Command::Reset(args) => reset::reset(&args, &layout),
    }
}

/// Lists all saved states of the project.
fn saved(layout: &ProjectLayout) -> Result<Vec<SavedState>> {
    StateStore::list(&layout.base, &layout.state_dir()).map_err(|why| {
        let message = format!("cannot read the saved states: {why}");
        let problem = Diagnostic::new(Code::StateUnreadable, message);
        Error::environment(problem.in_file(&layout.state_dir()))
    })
}

/// Finds the states of a pipeline, or of one of its steps.
fn find(layout: &ProjectLayout, pipeline: &str, step: Option<&str>) -> Result<Vec<SavedState>> {
    let all = saved(layout)?;
    let id = slug(pipeline);
    let pipelines: Vec<&str> = all.iter().map(|saved| saved.pipeline.as_str()).collect();
    if !pipelines.contains(&id.as_str()) {
        return Err(missing(
            format!("no step of pipeline `{pipeline}` has a state"),
            &id,
            &pipelines,
        ));
    }
    let of_pipeline = all.iter().filter(|saved| saved.pipeline == id);
    let found: Vec<SavedState> = of_pipeline
        .clone()
        .filter(|saved| step.is_none_or(|step| step == saved.step))
        .cloned()
        .collect();
    if let (true, Some(step)) = (found.is_empty(), step) {
        let steps: Vec<&str> = of_pipeline.map(|saved| saved.step.as_str()).collect();
        let message = format!("step `{step}` of pipeline `{pipeline}` has no state");
        return Err(missing(message, step, &steps));
    }
    Ok(found)
}

fn missing(message: String, name: &str, known: &[&str]) -> Error {
    let mut known = known.to_vec();
    known.dedup();
    let help = match closest_match(name, known.iter().copied()) {
        Some(suggestion) => format!("did you mean `{suggestion}`?"),
        None if known.is_empty() => {
            "a step saves a state if its configuration has `incremental` and its run succeeds"
                .to_owned()
        }
        None => format!("expected {}", join_or(&known)),
    };
    Error::invalid(Diagnostic::new(Code::StateMissing, message).help(help))
}

/// Reads a state, or its text if the text is not JSON.
fn content(layout: &ProjectLayout, saved: &SavedState) -> Result<Value> {
    let store = StateStore::new(&layout.base, &layout.state_dir(), &saved.pipeline);
    let text = store.load(&saved.step).map_err(|why| {
        let message = format!("cannot read the state of step `{}`: {why}", saved.step);
        Error::environment(Diagnostic::new(Code::StateUnreadable, message).in_file(&saved.file))
    })?;
    Ok(match text {
        None => Value::Null,
        Some(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
    })
}

fn as_json(saved: &SavedState, state: &Value) -> Value {
    json!({
        "pipeline": saved.pipeline,
        "step": saved.step,
        "file": saved.file,
        "updated_at": saved.updated_at.map(session::stamp),
        "state": state,
    })
}
