//! Checks everything that can be checked before a run starts. A failure here has no side effects on
//! the run's data.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::driver::limits::Limits;
use osiris_core::driver::spec::{Spec, configured_paths};
use osiris_core::driver::{Content, DriverFile};
use osiris_core::paths::{self, AccessMode, Others, ProjectPath};
use osiris_engine::grants::Grants;
use osiris_engine::process_sandbox::{OutputDirs, ProcessSandbox};
use osiris_engine::{CompiledDriver, Driver, Engine, HiddenDirs};
use osiris_pipeline::connection::Secrets;
use osiris_pipeline::manifest::{DriverRef, Manifest};
use osiris_registry::trust::{AdmittedDriver, Policy};
use serde_json::Value;

use super::plan::{Task, plan};
use super::tables::StepTables;

/// The input of a run.
#[derive(Debug, Clone)]
pub struct Job {
    /// Base directory, which drivers see as `/`.
    pub base: PathBuf,
    /// Directory for the state that steps keep between runs.
    pub state: PathBuf,
    /// Directory for spilled tables.
    pub spill: PathBuf,
    /// Limits of the project.
    pub limits: Limits,
    /// The trust policy: allowed drivers and their maximum permissions.
    pub policy: Policy,
    /// Reserved project files that steps may read.
    pub allow_read: Vec<ProjectPath>,
    /// Addresses of hosts that are already resolved, by name in lower case.
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
    /// The manifest to run.
    pub manifest: Manifest,
    /// Configuration of each step, by step id.
    pub configs: BTreeMap<String, Value>,
    /// Secrets in each configuration, by step id.
    pub secrets: BTreeMap<String, Secrets>,
}

/// A job with compiled drivers and checked paths. Drivers are loaded when their step starts.
pub struct Prepared {
    pub(super) engine: Engine,
    pub(super) job: Job,
    pub(super) tasks: Vec<PreparedStep>,
    /// Output directories that already exist but are hidden from drivers.
    pub(super) folders: HiddenDirs,
    admitted: Vec<AdmittedDriver>,
    /// Tables of the program.
    pub(super) tables: StepTables,
}

/// A task with its compiled driver.
#[derive(Clone)]
pub(super) struct PreparedStep {
    pub(super) task: Task,
    pub(super) code: CompiledDriver,
    pub(super) limits: Limits,
    /// The driver once loaded, shared by all tasks that use it.
    driver: Arc<OnceLock<Driver>>,
}

impl PreparedStep {
    /// Loads the driver, unless another task has loaded it.
    ///
    /// # Errors
    /// Returns an error if the compiled code was damaged since the run was prepared.
    pub(super) fn driver(&self, engine: &Engine) -> Result<&Driver> {
        if self.driver.get().is_none() {
            // A driver that another thread has loaded meanwhile is just as good.
            self.driver.set(engine.link(&self.code)?).ok();
        }
        Ok(self.driver.wait())
    }
}

impl Prepared {
    /// Returns the Landlock rules for the run. Creates the directories of its outputs;
    /// [`OutputDirs::clear`] removes those that drivers did not use. `session` is the session's
    /// directory.
    pub fn sandbox(&mut self, session: &Path) -> (ProcessSandbox, OutputDirs) {
        let job = &self.job;
        let dirs = OutputDirs::new(&job.base);
        let mut sandbox = ProcessSandbox { ports: Some(Vec::new()), ..ProcessSandbox::default() };
        let tables = &self.tables.inputs;
        let runs_driver = |step: &&PreparedStep| !tables.contains_key(&step.task.step.id);
        for PreparedStep { task, code, .. } in self.tasks.iter().filter(runs_driver) {
            let grants = Grants::new(&code.spec, &task.config, &job.base, None);
            dirs.admit(&mut sandbox, code, &grants);
        }
        dirs.own(&mut sandbox, &job.spill);
        dirs.own(&mut sandbox, &job.state.join(&job.manifest.pipeline.id));
        sandbox.own.push(session.to_owned());
        self.folders = dirs.folders().clone();
        (sandbox, dirs)
    }

    /// Connects tables of the program to steps.
    ///
    /// # Errors
    /// Returns an error if a table belongs to no step, or to a step without such a table.
    pub fn connect(&mut self, tables: StepTables) -> Result<()> {
        tables.check(&self.tasks().collect::<Vec<_>>())?;
        self.tables = tables;
        Ok(())
    }

    /// Returns the job.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Returns the permissions of the step with index `index`. `artifacts` is the step's artifacts
    /// directory.
    pub fn grants(&self, index: usize, artifacts: Option<PathBuf>) -> Grants {
        let mut others = Others::default();
        for (other, PreparedStep { task, code, .. }) in self.tasks.iter().enumerate() {
            if other != index {
                let owned = |pointers| configured_paths(&task.config, pointers).map(str::to_owned);
                others.reads.extend(owned(&code.spec.files.read));
                others.writes.extend(owned(&code.spec.files.write));
            }
        }
        let PreparedStep { task, code, .. } = &self.tasks[index];
        Grants::new(&code.spec, &task.config, &self.job.base, artifacts)
            .allowing(&self.job.allow_read)
            .beside(others)
            .hiding(self.folders.clone())
            .knowing(self.job.hosts.clone())
    }

    /// Returns the size of all input files of the step with index `index`. Returns `None` if the
    /// step reads no file, or if a file cannot be found.
    pub(super) fn input_bytes(&self, index: usize) -> Option<u64> {
        let PreparedStep { task, code, .. } = &self.tasks[index];
        let size = |path: &str| std::fs::metadata(self.job.base.join(path)).ok();
        let mut sizes = configured_paths(&task.config, &code.spec.files.read).map(size).peekable();
        sizes.peek()?;
        sizes.try_fold(0_u64, |total, file| Some(total.saturating_add(file?.len())))
    }

    /// Returns each step's driver, in the order of the plan.
    pub fn drivers(&self) -> impl Iterator<Item = &CompiledDriver> {
        self.tasks.iter().map(|ready| &ready.code)
    }

    /// Returns each driver once, with its origin as far as known.
    pub fn admitted(&self) -> &[AdmittedDriver] {
        &self.admitted
    }

    /// Returns the engine that compiled the drivers.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Returns the tasks, in the order of the plan.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().map(|ready| &ready.task)
    }
}

/// Finds and compiles the drivers and checks every path. Drivers are not loaded until the run.
/// Calls `compiling` with the name of each driver that must be compiled, which takes a while.
///
/// # Errors
/// Returns an error if a driver is missing, has changed since the pipeline was compiled or is not
/// compatible with this host, or if a path leads outside the base directory.
pub fn prepare(
    engine: Engine,
    catalog: &DriverCatalog,
    job: Job,
    mut compiling: impl FnMut(&str),
) -> Result<Prepared> {
    let mut drivers: BTreeMap<DriverRef, (CompiledDriver, Arc<OnceLock<Driver>>, bool)> =
        BTreeMap::new();
    let (mut tasks, mut admitted) = (Vec::new(), Vec::new());
    for task in plan(&job.manifest, &job.configs)? {
        let driver_ref = &task.step.driver;
        let (code, driver, built_in) = match drivers.get(driver_ref) {
            Some(entry) => entry.clone(),
            None => {
                let (admission, code) = compile(&engine, catalog, driver_ref, &mut compiling)?;
                let entry = (code, Arc::default(), admission.built_in);
                drivers.insert(driver_ref.clone(), entry.clone());
                admitted.push(admission);
                entry
            }
        };
        check_task(&job, &task, &code.spec, built_in)?;
        let limits = job.limits.clone().clamped_by(&code.spec.bounds());
        tasks.push(PreparedStep { task, code, limits, driver });
    }
    Ok(Prepared {
        engine,
        job,
        tasks,
        folders: HiddenDirs::default(),
        admitted,
        tables: StepTables::default(),
    })
}

/// Checks that the paths which a step reads and writes stay below the base directory, and that the
/// permissions of its driver stay within the project's ceilings.
///
/// # Errors
/// Returns an error if a path leads outside or a permission exceeds a ceiling.
pub fn check_task(job: &Job, task: &Task, spec: &Spec, built_in: bool) -> Result<()> {
    check_paths(job, task, spec)?;
    job.policy.check_ceilings(Some(&task.step.id), spec, built_in, &task.config)
}

fn check_paths(job: &Job, task: &Task, spec: &Spec) -> Result<()> {
    let writes =
        configured_paths(&task.config, &spec.files.write).map(|path| (path, AccessMode::Write));
    let reads =
        configured_paths(&task.config, &spec.files.read).map(|path| (path, AccessMode::Read));
    for (path, access) in writes.chain(reads) {
        paths::check(&job.base, path, access, &job.allow_read).map_err(|refusal| {
            Error::invalid(refusal.into_problem(&format!("step `{}`", task.step.id)))
        })?;
    }
    Ok(())
}

/// Finds the driver that a step was compiled against, if the project's policy allows it.
///
/// # Errors
/// Returns an error if the driver is missing, has changed or is denied by the policy.
pub fn load_pinned(catalog: &DriverCatalog, driver_ref: &DriverRef) -> Result<AdmittedDriver> {
    Ok(admit(catalog, driver_ref)?.0)
}

fn compile(
    engine: &Engine,
    catalog: &DriverCatalog,
    driver_ref: &DriverRef,
    compiling: &mut impl FnMut(&str),
) -> Result<(AdmittedDriver, CompiledDriver)> {
    let (admission, file, content) = admit(catalog, driver_ref)?;
    let code = engine.code(file, content, || compiling(&driver_ref.name))?;
    Ok((admission, code))
}

/// Finds an allowed driver. Also returns its file, and the bytes that were checked.
fn admit<'r>(
    catalog: &'r DriverCatalog,
    driver_ref: &DriverRef,
) -> Result<(AdmittedDriver, &'r DriverFile, &'r Content)> {
    let file = catalog
        .find(&driver_ref.name)
        .ok_or_else(|| catalog.missing_driver_error(&driver_ref.name))?;
    let content = catalog.verified_content(file)?;
    check_pin(file, &content.sha256, driver_ref)?;
    Ok((AdmittedDriver::of(file, &content.bytes, &content.sha256)?, file, content))
}

fn check_pin(file: &DriverFile, sha256: &str, driver_ref: &DriverRef) -> Result<()> {
    if sha256 == driver_ref.sha256 {
        return Ok(());
    }
    let message = format!(
        "driver `{}` has changed since the pipeline was compiled: its sha256 is {sha256}, not {}",
        driver_ref.name, driver_ref.sha256
    );
    Err(Error::environment(
        Diagnostic::new(Code::DriverChanged, message)
            .in_file(&file.path)
            .help("compile the pipeline again with `osiris compile`, or restore the old driver"),
    ))
}
