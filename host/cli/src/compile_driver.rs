//! `osiris compile-driver`: the process in which a driver is compiled.

use osiris_core::diagnostic::{Diagnostic, Error, ExitStatus, Result};
use osiris_engine::compiler::{self, Order};
use serde_json::json;

use super::shell::CommandOutput;

const EXAMPLES: &str = "\
Examples:
  osiris compile-driver --parent 4711 --size 81234 --engine 0123456789abcdef < driver.wasm

Every command that needs a driver's code starts it. It has little time and memory and
opens no file.";

/// Compile the driver on standard input, for the process that starts this one
#[derive(Debug, clap::Args)]
#[command(name = compiler::COMMAND, after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// The process that waits for the code, with which this one ends
    #[arg(long, value_name = "PID")]
    parent: u32,
    /// The size of the driver, in bytes
    #[arg(long, value_name = "BYTES")]
    size: usize,
    /// The engine that the code is for
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
        Error::environment(Diagnostic::new("compiler", format!("cannot compile: {error}")))
    })?;
    let exit = if done { 0 } else { ExitStatus::Invalid as u8 };
    Ok(CommandOutput { json: json!({}), text: String::new(), exit, failed: false })
}
