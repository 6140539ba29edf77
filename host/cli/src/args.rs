//! Command-line arguments.

use std::ffi::OsString;
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use clap::builder::{Resettable, StyledStr, Styles};
use clap::{Arg, ArgAction, Args, ColorChoice, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::{
    compile, compile_driver, completions, connections, copy, discover, doctor, drivers, e2b, init,
    logs, man, pipeline_format, pipelines, preview, quickstart, run, runs, state, try_sandbox,
    validate, version, worker,
};

const STYLES: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .error(AnsiColor::Red.on_default().bold());

const EXAMPLES: &str = "\
Examples:
  osiris quickstart                       run a sample, without leaving files
  osiris init demo                        create a project with a working example
  osiris run hello                        compile and run pipelines/hello.yaml
  osiris compile hello                    compile only
  osiris run --last-compile               run the last compiled pipeline
  osiris runs list                        list past runs and their results
  osiris connections doctor               test connections
  osiris help pipeline                    show the format of pipelines
  osiris help e2b                         show how to run in a cloud sandbox

Exit codes: 0 success, 1 the run failed, 2 invalid input or usage, 3 environment
error, for example a missing driver, 130 cancelled by Ctrl-C, 143 by SIGTERM.
With --json, stdout contains exactly one JSON document, also on errors.";

/// Run data pipelines whose steps are WebAssembly components
#[derive(Debug, Parser)]
#[command(name = "osiris", version = version::LONG, styles = STYLES, after_long_help = EXAMPLES, max_term_width = 100)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Returns the command line. Only `osiris --help` shows the global options.
pub(super) fn command() -> clap::Command {
    let command = Cli::command();
    let global = command.get_arguments().filter(|argument| argument.is_global_set());
    // The subcommands of a subcommand inherit its copies, also hidden.
    let mut arguments: Vec<Arg> = global.map(|argument| argument.clone().hide(true)).collect();
    let help = "Print help (global options: see `osiris --help`)";
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help).help(help);
    arguments.push(help.global(true));
    let disable =
        |subcommand: clap::Command| subcommand.disable_help_flag(true).args(arguments.clone());
    command.mut_subcommands(|subcommand| with_one_help(disable(subcommand)))
}

/// Gives a command and its subcommands one help instead of a short and a long one, with an option
/// on each line and further text below, unless an option has a long description.
fn with_one_help(command: clap::Command) -> clap::Command {
    let is_long = |argument: &Arg| !argument.is_hide_set() && argument.get_long_help().is_some();
    if command.is_hide_set() || command.get_arguments().any(is_long) {
        return command.mut_subcommands(with_one_help);
    }
    let text = |text: Option<&StyledStr>| text.map(ToString::to_string).unwrap_or_default();
    let about = text(command.get_long_about());
    let more = about.split_once("\n\n").map(|(_, more)| format!("{more}\n\n"));
    let help = more.unwrap_or_default() + &text(command.get_after_long_help());
    let command = command.long_about(Resettable::Reset);
    let command = command.after_help(help).after_long_help(Resettable::Reset);
    command.mut_subcommands(with_one_help)
}

/// Parses the arguments of the process.
pub(super) fn parse(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
) -> Result<Cli, clap::Error> {
    let matches = command().try_get_matches_from(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command()))
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

    /// Show more detail
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
    /// List and test connections
    #[command(after_long_help = connections::EXAMPLES, arg_required_else_help = true)]
    Connections {
        #[command(subcommand)]
        command: connections::Command,
    },
    Discover(discover::Args),
    Doctor(doctor::Args),
    /// List, add, build and publish drivers
    #[command(after_long_help = drivers::EXAMPLES, arg_required_else_help = true)]
    Drivers {
        #[command(subcommand)]
        command: drivers::Command,
    },
    /// List, show, compare and remove past runs
    #[command(after_long_help = runs::EXAMPLES, arg_required_else_help = true)]
    Runs {
        #[command(subcommand)]
        command: runs::Command,
    },
    Logs(logs::Args),
    /// List, show and reset the states of incremental steps
    #[command(after_long_help = state::EXAMPLES, arg_required_else_help = true)]
    State {
        #[command(subcommand)]
        command: state::Command,
    },
    #[command(name = "pipeline", hide = true)]
    PipelineFormat(pipeline_format::Args),
    #[command(hide = true)]
    Worker(worker::Args),
    #[command(hide = true)]
    CompileDriver(compile_driver::Args),
    #[command(hide = true)]
    TrySandbox(try_sandbox::Args),
    /// Manage E2B sandboxes: access, templates, clean-up
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
