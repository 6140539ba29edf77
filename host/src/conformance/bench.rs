//! What the checks work with: the driver, its cases, and how they are run.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::cases::{Case, Cases};
use super::check::{Missed, skip};
use super::place::Place;
use super::pretend::Unreachable;
use super::trial::{self, Outcome, Trial};
use crate::canonical;
use crate::connection::{Connections, Environment, REFERENCE, Reference, Secrets};
use crate::driver::limits::Limits;
use crate::driver::registry::Registry;
use crate::driver::spec::{Mode, Spec, SpecFault};
use crate::driver::{Content, Driver, DriverFile, Engine};
use crate::problem::{Error, Problem, Result};

/// What is to be checked, and with what. Holds secrets.
pub struct Subject {
    /// The component.
    pub file: PathBuf,
    /// What it is run with beside its own examples.
    pub cases: Option<Cases>,
    /// An earlier version of the driver.
    pub previous: Option<PathBuf>,
    /// The connection that it may use.
    pub reference: Option<Reference>,
    /// All connections.
    pub connections: Connections,
    /// Where their variables come from.
    pub environment: Environment,
    /// The project, whose certificates a connection may name.
    pub project: PathBuf,
    /// The project's limits.
    pub limits: Limits,
    /// Where the drivers are that read back what was written.
    pub registry: Registry,
}

/// See the module.
pub(super) struct Bench {
    pub(super) path: PathBuf,
    pub(super) spec: Option<Arc<Spec>>,
    /// The spec as it is written; null if it is not there.
    pub(super) raw: Value,
    pub(super) faults: Vec<SpecFault>,
    /// Why nothing can be read of it.
    pub(super) broken: Option<Problem>,
    pub(super) file: Option<DriverFile>,
    pub(super) reference: Option<Reference>,
    pub(super) previous: Option<Arc<Spec>>,
    pub(super) engine: Engine,
    /// See `Probe` of the commands: dropping it would wait for look-ups of names.
    pub(super) runtime: ManuallyDrop<Runtime>,
    pub(super) subject: Subject,
    pub(super) cases: Vec<Case>,
    loaded: OnceLock<Result<Loaded, Problem>>,
    normal: [OnceLock<Result<Normal, Missed>>; 3],
    pub(super) unreachable: OnceLock<Result<Unreachable, Missed>>,
}

/// A driver that can run.
pub(super) struct Loaded {
    pub(super) driver: Driver,
    /// How long it took to compile; none if it was compiled before.
    pub(super) compiling: Option<Duration>,
}

/// What a driver does when all is well.
pub(super) struct Normal {
    pub(super) case: Case,
    pub(super) outcome: Outcome,
    pub(super) left: Left,
    /// The files before.
    pub(super) before: BTreeMap<String, String>,
}

/// What lies there after a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Left {
    /// The hash of each file, by its path.
    pub(super) files: BTreeMap<String, String>,
    /// What the case reads back.
    pub(super) rows: Option<Vec<RecordBatch>>,
}

impl Left {
    /// The files that are other than they were, or are there only now or only before.
    pub(super) fn changed<'l>(&'l self, before: &'l Self) -> Vec<&'l str> {
        let gone = before.files.keys().filter(|name| !self.files.contains_key(*name));
        let other = self.files.iter().filter(|(name, hash)| before.files.get(*name) != Some(hash));
        other.map(|(name, _)| name).chain(gone).map(String::as_str).collect()
    }
}

impl Bench {
    /// Looks at a driver without running it.
    ///
    /// # Errors
    /// The file cannot be read, or a case does not fit the driver.
    pub(super) fn new(mut subject: Subject) -> Result<Self> {
        let runtime = Runtime::new().map_err(|error| {
            Error::environment(Problem::new("runtime", format!("cannot start: {error}")))
        })?;
        let previous = subject.previous.as_deref().map(DriverFile::read).transpose()?;
        let mut bench = Self {
            path: subject.file.clone(),
            spec: None,
            raw: Value::Null,
            faults: Vec::new(),
            broken: None,
            file: None,
            reference: subject.reference.clone(),
            previous: previous.map(|file| file.spec),
            engine: Engine::new()?,
            runtime: ManuallyDrop::new(runtime),
            cases: subject.cases.take().map(|cases| cases.cases).unwrap_or_default(),
            subject,
            loaded: OnceLock::new(),
            normal: Default::default(),
            unreachable: OnceLock::new(),
        };
        bench.look()?;
        // A spec that is wrong would have the cases blamed.
        if bench.faults.is_empty() {
            bench.check_cases()?;
        }
        Ok(bench)
    }

    fn look(&mut self) -> Result<()> {
        let examined = DriverFile::spec_text(&self.path).and_then(|text| {
            self.raw = crate::yaml::parse(&text, &self.path)?.to_json();
            Spec::examine(&text, &self.path)
        });
        match examined {
            Ok((spec, faults)) => (self.spec, self.faults) = (spec.map(Arc::new), faults),
            Err(error) if error.exit == crate::problem::Exit::Environment => return Err(error),
            Err(error) => self.broken = error.problems.into_iter().next(),
        }
        self.file = DriverFile::read(&self.path).ok();
        Ok(())
    }

    /// The spec; checks that ask for it need one.
    pub(super) fn spec(&self) -> Result<&Spec, Missed> {
        self.spec.as_deref().ok_or_else(|| skip("the spec cannot be read"))
    }

    /// The compiled driver, if it loads.
    pub(super) fn loaded(&self) -> Result<&Loaded, Problem> {
        let load = || {
            let Some(file) = &self.file else {
                let spec = Problem::new("invalid_spec", "the spec cannot be used");
                return Err(self.broken.clone().unwrap_or(spec));
            };
            let (started, mut compiled) = (Instant::now(), false);
            // Its author tests it, so no rule of a project is asked.
            DriverFile::bytes(&file.path)
                .and_then(|bytes| {
                    let sha256 = canonical::sha256(&bytes);
                    self.engine.load(file, &bytes, sha256, || compiled = true)
                })
                .map(|driver| Loaded { driver, compiling: compiled.then(|| started.elapsed()) })
                .map_err(|error| error.problems[0].clone())
        };
        self.loaded.get_or_init(load).as_ref().map_err(Clone::clone)
    }

    pub(super) fn driver(&self) -> Option<&Driver> {
        self.loaded().ok().map(|loaded| &loaded.driver)
    }

    /// What the driver may use.
    pub(super) fn limits(&self) -> Result<Limits, Missed> {
        Ok(self.subject.limits.clone().tightened(&self.spec()?.bounds()))
    }

    /// Runs it.
    pub(super) fn run(&self, place: &Place, trial: Trial) -> Result<Outcome, Missed> {
        let driver = self.driver().ok_or_else(|| skip("the component does not load"))?;
        Ok(self.runtime.block_on(trial::run(&self.engine, driver, self.limits()?, place, trial)))
    }

    /// What lies in a place after a call.
    pub(super) fn left(&self, place: &Place, case: &Case) -> Result<Left, Missed> {
        let rows = match &case.read_back {
            None => None,
            Some(reader) => {
                let broken = |error: Error| skip(format!("it cannot be read back: {error}"));
                let Subject { registry, .. } = &self.subject;
                let found = registry.find(&reader.driver);
                let file = found.ok_or_else(|| registry.missing(&reader.driver)).map_err(broken)?;
                let Content { bytes, sha256 } = registry.load(file).map_err(broken)?;
                let driver = self.engine.load(file, bytes, sha256.clone(), || {});
                let driver = driver.map_err(broken)?;
                let config = self.complete(&reader.config, &file.spec).map_err(skip)?;
                let mut trial = Trial { mode: Mode::Extract, config, ..self.trial(case)? };
                trial.inputs.clear();
                let limits = self.limits()?;
                let run = trial::run(&self.engine, &driver, limits, place, trial);
                // What is not there has no rows.
                Some(self.runtime.block_on(run).table.map(|(_, rows)| rows).unwrap_or_default())
            }
        };
        Ok(Left { files: place.files(), rows })
    }

    /// What the first case of a mode does. Skips if that does not end well, which a
    /// check of its own tells.
    pub(super) fn normal(&self, mode: Mode) -> Result<&Normal, Missed> {
        let index = match mode {
            Mode::Extract => 0,
            Mode::Transform => 1,
            _ => 2,
        };
        self.normal[index].get_or_init(|| self.ordinary(mode)).as_ref().map_err(Clone::clone)
    }

    fn ordinary(&self, mode: Mode) -> Result<Normal, Missed> {
        let why = || self.without_case(mode).unwrap_or_default();
        let case = self.plain(mode).ok_or_else(|| skip(why()))?;
        let place = self.place(&case)?;
        let before = place.files();
        let outcome = self.run(&place, self.trial(&case)?)?;
        if let Some(failure) = outcome.failure() {
            return Err(skip(format!("{}: {failure}", case.name)));
        }
        let left = self.left(&place, &case)?;
        Ok(Normal { case, outcome, left, before })
    }

    /// What all first cases do, of the modes that have one and end well.
    pub(super) fn normals(&self) -> Vec<&Normal> {
        [Mode::Extract, Mode::Transform, Mode::Write]
            .into_iter()
            .filter_map(|mode| self.normal(mode).ok())
            .collect()
    }

    /// The values that must not be shown.
    pub(super) fn secrets(&self) -> Vec<String> {
        let config = self.base().and_then(|case| self.config(&case).ok());
        let config = config.or_else(|| self.connected().ok().flatten());
        let (Some(spec), Some(mut config)) = (&self.spec, config) else { return Vec::new() };
        if let Some(reference) = &self.reference {
            config[REFERENCE] = reference.to_string().into();
        }
        let Subject { connections, environment, .. } = &self.subject;
        Secrets::find(&config, spec, connections, environment).values.into_iter().collect()
    }
}
