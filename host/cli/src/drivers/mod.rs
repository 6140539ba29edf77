//! `osiris drivers`.

mod add;
mod audit;
mod build;
mod bundle;
mod dependents;
mod describe;
mod fetch_args;
mod index;
mod info;
mod inspect;
mod install;
mod keygen;
mod list;
mod lookup;
mod new;
mod pack;
mod publish;
mod remove;
mod search;
mod show;
mod sign;
mod sync;
mod test;
mod trust_report;
mod unbundle;
mod update;

use clap::Subcommand;
use osiris_core::diagnostic::Result;

use super::shell::{CommandOutput, Shell};

pub(super) const EXAMPLES: &str = "\
Examples:
  osiris drivers list                                  list the drivers that pipelines can use
  osiris drivers show filesystem.csv_extractor         show a driver and its configuration
  osiris drivers inspect ./some.wasm                   inspect a file before using it
  osiris drivers new acme.crm_extractor --lang rust    create a driver
  osiris drivers build my-driver                       build a driver into drivers/
  osiris drivers sign acme.crm_extractor.wasm          sign a driver
  osiris drivers search crm                            search the indexes of the project
  osiris drivers add acme.crm_extractor                fetch a driver and pin it in osiris.lock
  osiris drivers add oci://ghcr.io/acme/crm:1.2.0
  osiris drivers sync                                  install the drivers of osiris.lock
  osiris drivers pack some.wasm --spec spec.yaml       turn any component into a driver
  osiris drivers test drivers/my.driver.wasm           run the conformance tests

Drivers are *.wasm files in the project's drivers directory, in the directory that
OSIRIS_DRIVERS names, and in the directory that comes with osiris.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    // For users of drivers.
    List(list::Args),
    Show(show::Args),
    Inspect(inspect::Args),
    Search(search::Args),
    Info(info::Args),
    Add(add::Args),
    Sync(sync::Args),
    Update(update::Args),
    Remove(remove::Args),
    Audit(audit::Args),
    Bundle(bundle::Args),
    // For authors of drivers.
    New(new::Args),
    Build(build::Args),
    Pack(pack::Args),
    Test(test::Args),
    Keygen(keygen::Args),
    Sign(sign::Args),
    Publish(publish::Args),
    Index(index::Args),
}

pub(super) fn dispatch(command: Command, shell: &Shell) -> Result<CommandOutput> {
    match command {
        Command::List(args) => list::list(&args, shell),
        Command::Show(args) => show::show(&args, shell),
        Command::Inspect(args) => inspect::inspect(&args, shell),
        Command::New(args) => new::new(&args),
        Command::Build(args) => build::build(&args, shell),
        Command::Keygen(args) => keygen::keygen(&args),
        Command::Sign(args) => sign::sign(&args),
        Command::Bundle(args) => bundle::bundle(&args, shell),
        Command::Add(args) => add::add(&args, shell),
        Command::Sync(args) => sync::sync(&args, shell),
        Command::Update(args) => update::update(&args, shell),
        Command::Remove(args) => remove::remove(&args, shell),
        Command::Audit(args) => audit::audit(&args, shell),
        Command::Search(args) => search::search(&args, shell),
        Command::Info(args) => info::info(&args, shell),
        Command::Index(args) => index::index(&args),
        Command::Publish(args) => publish::publish(&args, shell),
        Command::Pack(args) => pack::pack(&args, shell),
        Command::Test(args) => test::test(&args, shell),
    }
}
