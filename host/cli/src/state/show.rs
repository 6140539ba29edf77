//! `osiris state show`.

use osiris_core::diagnostic::Result;
use osiris_core::fs::layout::ProjectLayout;
use osiris_core::sanitize::escape_control;
use osiris_runtime::session::stamp;
use serde_json::json;

use super::super::complete;
use super::super::render::{BOLD, DIM, multiline, paint};
use super::super::shell::{CommandOutput, display_path};

const EXAMPLES: &str = "\
Examples:
  osiris state show orders
  osiris state show orders read-orders --json";

/// Show the state of a pipeline's steps
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name of the pipeline
    #[arg(value_name = "PIPELINE", add = complete::pipelines())]
    pipeline: String,
    /// Only this step
    #[arg(value_name = "STEP")]
    step: Option<String>,
}

pub(super) fn show(args: &Args, layout: &ProjectLayout) -> Result<CommandOutput> {
    let (mut states, mut text) = (Vec::new(), String::new());
    for saved in super::find(layout, &args.pipeline, args.step.as_deref())? {
        let state = super::content(layout, &saved)?;
        states.push(super::as_json(&saved, &state));
        let updated = saved.updated_at.map(stamp).unwrap_or_default();
        text.push_str(&format!(
            "{} {}\n{}\n",
            paint(BOLD, &escape_control(&saved.step)),
            paint(DIM, &escape_control(&format!("{}  {updated}", display_path(&saved.file)))),
            multiline(&format!("{state:#}"))
        ));
    }
    Ok(CommandOutput::new(json!({"states": states}), text))
}
