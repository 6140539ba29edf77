//! `osiris pipelines`.

mod draft;
mod list;
mod new;

use clap::Subcommand;
use osiris_core::diagnostic::Result;

use super::shell::{CommandOutput, Shell};

pub(super) const EXAMPLES: &str = "\
Examples:
  osiris pipelines list
  osiris pipelines new orders --from mysql.extractor --to filesystem.csv_writer
  osiris run orders                       run pipelines/orders.yaml";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    List(list::Args),
    New(new::Args),
}

pub(super) fn dispatch(command: Command, shell: &Shell) -> Result<CommandOutput> {
    match command {
        Command::List(_) => list::list(shell),
        Command::New(args) => new::new(&args, shell),
    }
}
