//! `osiris completions`.

use clap::CommandFactory;
use clap_complete::Shell;
use serde_json::json;

use super::args::Cli;
use super::shell::CommandOutput;

const EXAMPLES: &str = "\
Examples:
  osiris completions bash > ~/.local/share/bash-completion/completions/osiris
  osiris completions zsh > \"${fpath[1]}/_osiris\"
  osiris completions fish > ~/.config/fish/completions/osiris.fish";

/// Generate shell completions
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Shell to generate the script for
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn completions(args: &Args) -> CommandOutput {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "osiris", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    CommandOutput::new(json!({"shell": args.shell.to_string(), "script": script}), script)
}
