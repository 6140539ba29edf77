//! `osiris runs`.

mod diff;
mod list;
mod prune;
mod show;

use clap::Subcommand;
use osiris_core::diagnostic::Result;
use osiris_runtime::session::{self, RunStatus};

use super::render::{DIM, ERROR, SUCCESS, WARN};
use super::shell::{CommandOutput, Shell};

pub(super) const EXAMPLES: &str = "\
Examples:
  osiris runs list                        list the newest runs
  osiris runs show                        show the last run: steps, rows, error, files
  osiris runs show 9f3a61c0               show a run by its id in the list
  osiris runs diff LEFT RIGHT             compare two runs
  osiris runs prune --keep 50             remove old runs";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    List(list::Args),
    Show(show::Args),
    Diff(diff::Args),
    Prune(prune::Args),
}

pub(super) fn dispatch(command: Command, shell: &Shell) -> Result<CommandOutput> {
    let layout = shell.project()?.layout;
    let logs = layout.logs_dir();
    for id in session::mark_crashed_runs(&logs) {
        if !shell.json && shell.verbose {
            shell.note(&format!("run {id} has crashed; its status was updated"));
        }
    }
    match command {
        Command::List(args) => list::list(&args, &logs),
        Command::Show(args) => show::show(&args, &logs),
        Command::Diff(args) => diff::diff(&args, &logs),
        Command::Prune(args) => prune::prune(&args, &layout),
    }
}

fn colour(state: RunStatus) -> anstyle::Style {
    match state {
        RunStatus::Success => SUCCESS,
        RunStatus::Failed | RunStatus::Crashed => ERROR,
        RunStatus::Cancelled => WARN,
        RunStatus::Running => DIM,
    }
}
