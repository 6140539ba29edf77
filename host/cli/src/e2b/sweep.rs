//! `osiris e2b prune`.

use osiris_core::diagnostic::Result;
use osiris_e2b::sweep::{self, Owner};
use serde_json::json;

use super::super::shell::{CommandOutput, Shell};
use super::{control, runtime};

const EXAMPLES: &str = "\
Examples:
  osiris e2b prune                        remove leftover sandboxes of this project
  osiris e2b prune --kept                 also remove sandboxes kept with --e2b-keep
  osiris e2b prune --all                  remove expired sandboxes of all projects";

/// Remove sandboxes that no run uses
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Also remove sandboxes kept with --e2b-keep
    #[arg(long)]
    kept: bool,
    /// Remove expired sandboxes of every project and machine
    #[arg(long)]
    all: bool,
}

pub(super) fn sweep(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let project = shell.project()?;
    let (control, _) = control(&project)?;
    let (tags, logs) = match args.all {
        true => (sweep::all_tags(), None),
        false => (Owner::of(project.base()).metadata(), Some(project.layout.logs_dir())),
    };
    let removal = sweep::sweep(&control, &tags, logs.as_deref(), args.kept);
    let ids = runtime()?.block_on(removal).map_err(osiris_e2b::problem)?;
    let text = match ids.as_slice() {
        [] => "no leftover sandboxes\n".to_owned(),
        ids => ids.iter().map(|id| format!("removed {id}\n")).collect(),
    };
    let removed: Vec<_> = ids.iter().map(|id| json!({"sandbox_id": id})).collect();
    Ok(CommandOutput::new(json!({"removed": removed}), text))
}
