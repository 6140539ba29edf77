//! Code shared by the commands that compile a pipeline.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::AdmissionPolicy;
use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::driver::limits::{Limit, LimitOverrides, Limits, Origin};
use osiris_pipeline::compile::{self, Build, Options};
use osiris_pipeline::manifest::Manifest;
use osiris_pipeline::project::Project;
use osiris_registry::Lockfile;
use osiris_runtime::run;
use serde_json::Value;

use super::render;
use super::shell::Shell;

/// Options for compiling a pipeline.
#[derive(Debug, Default, clap::Args)]
pub(super) struct CompileArgs {
    /// Profile whose parameters are used
    #[arg(long, short, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Set a parameter; can be repeated
    ///
    /// Takes precedence over OSIRIS_PARAM_<NAME> in the environment, the profile, and the
    /// pipeline's defaults, in this order.
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

/// A project with its available drivers.
pub(super) struct Workspace {
    pub(super) project: Project,
    pub(super) registry: DriverCatalog,
}

impl Workspace {
    pub(super) fn open(shell: &Shell) -> Result<Self> {
        let project = shell.project()?;
        let lock = Lockfile::read(&project.layout.lock_file())?;
        let policy = project.settings.drivers.clone();
        let gates: Vec<Box<dyn AdmissionPolicy>> = vec![Box::new(lock), Box::new(policy)];
        let registry = DriverCatalog::open(&project.layout.drivers_dir(), gates)?;
        Ok(Self { project, registry })
    }

    /// Returns the limits of a driver by the settings and `command`, without those of its spec.
    pub(super) fn limits(&self, command: &LimitOverrides) -> Limits {
        Limits::new(&self.project.settings.limits, command)
    }

    /// Checks that the project allows the drivers of a build and the permissions that its steps
    /// name. Connections are not resolved yet, so their values are not checked.
    pub(super) fn admit(
        &self,
        manifest: &Manifest,
        configs: &BTreeMap<String, Value>,
    ) -> Result<()> {
        let policy = &self.project.settings.drivers;
        for step in &manifest.steps {
            let driver = run::load_pinned(&self.registry, &step.driver)?;
            let config = configs.get(&step.id).unwrap_or(&Value::Null);
            policy.check_ceilings(Some(&step.id), &driver.spec, driver.built_in, config)?;
        }
        Ok(())
    }

    /// Compiles a pipeline and prints its warnings.
    pub(super) fn compile(
        &self,
        file: &Path,
        values: &CompileArgs,
        shell: &Shell,
    ) -> Result<Build> {
        must_exist(file)?;
        let build = compile::compile(&self.project, file, &values.options()?, &self.registry)?;
        warn(&build.warnings, shell);
        Ok(build)
    }
}

/// Describes the limits of general interest and those that were set.
pub(super) fn limits_in_words(limits: &Limits) -> Vec<String> {
    let told = |limit: &Limit| {
        matches!(limit, Limit::Memory | Limit::Seconds)
            || limits.bound(*limit).by != Origin::Default
    };
    let text = |limit: Limit| {
        let name = if limit == Limit::Seconds { "time" } else { limit.name() };
        format!("{name} {}", limit.format(limits.get(limit)))
    };
    Limit::ALL.into_iter().filter(told).map(text).collect()
}

/// Prints warnings on stderr.
pub(super) fn warn(warnings: &[Diagnostic], shell: &Shell) {
    if !shell.json {
        warnings.iter().for_each(|one| shell.note(&render::warning(one)));
    }
}

/// Reports a missing pipeline file before any other problem.
pub(super) fn must_exist(file: &Path) -> Result<()> {
    if file.exists() {
        return Ok(());
    }
    let problem = Diagnostic::new(Code::PipelineMissing, "cannot find the pipeline file")
        .in_file(file)
        .help("check the path, which is relative to the working directory");
    Err(Error::invalid(problem))
}

/// Returns the path of a build's manifest.
pub(super) fn manifest_of(build: &Build) -> PathBuf {
    build.dir.join("manifest.yaml")
}
