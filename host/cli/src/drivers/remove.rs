//! `osiris drivers remove`.

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::sanitize::escape_control;
use osiris_registry::{DriverInstaller, hash_file};
use serde_json::json;

use super::super::complete;
use super::super::render::{BOLD, SUCCESS, paint};
use super::super::shell::{CommandOutput, Shell, display_path};
use super::dependents;

const EXAMPLES: &str = "\
Examples:
  osiris drivers remove acme.crm_extractor
  osiris drivers remove acme.crm_extractor --force     even if the file was changed";

/// Remove a driver from drivers/ and osiris.lock
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Driver name
    #[arg(value_name = "NAME", add = complete::drivers())]
    name: String,
    /// Remove the file even if it does not match osiris.lock
    #[arg(long)]
    force: bool,
}

pub(super) fn remove(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let project = shell.project()?;
    let mut store = DriverInstaller::open(&project.layout, &project.settings.drivers.keys)?;
    let path = store.path(&args.name);
    let entry = store.lock.entry(&args.name)?;
    if !args.force && hash_file(&path)?.is_some_and(|actual| actual != entry.sha256) {
        let message = format!(
            "cannot remove driver `{}`: the file does not match `osiris.lock` and could not be restored",
            args.name
        );
        let help = "move the file to keep it, or remove it with `--force`";
        return Err(Error::invalid(
            Diagnostic::new(Code::DriverChanged, message).in_file(&path).help(help),
        ));
    }
    store.remove(&args.name)?;
    let users: Vec<_> =
        dependents::by(&project).remove(&args.name).unwrap_or_default().into_iter().collect();
    if !shell.json {
        for user in &users {
            shell.note(&format!(
                "warning: `{}` still uses `{}`",
                escape_control(user),
                escape_control(&args.name)
            ));
        }
    }
    let name = paint(BOLD, &escape_control(&args.name));
    let text = format!("{} removed {name}  {}\n", paint(SUCCESS, "✓"), display_path(&path));
    Ok(CommandOutput::new(json!({"name": args.name, "file": path, "used_by": users}), text))
}
