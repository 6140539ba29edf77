//! `osiris drivers`.

mod build;
mod describe;
mod inspect;
mod install;
mod list;
mod new;
mod pack;
mod show;

use clap::Subcommand;

pub(super) use self::describe::rights;
use super::shell::{Answer, Shell};
use crate::problem::Result;

pub(super) const EXAMPLES: &str = "\
Examples:
  osiris drivers list                                  what a pipeline can use
  osiris drivers show filesystem.csv_extractor         how a driver is configured
  osiris drivers inspect ./some.wasm                   what is in a file, before using it
  osiris drivers new acme.crm_extractor --lang rust    start a driver of your own
  osiris drivers build my-driver                       build a driver into drivers/
  osiris drivers pack some.wasm --spec spec.yaml       make a driver of any component

Drivers are *.wasm files in the project's drivers folder, in the folder that
OSIRIS_DRIVERS names, and in the one that comes with osiris.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    List(list::Args),
    Show(show::Args),
    Inspect(inspect::Args),
    New(new::Args),
    Build(build::Args),
    Pack(pack::Args),
}

pub(super) fn dispatch(command: Command, shell: &Shell) -> Result<Answer> {
    match command {
        Command::List(args) => list::list(&args, shell),
        Command::Show(args) => show::show(&args, shell),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::New(args) => new::new(&args),
        Command::Build(args) => build::build(&args, shell),
        Command::Pack(args) => pack::pack(&args, shell),
    }
}
