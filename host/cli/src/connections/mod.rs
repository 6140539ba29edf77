//! `osiris connections`.

mod doctor;
mod list;

use clap::Subcommand;
use osiris_core::diagnostic::Result;

use super::shell::{CommandOutput, Shell};

pub(super) const EXAMPLES: &str = "\
Examples:
  osiris connections list                     list connections, with secrets masked
  osiris connections doctor                   test connections
  osiris connections doctor --family mysql --alias main --timeout 10

Connections are defined in osiris_connections.yaml:
  version: 1
  connections:
    mysql:
      main: {host: db.example, database: shop, user: app, password: \"${MYSQL_PASSWORD}\"}
A step refers to a connection with `connection: \"@mysql.main\"`. `doctor` exits with 3 if
a test fails.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    List(list::Args),
    Doctor(doctor::Args),
}

pub(super) fn dispatch(command: Command, shell: &Shell) -> Result<CommandOutput> {
    match command {
        Command::List(args) => list::list(&args, shell),
        Command::Doctor(args) => doctor::doctor(&args, shell),
    }
}
