//! Help, the version, and usage errors.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ColorChoice, Command, Error};
use osiris_core::code::Code;
use osiris_core::diagnostic::{self, Diagnostic};
use serde_json::json;

use super::args::Global;
use super::shell::{CommandOutput, Shell};
use super::version;

/// Prints clap's message, as JSON if the arguments contain `--json`.
pub(super) fn explain(error: &Error, arguments: &[OsString]) -> ExitCode {
    let shell = Shell::new(Global {
        project: None,
        json: arguments.iter().skip(1).take_while(|a| *a != "--").any(|a| a == "--json"),
        verbose: false,
        color: ColorChoice::Auto,
    });
    let plain = error.render().to_string();
    let answer = match error.kind() {
        ErrorKind::DisplayHelp => {
            CommandOutput::new(json!({"help": plain}), error.render().ansi().to_string())
        }
        ErrorKind::DisplayVersion => CommandOutput { text: plain, ..version::version() },
        // For a command that only groups others, such as `osiris runs`.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !shell.json => {
            shell.note(&error.render().ansi().to_string());
            return ExitCode::from(diagnostic::ExitStatus::Invalid as u8);
        }
        _ if shell.json => return shell.fail(&diagnostic::Error::invalid(usage_problem(&plain))),
        _ => {
            shell.note(&error.render().ansi().to_string());
            return ExitCode::from(diagnostic::ExitStatus::Invalid as u8);
        }
    };
    shell.answer(answer)
}

/// Returns the help of a command that got no arguments.
pub(super) fn help(mut command: Command) -> CommandOutput {
    let text = command.render_help();
    CommandOutput::new(json!({"help": text.to_string()}), text.ansi().to_string())
}

/// Converts clap's text: the message, the usage and a hint, each after an empty line.
fn usage_problem(text: &str) -> Diagnostic {
    let text = text.strip_prefix("error: ").unwrap_or(text).trim_end();
    let (message, rest) = text.split_once("\n\n").unwrap_or((text, ""));
    let problem = Diagnostic::new(Code::UsageInvalid, message);
    let hint = rest.lines().map(str::trim).find(|line| line.starts_with("tip: "));
    let usage = rest.lines().map(str::trim).find(|line| line.starts_with("Usage: "));
    match hint.and_then(|hint| hint.strip_prefix("tip: ")).or(usage) {
        Some(help) => problem.help(help),
        None => problem.help("see `osiris --help`"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::args;
    use super::*;

    fn problem(arguments: &[&str]) -> Diagnostic {
        let arguments = std::iter::once("osiris").chain(arguments.iter().copied());
        usage_problem(&args::parse(arguments).unwrap_err().render().to_string())
    }

    #[test]
    fn usage_error_has_message_and_fix() {
        for (arguments, message, help) in [
            (
                &["run", "--dry"][..],
                "unexpected argument '--dry' found",
                "a similar argument exists: '--dry-run'",
            ),
            (
                &["validate"],
                "the following required arguments were not provided:\n  <PIPELINE>",
                "Usage: osiris validate <PIPELINE>",
            ),
            (
                &["valdate"],
                "unrecognized subcommand 'valdate'",
                "a similar subcommand exists: 'validate'",
            ),
        ] {
            let problem = problem(arguments);
            assert_eq!((problem.message.as_str(), problem.help.as_deref()), (message, Some(help)));
        }
    }
}
