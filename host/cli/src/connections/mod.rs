//! `osiris connections`.

mod doctor;
mod list;

use clap::Subcommand;
use osiris_core::diagnostic::Result;

use super::shell::{CommandOutput, Shell};

pub(super) const EXAMPLES: &str = "\
Examples:
  osiris connections list                     every connection, secrets masked
  osiris connections doctor                   ask the drivers whether they can connect
  osiris connections doctor --family mysql --alias main --timeout 10

Connections are in osiris_connections.yaml:
  version: 1
  connections:
    mysql:
      main: {host: db.example, database: shop, user: app, password: \"${MYSQL_PASSWORD}\"}
A step uses one with `connection: \"@mysql.main\"`. `doctor` exits with 3 if one fails.";

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
