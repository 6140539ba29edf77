use super::args::{command, parse};

#[test]
fn clap_definition_is_consistent() {
    command().debug_assert();
}

/// Returns the pages that `--help` prints for a command and all its subcommands that are shown.
fn help_pages(command: &clap::Command, path: &[&str]) -> Vec<String> {
    let arguments = path.iter().copied().chain(["--help"]);
    let mut pages = vec![parse(arguments).unwrap_err().render().to_string()];
    let subcommands = command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set());
    for subcommand in subcommands {
        pages.extend(help_pages(subcommand, &[path, &[subcommand.get_name()]].concat()));
    }
    pages
}

#[test]
fn help_pages_are_short() {
    let pages = help_pages(&command(), &["osiris"]);
    let lines: usize = pages.iter().map(|page| page.lines().count()).sum();
    assert!(lines < 1200, "{lines} lines on {} pages", pages.len());
    for help in &pages[1..] {
        assert!(!help.contains("--project") && help.contains("see `osiris --help`"), "{help}");
    }
}

#[test]
fn e2b_help_has_all_options_of_run() {
    let mut command = command();
    let help = command.find_subcommand("e2b").unwrap().get_after_help().unwrap().to_string();
    let run = command.find_subcommand_mut("run").unwrap();
    let options: Vec<_> = run.get_arguments().filter_map(|argument| argument.get_long()).collect();
    let options: Vec<_> = options.iter().filter(|name| name.starts_with("e2b-")).collect();
    assert_eq!(options.len(), 6);
    for option in options {
        assert!(help.contains(&format!("--{option} ")), "{option}");
    }
}

#[test]
fn every_command_has_help_with_examples() {
    fn check(command: &clap::Command, path: &str) {
        let help = command.get_after_long_help().or(command.get_after_help());
        let help = help.map(ToString::to_string).unwrap_or_default();
        assert!(help.contains("Examples:\n  osiris "), "{path} has no examples");
        for child in command.get_subcommands() {
            check(child, &format!("{path} {}", child.get_name()));
        }
    }
    check(&command(), "osiris");
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
        &["osiris", "validate"],
        &["osiris", "pipeline"],
        &["osiris", "e2b"],
        &["osiris", "drivers"],
        &["osiris", "connections"],
        &["osiris", "drivers", "new"],
        &["osiris", "drivers", "build"],
        &["osiris", "drivers", "pack"],
    ] {
        let error = parse(path.iter().copied().chain(["--help"])).unwrap_err();
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
        let error = parse(["osiris", "drivers", command, "--help"]).unwrap_err();
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
        let error = parse(arguments.iter().copied()).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(text), "{arguments:?}: {error}");
    }
}
