//! Everything that can be checked before a run starts: nothing has happened
//! yet when one of these fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::plan::{Task, plan};
use crate::connection::Secrets;
use crate::driver::grants::{check_path, check_written, paths};
use crate::driver::limits::Limits;
use crate::driver::network::endpoints;
use crate::driver::registry::Registry;
use crate::driver::spec::Spec;
use crate::driver::{Content, Driver, DriverFile, Engine};
use crate::fence::Fence;
use crate::manifest::{DriverRef, Manifest};
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
    /// What to run.
    pub manifest: Manifest,
    /// The configuration of each step.
    pub configs: BTreeMap<String, Value>,
    /// The secrets in each of them.
    pub secrets: BTreeMap<String, Secrets>,
}

/// A job whose drivers are compiled and whose paths are sound.
pub struct Prepared {
    pub(super) engine: Engine,
    pub(super) job: Job,
    pub(super) tasks: Vec<Ready>,
    admitted: Vec<Admission>,
}

/// A task with its driver.
#[derive(Clone)]
pub(super) struct Ready {
    pub(super) task: Task,
    pub(super) driver: Driver,
    pub(super) limits: Limits,
}

impl Prepared {
    /// What the run needs of this machine.
    pub fn fence(&self) -> Fence {
        let dials =
            self.tasks.iter().flat_map(|ready| endpoints(&ready.driver.spec, &ready.task.config));
        Fence {
            own: vec![self.job.base.clone()],
            read: Vec::new(),
            ports: Some(dials.map(|endpoint| endpoint.port).collect()),
        }
    }

    /// What is run.
    pub fn job(&self) -> &Job {
        &self.job
    }

    /// Each step's driver, in the order of the plan.
    pub fn drivers(&self) -> impl Iterator<Item = &Driver> {
        self.tasks.iter().map(|ready| &ready.driver)
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

/// Finds and compiles the drivers and checks every path. `compiling` is told
/// the name of each driver that has to be compiled, which takes a while.
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
    let mut drivers: BTreeMap<DriverRef, (Driver, bool)> = BTreeMap::new();
    let (mut tasks, mut admitted) = (Vec::new(), Vec::new());
    for task in plan(&job.manifest, &job.configs)? {
        let wanted = &task.step.driver;
        let (driver, built_in) = match drivers.get(wanted) {
            Some(known) => known.clone(),
            None => {
                let (admission, driver) = load(&engine, registry, wanted, &mut compiling)?;
                let known = (driver, admission.built_in);
                drivers.insert(wanted.clone(), known.clone());
                admitted.push(admission);
                known
            }
        };
        check_task(&job, &task, &driver.spec, built_in)?;
        let limits = job.limits.clone().tightened(&driver.spec.bounds());
        tasks.push(Ready { task, driver, limits });
    }
    Ok(Prepared { engine, job, tasks, admitted })
}

/// Checks that what a step reads and writes stays below the base path, and what
/// its driver would be given below the project's ceilings.
///
/// # Errors
/// A path that leads outside, or a right that is beyond a ceiling.
pub fn check_task(job: &Job, task: &Task, spec: &Spec, built_in: bool) -> Result<()> {
    check_paths(&job.base, task, spec)?;
    job.policy.check_call(Some(&task.step.id), spec, built_in, &task.config)
}

fn check_paths(base: &Path, task: &Task, spec: &Spec) -> Result<()> {
    let problem = |code, why| Problem::new(code, format!("step `{}`: {why}", task.step.id));
    for path in paths(&task.config, &spec.files.write) {
        check_written(path).map_err(|why| {
            let help = "name a file elsewhere in the project, like output/data.csv";
            Error::invalid(problem("path_reserved", why).help(help))
        })?;
    }
    let written = paths(&task.config, &spec.files.write);
    for path in paths(&task.config, &spec.files.read).chain(written) {
        check_path(base, path).map_err(|why| Error::invalid(problem("path_outside", why)))?;
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

fn load(
    engine: &Engine,
    registry: &Registry,
    wanted: &DriverRef,
    compiling: &mut impl FnMut(&str),
) -> Result<(Admission, Driver)> {
    let (admission, file, bytes) = admit(registry, wanted)?;
    let driver = engine.load(file, bytes, admission.sha256.clone(), || compiling(&wanted.name))?;
    Ok((admission, driver))
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
