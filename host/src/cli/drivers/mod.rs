//! `osiris drivers`.

mod build;
mod bundle;
mod cargo;
mod describe;
mod inspect;
mod keygen;
mod list;
mod show;
mod sign;
mod standing;
mod unbundle;

use clap::Subcommand;

pub(super) use self::describe::rights;
use super::shell::{Answer, Shell};
use crate::problem::Result;

pub(super) const EXAMPLES: &str = "\
Examples:
  osiris drivers list                                  what a pipeline can use
  osiris drivers show filesystem.csv_extractor         how a driver is configured
  osiris drivers inspect ./some.wasm                   what is in a file, before using it
  osiris drivers build my-driver                       build a driver into drivers/
  osiris drivers sign acme.crm_extractor.wasm          say that it is yours

Drivers are *.wasm files in the project's drivers folder, in the folder that
OSIRIS_DRIVERS names, and in the one that comes with osiris.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    List(list::Args),
    Show(show::Args),
    Inspect(inspect::Args),
    Build(build::Args),
    Keygen(keygen::Args),
    Sign(sign::Args),
    Bundle(bundle::Args),
    Unbundle(unbundle::Args),
}

pub(super) fn dispatch(command: Command, shell: &Shell) -> Result<Answer> {
    match command {
        Command::List(args) => list::list(&args, shell),
        Command::Show(args) => show::show(&args, shell),
        Command::Inspect(args) => inspect::inspect(&args, shell),
        Command::Build(args) => build::build(&args, shell),
        Command::Keygen(args) => keygen::keygen(&args),
        Command::Sign(args) => sign::sign(&args),
        Command::Bundle(args) => bundle::bundle(&args, shell),
        Command::Unbundle(args) => unbundle::unbundle(&args, shell),
    }
}
