use clap::{CommandFactory, Parser};

use super::args::Cli;

#[test]
fn clap_definition_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_long_help_with_examples() {
    fn check(command: &clap::Command, path: &str) {
        let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("Examples:\n  osiris "), "{path} has no examples");
        for child in command.get_subcommands() {
            check(child, &format!("{path} {}", child.get_name()));
        }
    }
    check(&Cli::command(), "osiris");
}

#[test]
fn command_help() {
    let mut texts = Vec::new();
    for path in [
        &["osiris"][..],
        &["osiris", "init"],
        &["osiris", "pipelines", "new"],
        &["osiris", "run"],
        &["osiris", "runs"],
        &["osiris", "drivers", "new"],
        &["osiris", "drivers", "build"],
        &["osiris", "drivers", "pack"],
    ] {
        let arguments = path.iter().copied().chain(["--help"]);
        let error = Cli::try_parse_from(arguments).unwrap_err();
        texts.push(format!("$ {} --help\n{}", path.join(" "), error.render()));
    }
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn driver_registry_command_help() {
    let mut texts = Vec::new();
    for command in
        ["add", "sync", "update", "remove", "audit", "search", "info", "index", "publish"]
    {
        let error = Cli::try_parse_from(["osiris", "drivers", command, "--help"]).unwrap_err();
        texts.push(format!("$ osiris drivers {command} --help\n{}", error.render()));
    }
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn conflicting_arguments_are_rejected() {
    for (arguments, text) in [
        (&["osiris", "run"][..], "<PIPELINE>"),
        (&["osiris", "run", "a.yaml", "--last-compile"], "cannot be used with"),
        (&["osiris", "run", "--last-compile", "--param", "a=b"], "cannot be used with"),
        (&["osiris", "run", "a.yaml", "--param", "ab"], "expected NAME=VALUE"),
        (&["osiris", "completions", "tcsh"], "possible values: bash"),
        (&["osiris", "--color", "sometimes"], "possible values: auto, always, never"),
    ] {
        let error = Cli::try_parse_from(arguments).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(text), "{arguments:?}: {error}");
    }
}
