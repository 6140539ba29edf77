//! `osiris man`.

use std::path::PathBuf;

use clap::CommandFactory;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use serde_json::json;

use super::args::Cli;
use super::shell::CommandOutput;

const EXAMPLES: &str = "\
Examples:
  osiris man ~/.local/share/man/man1";

/// Write the manual pages of all commands into a directory
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Existing directory
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

pub(super) fn man(args: &Args) -> Result<CommandOutput> {
    clap_mangen::generate_to(Cli::command(), &args.dir).map_err(|error| {
        let message = format!("cannot write the manual pages: {error}");
        Error::environment(Diagnostic::new(Code::ManualUnwritable, message).in_file(&args.dir))
    })?;
    Ok(CommandOutput::new(json!({"directory": args.dir}), ""))
}
