//! Everything that can be checked before a run starts: nothing has happened
//! yet when one of these fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::plan::{Task, plan};
use crate::driver::grants::{check_path, check_written, paths};
use crate::driver::limits::Limits;
use crate::driver::network::endpoints;
use crate::driver::registry::Registry;
use crate::driver::spec::Spec;
use crate::driver::{Driver, DriverFile, Engine};
use crate::fence::Fence;
use crate::manifest::{DriverRef, Manifest};
use crate::problem::{Error, Problem, Result};

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
    /// What to run.
    pub manifest: Manifest,
    /// The configuration of each step.
    pub configs: BTreeMap<String, Value>,
}

/// A job whose drivers are compiled and whose paths are sound.
pub struct Prepared {
    pub(super) engine: Engine,
    pub(super) job: Job,
    pub(super) tasks: Vec<Ready>,
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
    let mut drivers: BTreeMap<DriverRef, Driver> = BTreeMap::new();
    let mut tasks = Vec::new();
    for task in plan(&job.manifest, &job.configs)? {
        let wanted = &task.step.driver;
        let driver = match drivers.get(wanted) {
            Some(driver) => driver.clone(),
            None => {
                let driver = load(&engine, registry, wanted, &mut compiling)?;
                drivers.insert(wanted.clone(), driver.clone());
                driver
            }
        };
        check_paths(&job.base, &task, &driver.spec)?;
        let limits = job.limits.clone().tightened(&driver.spec.bounds());
        tasks.push(Ready { task, driver, limits });
    }
    Ok(Prepared { engine, job, tasks })
}

/// Checks that what a step reads and writes stays below the base path.
///
/// # Errors
/// A path that leads outside.
pub fn check_paths(base: &Path, task: &Task, spec: &Spec) -> Result<()> {
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

/// The driver that a step was compiled against.
///
/// # Errors
/// It is missing, or another one is in its place.
pub fn pinned<'r>(registry: &'r Registry, wanted: &DriverRef) -> Result<&'r DriverFile> {
    let file = registry.find(&wanted.name).ok_or_else(|| registry.missing(&wanted.name))?;
    same(file, file.sha256()?, wanted)?;
    Ok(file)
}

fn load(
    engine: &Engine,
    registry: &Registry,
    wanted: &DriverRef,
    compiling: &mut impl FnMut(&str),
) -> Result<Driver> {
    let file = registry.find(&wanted.name).ok_or_else(|| registry.missing(&wanted.name))?;
    let (bytes, sha256) = file.load()?;
    same(file, &sha256, wanted)?;
    engine.load(file, &bytes, sha256, || compiling(&wanted.name))
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
