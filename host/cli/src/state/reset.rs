//! `osiris state reset`.

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::layout::ProjectLayout;
use osiris_core::sanitize::escape_control;
use osiris_pipeline::project::pipeline::slug;
use osiris_runtime::run::StateStore;
use osiris_runtime::session::{RunStatus, history, short_id};
use serde_json::json;

use super::super::complete;
use super::super::effects::fields;
use super::super::render::{DIM, SUCCESS, paint};
use super::super::shell::CommandOutput;

const EXAMPLES: &str = "\
Examples:
  osiris state reset orders read-orders   one step
  osiris state reset orders --yes         all steps of the pipeline";

/// Remove the state of a step, so that its next run reads everything
///
/// Rows that earlier runs wrote stay where they are: with a writer that appends, the next run adds
/// them again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of the pipeline
    #[arg(value_name = "PIPELINE", add = complete::pipelines())]
    pipeline: String,
    /// The step
    #[arg(value_name = "STEP")]
    step: Option<String>,
    /// Reset all steps of the pipeline, without a step's name
    #[arg(long)]
    yes: bool,
}

pub(super) fn reset(args: &Args, layout: &ProjectLayout) -> Result<CommandOutput> {
    let found = super::find(layout, &args.pipeline, args.step.as_deref())?;
    if args.step.is_none() && !args.yes {
        let names: Vec<String> = found.iter().map(|saved| format!("`{}`", saved.step)).collect();
        let message = format!(
            "cannot reset all steps of pipeline `{}` without `--yes`: {}",
            args.pipeline,
            names.join(", ")
        );
        let help = format!(
            "run `osiris state reset {} --yes`, or name one of the steps",
            found[0].pipeline
        );
        return Err(Error::invalid(Diagnostic::new(Code::UsageInvalid, message).help(help)));
    }
    check_idle(layout, &found[0].pipeline)?;
    let (mut states, mut text) = (Vec::new(), String::new());
    for saved in &found {
        let state = super::content(layout, saved)?;
        let store = StateStore::new(&layout.base, &layout.state_dir(), &saved.pipeline);
        store.remove(&saved.step).map_err(|why| {
            let message = format!("cannot remove the state of step `{}`: {why}", saved.step);
            let problem = Diagnostic::new(Code::StateUnwritable, message).in_file(&saved.file);
            Error::environment(problem)
        })?;
        states.push(super::as_json(saved, &state));
        text.push_str(&format!(
            "{} {}: the next run of `{}` reads everything {}\n",
            paint(SUCCESS, "✓"),
            escape_control(&saved.step),
            escape_control(&saved.pipeline),
            paint(DIM, &escape_control(&format!("(was: {})", fields(&state)))),
        ));
    }
    Ok(CommandOutput::new(json!({"removed": states}), text))
}

/// Checks that no run of the pipeline is in progress: its end would save a state again.
fn check_idle(layout: &ProjectLayout, pipeline: &str) -> Result<()> {
    let is_running = |run: &history::Run| {
        let status = run.status.as_ref();
        let is_of_pipeline = status.is_ok_and(|status| {
            status.status == RunStatus::Running && slug(&status.pipeline) == pipeline
        });
        is_of_pipeline && !run.has_ended()
    };
    let Some(run) = history::list(&layout.logs_dir())?.into_iter().find(is_running) else {
        return Ok(());
    };
    let message = format!(
        "cannot reset a state of pipeline `{pipeline}`: run {} is in progress and would save it again",
        short_id(&run.id)
    );
    let help = "wait for the run to end, for example with `osiris logs --follow`";
    Err(Error::invalid(Diagnostic::new(Code::StateInUse, message).help(help)))
}
