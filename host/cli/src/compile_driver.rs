//! `osiris compile-driver`: the process in which a driver is compiled.

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, ExitStatus, Result};
use osiris_engine::compiler::{self, Order};
use serde_json::json;

use super::shell::CommandOutput;

const EXAMPLES: &str = "\
Examples:
  osiris compile-driver --parent 4711 --size 81234 --engine 0123456789abcdef < driver.wasm

Started by every command that needs a driver's code. Runs with limited time and memory
and opens no files.";

/// Compile the driver on standard input for the parent process
#[derive(Debug, clap::Args)]
#[command(name = compiler::COMMAND, after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Parent process, which waits for the code; this process ends with it
    #[arg(long, value_name = "PID")]
    parent: u32,
    /// Size of the driver, in bytes
    #[arg(long, value_name = "BYTES")]
    size: usize,
    /// Engine that the code is for
    #[arg(long, value_name = "HEX")]
    engine: String,
    /// Compile code that cannot be interrupted
    #[arg(long)]
    without_interrupts: bool,
}

pub(super) fn compile(args: Args) -> Result<CommandOutput> {
    let Args { parent, size, engine, without_interrupts } = args;
    let order = Order { parent, size, engine, interrupts: !without_interrupts };
    let done = compiler::serve(&order).map_err(|error| {
        Error::environment(Diagnostic::new(
            Code::CompilerFailed,
            format!("cannot compile the driver: {error}"),
        ))
    })?;
    let exit = if done { 0 } else { ExitStatus::Invalid as u8 };
    Ok(CommandOutput { json: json!({}), text: String::new(), exit, failed: false })
}
