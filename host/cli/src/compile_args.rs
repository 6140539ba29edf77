//! Code shared by the commands that compile a pipeline.

use std::path::Path;

use osiris_core::diagnostic::{Diagnostic, Result};
use osiris_core::driver::limits::{Limit, Limits, Origin};
use osiris_pipeline::compile::{Build, Options};
use osiris_runtime::Workspace;

use super::render;
use super::shell::Shell;

/// Options for compiling a pipeline.
#[derive(Debug, Default, clap::Args)]
pub(super) struct CompileArgs {
    /// Profile whose parameters and connections are used
    #[arg(long, short, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Set a parameter; can be repeated
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(super) params: Vec<(String, String)>,
}

impl CompileArgs {
    /// Returns whether no value was given.
    pub(super) fn is_empty(&self) -> bool {
        self.profile.is_none() && self.params.is_empty()
    }

    /// Returns the compile options, including the parameters set by the environment.
    pub(super) fn options(&self) -> Result<Options> {
        let environment = Options::from_environment()?;
        Ok(Options { profile: self.profile.clone(), params: self.params.clone(), ..environment })
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

/// Compiles a pipeline and prints its warnings.
pub(super) fn compile(
    workspace: &Workspace,
    file: &Path,
    values: &CompileArgs,
    shell: &Shell,
) -> Result<Build> {
    let build = workspace.compile(file, &values.options()?)?;
    warn(&build.warnings, shell);
    Ok(build)
}

/// Describes the limits of general interest and those that were set.
pub(super) fn limits_in_words(limits: &Limits) -> Vec<String> {
    let is_shown = |limit: &Limit| {
        matches!(limit, Limit::Memory | Limit::Idle) || limits.bound(*limit).by != Origin::Default
    };
    let text = |limit: Limit| {
        let value = limit.format(limits.get(limit));
        match limit {
            Limit::Seconds => format!("time {value}"),
            Limit::Idle => format!("{value} without progress"),
            _ => format!("{} {value}", limit.name()),
        }
    };
    Limit::ALL.into_iter().filter(is_shown).map(text).collect()
}

/// Prints warnings on stderr.
pub(super) fn warn(warnings: &[Diagnostic], shell: &Shell) {
    if !shell.json {
        warnings.iter().for_each(|one| shell.note(&render::warning(one)));
    }
}
