//! A project with the drivers that it can use.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use osiris_core::diagnostic::Result;
use osiris_core::driver::AdmissionPolicy;
use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::driver::limits::{LimitOverrides, Limits};
use osiris_pipeline::compile::{self, Build, Checked, Options, Surroundings};
use osiris_pipeline::connection::{Connections, Environment};
use osiris_pipeline::manifest::Manifest;
use osiris_pipeline::project::retention::Retention;
use osiris_pipeline::project::{Project, pipeline_files};
use osiris_registry::Lockfile;
use serde_json::Value;

use crate::pipeline_run::PipelineRun;
use crate::run::load_pinned;
use crate::session::history;

/// A project with the drivers that it can use. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Workspace {
    /// The project.
    pub project: Project,
    /// The available drivers. The project's lockfile and trust policy decide about each use.
    pub drivers: Arc<DriverCatalog>,
}

impl Workspace {
    /// Opens the project in exactly this directory.
    ///
    /// # Errors
    /// Returns an error if the directory does not exist or belongs to another user, or if the
    /// settings or the lockfile are invalid.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Self::of(Project::open(dir.as_ref())?)
    }

    /// Finds the drivers of a project.
    ///
    /// # Errors
    /// Returns an error if the lockfile is invalid or a directory of drivers cannot be read.
    pub fn of(project: Project) -> Result<Self> {
        let lock = Lockfile::read(&project.layout.lock_file())?;
        let policy = project.settings.drivers.clone();
        let policies: Vec<Box<dyn AdmissionPolicy>> = vec![Box::new(lock), Box::new(policy)];
        let drivers = DriverCatalog::open(&project.layout.drivers_dir(), policies)?;
        Ok(Self { project, drivers: Arc::new(drivers) })
    }

    /// Returns the file of a pipeline that the user gave by path, or by name: `hello` is
    /// `pipelines/hello.yaml`. A file at the path wins.
    ///
    /// # Errors
    /// Returns an error if there is no such file.
    pub fn pipeline_file(&self, file: &Path) -> Result<PathBuf> {
        pipeline_files::find(&self.project, file)
    }

    /// Returns a run of a pipeline, to be configured and started: of a file, relative to the
    /// project directory, or of a name, see [`Workspace::pipeline_file`].
    pub fn pipeline(&self, file: impl AsRef<Path>) -> PipelineRun {
        PipelineRun::new(self.clone(), self.project.base().join(file))
    }

    /// Returns the limits of a driver by the settings and `overrides`, without those of its spec.
    pub fn limits(&self, overrides: &LimitOverrides) -> Limits {
        Limits::new(&self.project.settings.limits, overrides)
    }

    /// Checks a pipeline, given by path or name, with everything that it refers to. Writes nothing.
    ///
    /// # Errors
    /// Returns an error if the file does not exist, and for every problem of the pipeline.
    pub fn check(&self, file: &Path, options: &Options) -> Result<Checked> {
        let file = self.pipeline_file(file)?;
        compile::check(&self.project, &file, options, &*self.drivers)
    }

    /// Like [`Self::check`], and also finds the problems that a run on this machine would find:
    /// missing connections, variables and input files, and permissions beyond the ceilings.
    ///
    /// # Errors
    /// Returns an error if the file does not exist, and for every problem of the pipeline and its
    /// connections.
    pub fn preflight(&self, file: &Path, options: &Options) -> Result<Checked> {
        let file = self.pipeline_file(file)?;
        let connections = Connections::read(self.project.base())?;
        let environment = Environment::read(self.project.base())?;
        let surroundings = Surroundings { connections: &connections, environment: &environment };
        compile::preflight(&self.project, &file, options, &*self.drivers, surroundings)
    }

    /// Compiles a pipeline, given by path or name, into its build directory.
    ///
    /// # Errors
    /// Returns an error if the file does not exist, and for every problem of the pipeline.
    pub fn compile(&self, file: &Path, options: &Options) -> Result<Build> {
        let file = self.pipeline_file(file)?;
        compile::compile(&self.project, &file, options, &*self.drivers)
    }

    /// Checks a pipeline whose text is not in a file. Problems are reported in `file`.
    ///
    /// # Errors
    /// Returns an error for every problem of the pipeline.
    pub fn check_text(&self, file: &Path, text: &str, options: &Options) -> Result<Checked> {
        compile::check_text(&self.project, text, file, options, &*self.drivers)
    }

    /// Compiles a pipeline whose text is not in a file, see [`Workspace::check_text`].
    ///
    /// # Errors
    /// Returns an error for every problem of the pipeline.
    pub fn compile_text(&self, file: &Path, text: &str, options: &Options) -> Result<Build> {
        compile::write(&self.project, self.check_text(file, text, options)?)
    }

    /// Removes the past runs that the settings do not keep, before a run that is then the newest.
    ///
    /// A run cannot do this at its end: it has no access to other runs. A run that cannot be removed
    /// stays for the next time.
    pub fn prune_runs(&self) {
        let Retention { keep, older_than } = self.project.settings.runs;
        if keep.is_none() && older_than.is_none() {
            return;
        }
        let layout = &self.project.layout;
        let logs = layout.logs_dir();
        let before = older_than.map(|age| Timestamp::now() - age);
        let runs = history::list(&logs).unwrap_or_default();
        for run in history::prunable(runs, keep.unwrap_or(1) - 1, before) {
            history::remove(&layout.base, &logs, run, false).ok();
        }
    }

    /// Checks that the project allows the drivers of a build and the permissions that its steps
    /// name. Connections are not resolved yet, so their values are not checked.
    ///
    /// # Errors
    /// Returns an error if a driver is missing, has changed or is denied, or if a permission
    /// exceeds a ceiling.
    pub fn admit(&self, manifest: &Manifest, configs: &BTreeMap<String, Value>) -> Result<()> {
        let policy = &self.project.settings.drivers;
        for step in &manifest.steps {
            let driver = load_pinned(&self.drivers, &step.driver)?;
            let config = configs.get(&step.id).unwrap_or(&Value::Null);
            policy.check_ceilings(Some(&step.id), &driver.spec, driver.built_in, config)?;
        }
        Ok(())
    }
}
