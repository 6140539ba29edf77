//! The `osiris` program. The commands have one file each. A command returns its result as text and
//! as JSON; only `shell` prints.

mod allocator;
mod args;
mod checks;
mod compile;
mod compile_args;
mod compile_driver;
mod complete;
mod completions;
mod connections;
mod copy;
mod discover;
mod doctor;
mod drivers;
mod e2b;
mod effects;
mod endpoint;
mod first_use;
mod init;
mod logs;
mod man;
mod pipeline_format;
mod pipelines;
mod preview;
mod probe;
mod quickstart;
mod render;
mod rows;
mod run;
mod runs;
mod secrets;
mod shell;
mod signals;
mod spool;
mod state;
#[cfg(test)]
mod tests;
mod try_sandbox;
mod usage;
mod validate;
mod version;
mod worker;

use std::ffi::OsString;
use std::process::ExitCode;

use osiris_core::diagnostic::Result;
use osiris_core::program;

use self::args::Command;
use self::shell::{CommandOutput, Shell};

/// Runs the command given by the process's arguments and returns its exit code: 0 success, 1 the
/// run failed, 2 invalid input or usage, 3 a problem of the environment.
fn main() -> ExitCode {
    allocator::keep_freed_batches();
    program::declare();
    version::declare_drivers();
    if completions::complete() {
        return ExitCode::SUCCESS;
    }
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match args::parse(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage::explain(&error, &arguments),
    };
    let shell = Shell::new(cli.global);
    shell.trace();
    let Some(command) = cli.command else {
        return shell.answer(usage::help(args::command()));
    };
    match dispatch(command, &shell) {
        Ok(answer) => shell.answer(answer),
        Err(error) => shell.fail(&error),
    }
}

fn dispatch(command: Command, shell: &Shell) -> Result<CommandOutput> {
    match command {
        Command::Init(args) => init::init(&args),
        Command::Quickstart(_) => quickstart::quickstart(shell),
        Command::Pipelines { command } => pipelines::dispatch(command, shell),
        Command::Validate(args) => validate::validate(&args, shell),
        Command::Compile(args) => compile::compile(&args, shell),
        Command::Copy(args) => copy::copy(&args, shell),
        Command::Preview(args) => preview::preview(&args, shell),
        Command::Run(args) => run::run(&args, shell),
        Command::Connections { command } => connections::dispatch(command, shell),
        Command::Discover(args) => discover::discover(&args, shell),
        Command::Doctor(_) => doctor::doctor(shell),
        Command::Drivers { command } => drivers::dispatch(command, shell),
        Command::E2b { command } => e2b::dispatch(command, shell),
        Command::Runs { command } => runs::dispatch(command, shell),
        Command::Logs(args) => logs::logs(&args, shell),
        Command::State { command } => state::dispatch(command, shell),
        Command::PipelineFormat(args) => Ok(pipeline_format::pipeline_format(&args)),
        Command::Worker(args) => worker::work(&args),
        Command::CompileDriver(args) => compile_driver::compile(args),
        Command::TrySandbox(args) => try_sandbox::try_sandbox(&args),
        Command::Man(args) => man::man(&args),
        Command::Version(_) => Ok(version::version()),
        Command::Completions(args) => Ok(completions::completions(&args)),
    }
}
