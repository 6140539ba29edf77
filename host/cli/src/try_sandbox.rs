//! `osiris try-sandbox`: the process in which `osiris doctor` tests Landlock.

use std::path::PathBuf;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_engine::process_sandbox;
use serde_json::json;

use super::shell::CommandOutput;

const EXAMPLES: &str = "\
Examples:
  osiris try-sandbox --folder /tmp/proof --elsewhere . --granted 8080 --refused 8081

Started by `osiris doctor`.";

/// Test the process sandbox: try allowed and denied actions, and print the result as JSON
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Directory with an allowed directory `own` and a denied file `elsewhere`
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// Allowed local port with a listener
    #[arg(long, value_name = "PORT")]
    granted: u16,
    /// Denied local port with a listener
    #[arg(long, value_name = "PORT")]
    refused: u16,
    /// Directory without any allowed access
    #[arg(long, value_name = "DIR")]
    elsewhere: PathBuf,
}

pub(super) fn try_sandbox(args: &Args) -> Result<CommandOutput> {
    let ports = [args.granted, args.refused];
    let proof = process_sandbox::prove(&args.folder, &args.elsewhere, ports).map_err(|error| {
        Error::environment(Diagnostic::new(
            Code::SandboxTestFailed,
            format!("cannot test the process sandbox: {error}"),
        ))
    })?;
    Ok(CommandOutput { json: json!({}), text: json!(proof).to_string(), exit: 0, failed: false })
}
