//! Turns the files that the host sent into a run.

use std::path::Path;
use std::{fs, io};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::fs::layout::{ProjectLayout, STATE_DIR};
use osiris_core::paths::ProjectPath;
use osiris_core::redact::Redactor;
use osiris_core::{canonical, yaml};
use osiris_engine::Engine;
use osiris_pipeline::compile;
use osiris_pipeline::connection::Secrets;
use osiris_pipeline::manifest::Manifest;
use osiris_registry::trust::Policy;
use osiris_runtime::run::{self, Job, Prepared, StateStore};
use osiris_runtime::session::files;

use crate::protocol::{Confidential, Plan};

/// A run that is ready to execute.
pub(super) struct PreparedRun {
    pub(super) plan: Plan,
    pub(super) manifest: Manifest,
    pub(super) prepared: Prepared,
    pub(super) redactor: Redactor,
}

/// Reads the plan, puts every file where a run expects it and compiles the drivers.
pub(super) fn prepare(
    plan: &Path,
    plan_sha256: &str,
    confidential: &Path,
    compiling: impl FnMut(&str),
) -> Result<PreparedRun> {
    let Confidential { configs, mut secrets } = read_once(confidential)?;
    let bytes = fs::read(plan).map_err(|error| unusable(plan, &error))?;
    if canonical::sha256(&bytes) != plan_sha256 {
        return Err(unusable(plan, "the file is not the one that the host sent"));
    }
    let plan: Plan = serde_json::from_slice(&bytes).map_err(|why| unusable(plan, why))?;
    let path = Path::new(files::MANIFEST);
    let manifest = compile::manifest(path, &yaml::parse(plan.manifest.as_bytes(), path)?)?;
    let engine = Engine::new()?;
    for (name, file) in &plan.compiled {
        // A driver whose compiled code cannot be imported is compiled here.
        if let Err(error) = engine.import_code(name, file) {
            tracing::warn!("{}: {error}", file.display());
        }
    }
    write_files(&plan, &manifest).map_err(|error| unusable(&plan.base, error))?;
    let catalog = DriverCatalog::from_files(&plan.drivers)?;
    for step in &manifest.steps {
        // Hosts of older versions do not send the secrets.
        if let Some(driver) = catalog.find(&step.driver.name)
            && let Some(config) = configs.get(&step.id)
            && !secrets.contains_key(&step.id)
        {
            secrets.insert(step.id.clone(), Secrets::declared(config, &driver.spec));
        }
    }
    let values = secrets.values().flat_map(|secrets| secrets.values.iter().cloned());
    let redactor = Redactor::new(values)?;
    let layout = ProjectLayout::new(&plan.base);
    let job = Job {
        base: plan.base.clone(),
        state: layout.state_dir(),
        spill: layout.tmp_dir(),
        limits: plan.limits.clone(),
        // The host has already checked that its policy allows the pinned drivers.
        policy: Policy::default(),
        allow_read: plan.allow_read.iter().filter_map(|path| ProjectPath::new(path).ok()).collect(),
        hosts: plan.hosts.clone(),
        manifest: manifest.clone(),
        configs,
        secrets,
    };
    let prepared = run::prepare(engine, &catalog, job, compiling)?;
    Ok(PreparedRun { plan, manifest, prepared, redactor })
}

/// Reads a file that is deleted before its content is read.
fn read_once(path: &Path) -> Result<Confidential> {
    let read = || {
        let mut file = fs::File::open(path)?;
        fs::remove_file(path)?;
        let mut text = String::new();
        io::Read::read_to_string(&mut file, &mut text)?;
        io::Result::Ok(text)
    };
    let text = read().map_err(|error| unusable(path, error))?;
    // The parser's message would reveal the content.
    serde_json::from_str(&text).map_err(|_| unusable(path, "the file is truncated or damaged"))
}

/// Puts inputs, directories and states where a run on the host's machine has them.
fn write_files(plan: &Plan, manifest: &Manifest) -> io::Result<()> {
    let below = |path: &str| match ProjectPath::new(path) {
        Ok(path) => Ok(plan.base.join(path)),
        Err(_) => Err(io::Error::other(format!("`{path}` is outside the base path"))),
    };
    for folder in &plan.folders {
        fs::create_dir_all(below(folder)?)?;
    }
    for (path, file) in &plan.inputs {
        let target = below(path)?;
        fs::create_dir_all(target.parent().unwrap_or(&plan.base))?;
        // Some file systems do not support hard links.
        fs::hard_link(file, &target).or_else(|_| fs::copy(file, &target).map(drop))?;
    }
    for path in &plan.in_the_way {
        let target = below(path)?;
        fs::create_dir_all(target.parent().unwrap_or(&plan.base))?;
        // An input that a step reads might exist already.
        fs::OpenOptions::new().append(true).create(true).open(&target)?;
    }
    let store = StateStore::new(&plan.base, Path::new(STATE_DIR), &manifest.pipeline.id);
    for step in &manifest.steps {
        if let Some(state) = plan.states.get(&step.id) {
            store.store(&step.id, state).map_err(io::Error::other)?;
        }
    }
    Ok(())
}

fn unusable(path: &Path, why: impl std::fmt::Display) -> Error {
    Error::environment(
        Diagnostic::new(Code::WorkerFailed, format!("cannot use the host's files: {why}"))
            .in_file(path),
    )
}
