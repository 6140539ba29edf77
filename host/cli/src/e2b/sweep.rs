//! `osiris e2b sweep`.

use osiris_core::diagnostic::Result;
use osiris_e2b::sweep::{self, Owner};
use serde_json::json;

use super::super::shell::{CommandOutput, Shell};
use super::{control, runtime};

const EXAMPLES: &str = "\
Examples:
  osiris e2b sweep                        what runs of this project have left
  osiris e2b sweep --kept                 also what --e2b-keep has kept
  osiris e2b sweep --all                  of all projects, what is past its time";

/// End sandboxes that no run uses any more
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Also those that were kept to be looked at
    #[arg(long)]
    kept: bool,
    /// Those of every project and machine, once their time is over
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
    let swept = sweep::sweep(&control, &tags, logs.as_deref(), args.kept);
    let ended = runtime()?.block_on(swept).map_err(osiris_e2b::problem)?;
    let text = match ended.as_slice() {
        [] => "No sandbox is left over\n".to_owned(),
        ids => ids.iter().map(|id| format!("Ended {id}\n")).collect(),
    };
    Ok(CommandOutput::new(json!({"ended": ended}), text))
}
