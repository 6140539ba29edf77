//! `osiris completions`.

use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};
use serde_json::json;

use super::args;
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

/// The variable by which a script asks for completions. Its value is the name of the shell.
const VARIABLE: &str = "OSIRIS_COMPLETE";

pub(super) fn completions(args: &Args) -> CommandOutput {
    let (name, mut script) = (args.shell.to_string(), Vec::new());
    let shells = Shells::builtins();
    if let Some(shell) = shells.completer(&name) {
        // Writing to memory cannot fail.
        shell.write_registration(VARIABLE, "osiris", "osiris", "osiris", &mut script).ok();
    }
    let script = String::from_utf8_lossy(&script).into_owned();
    CommandOutput::new(json!({"shell": name, "script": script}), script)
}

/// Prints the completions of a command line if a script asks for them. Returns whether it does.
pub(super) fn complete() -> bool {
    let directory = std::env::current_dir().ok();
    let completion = CompleteEnv::with_factory(args::command).var(VARIABLE);
    let is_asked = std::env::var_os(VARIABLE).is_some();
    // An error must not end up in the command line of the user.
    is_asked && completion.try_complete(std::env::args_os(), directory.as_deref()).unwrap_or(true)
}
