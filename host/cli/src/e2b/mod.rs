//! `osiris e2b`.

mod doctor;
mod sweep;
mod template;

use std::io;

use clap::Subcommand;
use e2b_client::{Control, Settings};
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_pipeline::connection::Environment;
use osiris_pipeline::project::Project;
use tokio::runtime::{Builder, Runtime};

use super::shell::{CommandOutput, Shell};

pub(super) const EXAMPLES: &str = "\
Examples:
  osiris e2b doctor                       check the key, network, template and limits
  osiris run --last-compile --on e2b --e2b-install-deps
  osiris run --last-compile --on e2b --dry-run     show what would be uploaded
  osiris e2b template --name my-osiris    build a template with osiris and all drivers
  osiris e2b prune                        remove sandboxes that no run uses

Options of `osiris run --on e2b`:
  --e2b-install-deps      upload osiris and the drivers that the template lacks;
                          OSIRIS_E2B_INSTALL_DEPS=1 does the same
  --e2b-template NAME     template of the sandbox (default: base)
  --e2b-timeout SECONDS   maximum lifetime of the sandbox (default: a day)
  --e2b-env NAME=VALUE    set a variable for connections and in the sandbox; repeatable.
                          E2B can read the value: pass secrets through connections
  --e2b-pass-env NAME     set a variable in the sandbox to its local value; repeatable
  --e2b-keep              keep the sandbox after the run, for inspection

Set E2B_API_KEY in the environment or in .env. To use another server than E2B's cloud,
set E2B_API_URL and E2B_SANDBOX_URL.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Doctor(doctor::Args),
    Template(template::Args),
    #[command(name = "prune", alias = "sweep")]
    Sweep(sweep::Args),
}

pub(super) fn dispatch(command: Command, shell: &Shell) -> Result<CommandOutput> {
    match command {
        Command::Doctor(args) => doctor::doctor(&args, shell),
        Command::Template(args) => template::template(&args, shell),
        Command::Sweep(args) => sweep::sweep(&args, shell),
    }
}

/// Returns the control plane client and its settings.
fn control(project: &Project) -> Result<(Control, Settings)> {
    let environment = Environment::read(project.base())?;
    let settings =
        Settings::from(|name| environment.variable(name)).map_err(osiris_e2b::problem)?;
    let control = Control::new(&settings).map_err(osiris_e2b::problem)?;
    Ok((control, settings))
}

fn runtime() -> Result<Runtime> {
    Builder::new_current_thread().enable_all().build().map_err(|error: io::Error| {
        Error::environment(Diagnostic::new(
            Code::RuntimeFailed,
            format!("cannot start the network runtime: {error}"),
        ))
    })
}
