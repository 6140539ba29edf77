//! `osiris worker`: the process that `osiris run --on e2b` starts in a sandbox.

use std::path::PathBuf;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::{core_dumps, program};
use osiris_e2b::worker;
use osiris_engine::process_sandbox::ProcessSandbox;
use serde_json::json;

use super::shell::CommandOutput;

const EXAMPLES: &str = "\
Examples:
  osiris worker --folder /home/user/.osiris/run-... --base /home/user/session/...

Reads commands from standard input and writes messages to standard output, one JSON
object per line. Started by `osiris run --on e2b`.";

/// Run a pipeline in a sandbox on behalf of a host
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Existing directory of the worker
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
    /// Existing directory that drivers see as `/`
    #[arg(long, value_name = "DIR")]
    base: PathBuf,
}

pub(super) fn work(args: &Args) -> Result<CommandOutput> {
    core_dumps::disable();
    // The uploaded files are next to the worker's directory.
    let upload_dir = args.folder.parent().unwrap_or(&args.folder).to_owned();
    // The worker starts its own program to compile, also under Landlock.
    let programs = vec![program::path()];
    let sandbox = ProcessSandbox {
        own: vec![upload_dir, args.base.clone()],
        programs,
        ..ProcessSandbox::default()
    };
    sandbox.enforce();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Error::environment(Diagnostic::new(
            Code::RuntimeFailed,
            format!("cannot start the worker: {error}"),
        ))
    })?;
    runtime.block_on(worker::run(&args.folder))?;
    // A thread can still be waiting for a command.
    runtime.shutdown_background();
    Ok(CommandOutput { json: json!({}), text: String::new(), exit: 0, failed: false })
}
