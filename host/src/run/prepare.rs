//! Everything that can be checked before a run starts: nothing has happened
//! yet when one of these fails.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use super::plan::{Task, plan};
use crate::connection::Secrets;
use crate::driver::grants::{Grants, paths};
use crate::driver::limits::Limits;
use crate::driver::registry::Registry;
use crate::driver::spec::Spec;
use crate::driver::{Code, Content, Driver, DriverFile, Engine, Folders};
use crate::fence::{Fence, Ground};
use crate::manifest::{DriverRef, Manifest};
use crate::paths::{self, AccessMode, Others, ProjectPath};
use crate::problem::{Error, Problem, Result};
use crate::trust::{Admission, Policy};

/// What is to be run, and where.
#[derive(Debug, Clone)]
pub struct Job {
    /// The folder that drivers see as `/`.
    pub base: PathBuf,
    /// Where steps keep state between runs.
    pub state: PathBuf,
    /// Where tables spill to.
    pub spill: PathBuf,
    /// The project's limits.
    pub limits: Limits,
    /// Which drivers are let in, and how far.
    pub policy: Policy,
    /// Reserved files of the project that steps may read.
    pub allow_read: Vec<ProjectPath>,
    /// Addresses of hosts that are known already, by name in lower case.
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
    /// What to run.
    pub manifest: Manifest,
    /// The configuration of each step.
    pub configs: BTreeMap<String, Value>,
    /// The secrets in each of them.
    pub secrets: BTreeMap<String, Secrets>,
}

/// A job whose drivers are compiled and whose paths are sound. No driver is loaded yet.
pub struct Prepared {
    pub(super) engine: Engine,
    pub(super) job: Job,
    pub(super) tasks: Vec<Ready>,
    /// Folders that are made already and that no driver sees yet.
    pub(super) folders: Folders,
    admitted: Vec<Admission>,
}

/// A task with its driver.
#[derive(Clone)]
pub(super) struct Ready {
    pub(super) task: Task,
    pub(super) code: Code,
    pub(super) limits: Limits,
    /// The driver once it is loaded, for all tasks that have it.
    driver: Arc<OnceLock<Driver>>,
}

impl Ready {
    /// Loads the driver, unless another task has.
    ///
    /// # Errors
    /// Returns an error if its code was damaged since the run was prepared.
    pub(super) fn driver(&self, engine: &Engine) -> Result<&Driver> {
        if self.driver.get().is_none() {
            // One that another thread has loaded meanwhile is as good.
            self.driver.set(engine.link(&self.code)?).ok();
        }
        Ok(self.driver.wait())
    }
}

impl Prepared {
    /// What the run needs of this machine; the folders of its outputs are there afterwards,
    /// and gone with [`Ground::clear`]. `session` is the session's own folder.
    pub fn fence(&mut self, session: &Path) -> (Fence, Ground) {
        let job = &self.job;
        let ground = Ground::new(&job.base);
        let mut fence = Fence { ports: Some(Vec::new()), ..Fence::default() };
        for Ready { task, code, .. } in &self.tasks {
            let grants = Grants::new(&code.spec, &task.config, &job.base, None);
            ground.admit(&mut fence, code, &grants);
        }
        ground.own(&mut fence, &job.spill);
        ground.own(&mut fence, &job.state.join(&job.manifest.pipeline.id));
        fence.own.push(session.to_owned());
        self.folders = ground.folders().clone();
        (fence, ground)
    }

    /// What is run.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// What a step may touch, by its place in the plan. `artifacts` is its own folder.
    pub fn grants(&self, index: usize, artifacts: Option<PathBuf>) -> Grants {
        let mut others = Others::default();
        for (other, Ready { task, code, .. }) in self.tasks.iter().enumerate() {
            if other != index {
                let owned = |pointers| paths(&task.config, pointers).map(str::to_owned);
                others.reads.extend(owned(&code.spec.files.read));
                others.writes.extend(owned(&code.spec.files.write));
            }
        }
        let Ready { task, code, .. } = &self.tasks[index];
        Grants::new(&code.spec, &task.config, &self.job.base, artifacts)
            .allowing(&self.job.allow_read)
            .beside(others)
            .hiding(self.folders.clone())
            .knowing(self.job.hosts.clone())
    }

    /// Each step's driver, in the order of the plan.
    pub fn drivers(&self) -> impl Iterator<Item = &Code> {
        self.tasks.iter().map(|ready| &ready.code)
    }

    /// Each driver once, with what is known of its origin.
    pub fn admitted(&self) -> &[Admission] {
        &self.admitted
    }

    /// What compiled the drivers.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The steps, in the order of the plan.
    pub fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().map(|ready| &ready.task)
    }
}

/// Finds and compiles the drivers and checks every path. Nothing of a driver is loaded
/// before the run. `compiling` is told the name of each driver that has to be compiled,
/// which takes a while.
///
/// # Errors
/// A driver is missing, is not the one that was compiled against, or does not
/// fit; a path leads outside the base path.
pub fn prepare(
    engine: Engine,
    registry: &Registry,
    job: Job,
    mut compiling: impl FnMut(&str),
) -> Result<Prepared> {
    let mut drivers: BTreeMap<DriverRef, (Code, Arc<OnceLock<Driver>>, bool)> = BTreeMap::new();
    let (mut tasks, mut admitted) = (Vec::new(), Vec::new());
    for task in plan(&job.manifest, &job.configs)? {
        let wanted = &task.step.driver;
        let (code, driver, built_in) = match drivers.get(wanted) {
            Some(known) => known.clone(),
            None => {
                let (admission, code) = compile(&engine, registry, wanted, &mut compiling)?;
                let known = (code, Arc::default(), admission.built_in);
                drivers.insert(wanted.clone(), known.clone());
                admitted.push(admission);
                known
            }
        };
        check_task(&job, &task, &code.spec, built_in)?;
        let limits = job.limits.clone().tightened(&code.spec.bounds());
        tasks.push(Ready { task, code, limits, driver });
    }
    Ok(Prepared { engine, job, tasks, folders: Folders::default(), admitted })
}

/// Checks that what a step reads and writes stays below the base path, and what
/// its driver would be given below the project's ceilings.
///
/// # Errors
/// A path that leads outside, or a right that is beyond a ceiling.
pub fn check_task(job: &Job, task: &Task, spec: &Spec, built_in: bool) -> Result<()> {
    check_paths(job, task, spec)?;
    job.policy.check_call(Some(&task.step.id), spec, built_in, &task.config)
}

fn check_paths(job: &Job, task: &Task, spec: &Spec) -> Result<()> {
    let written = paths(&task.config, &spec.files.write).map(|path| (path, AccessMode::Write));
    let read = paths(&task.config, &spec.files.read).map(|path| (path, AccessMode::Read));
    for (path, access) in written.chain(read) {
        paths::check(&job.base, path, access, &job.allow_read).map_err(|refusal| {
            Error::invalid(refusal.into_problem(&format!("step `{}`", task.step.id)))
        })?;
    }
    Ok(())
}

/// The driver that a step was compiled against, if the project lets it in.
///
/// # Errors
/// It is missing, another one is in its place, or the project keeps it out.
pub fn pinned(registry: &Registry, wanted: &DriverRef) -> Result<Admission> {
    Ok(admit(registry, wanted)?.0)
}

fn compile(
    engine: &Engine,
    registry: &Registry,
    wanted: &DriverRef,
    compiling: &mut impl FnMut(&str),
) -> Result<(Admission, Code)> {
    let (admission, file, bytes) = admit(registry, wanted)?;
    let code = engine.code(file, bytes, admission.sha256.clone(), || compiling(&wanted.name))?;
    Ok((admission, code))
}

/// With the file, and its bytes as they were looked at.
fn admit<'r>(
    registry: &'r Registry,
    wanted: &DriverRef,
) -> Result<(Admission, &'r DriverFile, &'r [u8])> {
    let file = registry.find(&wanted.name).ok_or_else(|| registry.missing(&wanted.name))?;
    let Content { bytes, sha256 } = registry.load(file)?;
    same(file, sha256, wanted)?;
    Ok((Admission::of(file, bytes, sha256)?, file, bytes))
}

fn same(file: &DriverFile, sha256: &str, wanted: &DriverRef) -> Result<()> {
    if sha256 == wanted.sha256 {
        return Ok(());
    }
    let message = format!(
        "the driver `{}` is not the one that the pipeline was compiled against: its sha256 is {sha256}, not {}",
        wanted.name, wanted.sha256
    );
    Err(Error::environment(
        Problem::new("driver_changed", message)
            .in_file(&file.path)
            .help("compile the pipeline again with `osiris compile`, or put the old driver back"),
    ))
}
