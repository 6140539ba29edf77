//! `osiris doctor`.

mod process_sandbox;

use osiris_core::diagnostic::Result;
use osiris_engine::Engine;

use super::checks::{self, Check};
use super::shell::{CommandOutput, Shell};

const EXAMPLES: &str = "\
Examples:
  osiris doctor
  osiris doctor --json
  osiris connections doctor       check that services can be reached
  osiris e2b doctor               check that runs in E2B work";

/// Check this machine: engine, process sandbox and drivers
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {}

pub(super) fn doctor(shell: &Shell) -> Result<CommandOutput> {
    let workspace = shell.workspace()?;
    let engine = Engine::new().map(|engine| match engine.has_cache() {
        true => "compiles drivers and caches their code".to_owned(),
        false => "compiles drivers on every use: cannot use the cache".to_owned(),
    });
    let engine = engine.map_err(|error| error.to_string());
    let count = workspace.drivers.drivers().count();
    let drivers = match workspace.drivers.load_errors()[..] {
        [] if count == 0 => Err(format!(
            "no drivers: install osiris with its drivers, or put some in `{}`",
            workspace.project.layout.drivers_dir().display()
        )),
        [] => Ok(format!("{count} available")),
        ref broken => {
            Err(format!("{} files are not valid drivers: see `osiris drivers list`", broken.len()))
        }
    };
    let mut checks = vec![Check { name: "engine", result: engine }];
    checks.extend(process_sandbox::checks(workspace.project.base()));
    checks.push(Check { name: "drivers", result: drivers });
    Ok(checks::answer(&checks))
}
