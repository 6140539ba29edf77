//! What the commands that compile a pipeline share.

use std::path::{Path, PathBuf};

use super::render;
use super::shell::Shell;
use crate::compile::{self, Build, Options};
use crate::driver::limits::{Bounds, Limits};
use crate::driver::registry::Registry;
use crate::problem::{Error, Problem, Result};
use crate::project::Project;

/// How a pipeline is compiled.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Values {
    /// The profile whose parameters apply
    #[arg(long, short, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Set a parameter; may be given more than once
    ///
    /// Wins over OSIRIS_PARAM_<NAME> in the environment, which wins over the profile, which wins
    /// over the pipeline's own defaults.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parameter)]
    pub(super) params: Vec<(String, String)>,
}

impl Values {
    /// Whether none was given.
    pub(super) fn is_empty(&self) -> bool {
        self.profile.is_none() && self.params.is_empty()
    }

    /// With the parameters that the environment sets.
    pub(super) fn options(&self) -> Result<Options> {
        let environment = Options::from_environment()?;
        Ok(Options { profile: self.profile.clone(), params: self.params.clone(), ..environment })
    }
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

/// A project with the drivers that it can use.
pub(super) struct Workplace {
    pub(super) project: Project,
    pub(super) registry: Registry,
}

impl Workplace {
    pub(super) fn open(shell: &Shell) -> Result<Self> {
        let project = shell.project()?;
        let registry = Registry::open(&project.drivers_dir())?;
        Ok(Self { project, registry })
    }

    /// What a driver may use here unless its spec or the command says less.
    pub(super) fn limits(&self, command: &Bounds) -> Limits {
        Limits::new(&self.project.settings.limits, command)
    }

    /// Compiles a pipeline and tells its warnings.
    pub(super) fn compile(&self, file: &Path, values: &Values, shell: &Shell) -> Result<Build> {
        must_exist(file)?;
        let build = compile::compile(&self.project, file, &values.options()?, &self.registry)?;
        warn(&build.warnings, shell);
        Ok(build)
    }
}

/// Tells warnings on stderr.
pub(super) fn warn(warnings: &[Problem], shell: &Shell) {
    if !shell.json {
        warnings.iter().for_each(|one| shell.note(&render::warning(one)));
    }
}

/// A pipeline's file that is not there is told before anything else.
pub(super) fn must_exist(file: &Path) -> Result<()> {
    if file.exists() {
        return Ok(());
    }
    let problem = Problem::new("pipeline_not_found", "there is no such pipeline file")
        .in_file(file)
        .help("a path on the command line is relative to the working directory");
    Err(Error::invalid(problem))
}

/// The manifest of a build.
pub(super) fn manifest_of(build: &Build) -> PathBuf {
    build.dir.join("manifest.yaml")
}
