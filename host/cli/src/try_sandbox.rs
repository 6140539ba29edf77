//! `osiris try-fence`: the process in which `osiris doctor` tests Landlock.

use std::path::PathBuf;

use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_engine::process_sandbox;
use serde_json::json;

use super::shell::CommandOutput;

const EXAMPLES: &str = "\
Examples:
  osiris try-fence --folder /tmp/proof --elsewhere . --granted 8080 --refused 8081

`osiris doctor` starts it.";

/// Raise a fence and try to get through, as JSON
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// A folder with a folder `own`, which is granted, and a file `elsewhere`, which is not
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// A port of this machine that is granted and where somebody listens
    #[arg(long, value_name = "PORT")]
    granted: u16,
    /// The same of one that is not granted
    #[arg(long, value_name = "PORT")]
    refused: u16,
    /// A folder of which nothing is granted
    #[arg(long, value_name = "DIR")]
    elsewhere: PathBuf,
}

pub(super) fn try_fence(args: &Args) -> Result<CommandOutput> {
    let ports = [args.granted, args.refused];
    let proof = process_sandbox::prove(&args.folder, &args.elsewhere, ports).map_err(|error| {
        Error::environment(Diagnostic::new("fence", format!("cannot try the fence: {error}")))
    })?;
    Ok(CommandOutput { json: json!({}), text: json!(proof).to_string(), exit: 0, failed: false })
}
