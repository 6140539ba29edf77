//! Command-line arguments.

use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use clap::builder::Styles;
use clap::{Args, ColorChoice, Parser, Subcommand};

use super::{
    compile, compile_driver, completions, connections, copy, discover, doctor, drivers, e2b, init,
    man, pipelines, preview, quickstart, run, runs, try_sandbox, validate, version, worker,
};

const STYLES: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .error(AnsiColor::Red.on_default().bold());

const EXAMPLES: &str = "\
Examples:
  osiris quickstart                       run a sample, without leaving files
  osiris init demo                        create a project that is ready to run
  osiris run hello                        compile and run pipelines/hello.yaml
  osiris compile hello                    compile only
  osiris run --last-compile               run the last compiled pipeline
  osiris runs list                        list past runs and their results
  osiris connections doctor               check that services can be reached

Exit codes: 0 success, 1 the run failed, 2 invalid input or usage, 3 environment
error, for example a missing driver. With --json, stdout contains exactly one JSON
document, also on errors.";

/// Run data pipelines whose steps are WebAssembly components
#[derive(Debug, Parser)]
#[command(name = "osiris", version = version::LONG, styles = STYLES, after_long_help = EXAMPLES, max_term_width = 100)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Project directory
    ///
    /// By default, the nearest directory at or above the working directory that contains
    /// osiris.yaml, otherwise the working directory.
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) project: Option<PathBuf>,

    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(super) json: bool,

    /// Print more details on stderr
    #[arg(long, short, global = true)]
    pub(super) verbose: bool,

    /// Control the use of colors
    ///
    /// `auto` uses colors on a terminal unless NO_COLOR is set.
    #[arg(long, global = true, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub(super) color: ColorChoice,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Quickstart(quickstart::Args),
    Init(init::Args),
    /// List and create pipelines
    #[command(after_long_help = pipelines::EXAMPLES, arg_required_else_help = true)]
    Pipelines {
        #[command(subcommand)]
        command: pipelines::Command,
    },
    Validate(validate::Args),
    Compile(compile::Args),
    Run(run::Args),
    Copy(copy::Args),
    Preview(preview::Args),
    /// List and check connections
    #[command(after_long_help = connections::EXAMPLES, arg_required_else_help = true)]
    Connections {
        #[command(subcommand)]
        command: connections::Command,
    },
    Discover(discover::Args),
    Doctor(doctor::Args),
    /// List, inspect, build, fetch and publish drivers
    #[command(after_long_help = drivers::EXAMPLES, arg_required_else_help = true)]
    Drivers {
        #[command(subcommand)]
        command: drivers::Command,
    },
    /// List, show and compare past runs
    #[command(after_long_help = runs::EXAMPLES, arg_required_else_help = true)]
    Runs {
        #[command(subcommand)]
        command: runs::Command,
    },
    #[command(hide = true)]
    Worker(worker::Args),
    #[command(hide = true)]
    CompileDriver(compile_driver::Args),
    #[command(hide = true)]
    TrySandbox(try_sandbox::Args),
    /// Manage E2B sandboxes and templates
    #[command(name = "e2b", after_long_help = e2b::EXAMPLES, arg_required_else_help = true)]
    E2b {
        #[command(subcommand)]
        command: e2b::Command,
    },
    Completions(completions::Args),
    #[command(hide = true)]
    Man(man::Args),
    Version(version::Args),
}
