//! What the checks work with: the driver, its cases, and how they are run.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::cases::{Case, Cases, Given};
use super::check::{Missed, skip};
use super::data;
use super::place::Place;
use super::pretend::Unreachable;
use super::trial::{self, End, Feed, Outcome, Trial};
use crate::connection::{self, Connections, Environment, REFERENCE, RESOLVED, Reference};
use crate::driver::grants::paths;
use crate::driver::limits::Limits;
use crate::driver::registry::Registry;
use crate::driver::spec::{Mode, Spec, SpecFault};
use crate::driver::{Driver, DriverFile, Engine};
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
    subject: Subject,
    cases: Vec<Case>,
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
        bench.check_cases()?;
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

    /// A configuration that does not fit is the case's fault, not the driver's.
    fn check_cases(&self) -> Result<()> {
        let Some(spec) = &self.spec else { return Ok(()) };
        for case in &self.cases {
            let wrong = |why: String| {
                let message = format!("The case '{}': {why}", case.name);
                Error::invalid(Problem::new("invalid_cases", message).help(format!(
                    "see `osiris drivers inspect {}` for what the driver takes",
                    self.path.display()
                )))
            };
            if !spec.modes.contains(&case.mode) {
                return Err(wrong(format!("{} has no such mode", spec.name)));
            }
            if self.cannot_connect() {
                continue;
            }
            self.config(case).map_err(|missed| match missed {
                Missed::Failed(why) | Missed::Skipped(why) => wrong(why),
            })?;
        }
        Ok(())
    }

    fn cannot_connect(&self) -> bool {
        self.reference.is_none() && self.spec.as_ref().is_some_and(|spec| spec.requires_connection())
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
            file.load()
                .and_then(|(bytes, sha256)| {
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

    /// The cases of a mode that can be run here.
    pub(super) fn cases(&self, mode: Mode) -> Vec<Case> {
        let Some(spec) = self.spec.as_ref().filter(|_| !self.cannot_connect()) else {
            return Vec::new();
        };
        let own: Vec<_> = self.cases.iter().filter(|case| case.mode == mode).cloned().collect();
        if !own.is_empty() || !spec.modes.contains(&mode) || spec.requires_connection() {
            return own;
        }
        // What an example reads is not here.
        let mut examples: Vec<Case> = spec
            .examples
            .iter()
            .map(|example| Case::of(example, mode))
            .filter(|case| paths(&json!(case.config), &spec.files.read).next().is_none())
            .collect();
        let empty = Case::new("its defaults".to_owned(), mode, serde_json::Map::new());
        if spec.examples.is_empty() && self.config(&empty).is_ok() {
            examples.push(empty);
        }
        examples
    }

    fn plain(&self, mode: Mode) -> Option<Case> {
        self.cases(mode).into_iter().find(Case::is_plain)
    }

    /// Why there is no case of a mode.
    pub(super) fn without_case(&self, mode: Mode) -> Option<String> {
        let spec = self.spec.as_ref()?;
        if !spec.modes.contains(&mode) {
            return Some("the driver has no such mode".to_owned());
        }
        if self.cannot_connect() {
            return Some("needs --connection".to_owned());
        }
        let none = "no case of this mode: give one with --cases";
        self.plain(mode).is_none().then(|| none.to_owned())
    }

    /// The first case that can be run.
    pub(super) fn base(&self) -> Option<Case> {
        [Mode::Extract, Mode::Transform, Mode::Write].into_iter().find_map(|mode| self.plain(mode))
    }

    /// The first case that takes rows.
    pub(super) fn taker(&self) -> Option<Case> {
        [Mode::Transform, Mode::Write].into_iter().find_map(|mode| self.plain(mode))
    }

    /// What a driver is given for a case.
    pub(super) fn config(&self, case: &Case) -> Result<Value, Missed> {
        let spec = self.spec()?;
        self.complete(&case.config, spec).map_err(Missed::Failed)
    }

    fn complete(
        &self,
        config: &serde_json::Map<String, Value>,
        spec: &Spec,
    ) -> Result<Value, String> {
        let mut config = config.clone();
        config.remove(REFERENCE);
        let mine = self.reference.as_ref().filter(|reference| reference.family == spec.family());
        let mut config = match mine.filter(|_| !spec.connection_fields.is_empty()) {
            None => Value::Object(config),
            Some(reference) => {
                config.insert(REFERENCE.to_owned(), reference.to_string().into());
                let Subject { connections, environment, .. } = &self.subject;
                let config = Value::Object(config);
                let mut whole =
                    connection::complete("the configuration", &config, spec, connections, environment)
                        .map_err(|error| error.problems[0].message.clone())?;
                if let Some(fields) = whole.as_object_mut() {
                    fields.remove(REFERENCE);
                }
                whole
            }
        };
        let schema = spec.schema()?;
        schema.fill(&mut config);
        match schema.check(&config).first() {
            None => Ok(config),
            Some(finding) => Err(finding.message.clone()),
        }
    }

    /// A configuration of nothing but the connection.
    pub(super) fn connected(&self) -> Result<Option<Value>, Missed> {
        let (spec, Some(reference)) = (self.spec()?, &self.reference) else { return Ok(None) };
        let Subject { connections, environment, .. } = &self.subject;
        let mut config = connection::connect(reference, spec, connections, environment)
            .map_err(|error| skip(error.problems[0].message.clone()))?;
        if let Some(fields) = config.as_object_mut() {
            fields.remove(REFERENCE);
        }
        Ok(Some(config))
    }

    /// A project with a case's files.
    pub(super) fn place(&self, case: &Case) -> Result<Place, Missed> {
        self.place_of(case, 1)
    }

    /// The same with files that are smaller by a factor.
    pub(super) fn place_of(&self, case: &Case, shrink: u64) -> Result<Place, Missed> {
        let broken = |error: std::io::Error| skip(format!("its files cannot be written: {error}"));
        let place = Place::new(&case.files, shrink).map_err(broken)?;
        // A connection's certificates are the project's own.
        if let Some(config) = self.connected()? {
            for path in paths(&config, &self.spec()?.files.read) {
                let to = place.base().join(path);
                std::fs::create_dir_all(to.parent().unwrap_or(place.base()))
                    .and_then(|()| std::fs::copy(self.subject.project.join(path), to))
                    .map_err(broken)?;
            }
        }
        Ok(place)
    }

    /// What the driver may use.
    pub(super) fn limits(&self) -> Result<Limits, Missed> {
        Ok(self.subject.limits.tightened(&self.spec()?.limits))
    }

    /// Runs it.
    pub(super) fn run(&self, place: &Place, trial: Trial) -> Result<Outcome, Missed> {
        let driver = self.driver().ok_or_else(|| skip("the component does not load"))?;
        Ok(self.runtime.block_on(trial::run(&self.engine, driver, self.limits()?, place, trial)))
    }

    /// What a case asks of the driver.
    pub(super) fn trial(&self, case: &Case) -> Result<Trial, Missed> {
        Ok(Trial {
            mode: case.mode,
            config: self.config(case)?,
            inputs: feeds(case, End::Well),
            cancel_at: None,
            state: None,
            share: None,
            keep: true,
        })
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
                let (bytes, sha256) = file.load().map_err(broken)?;
                let driver = self.engine.load(file, &bytes, sha256, || {}).map_err(broken)?;
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
        match (&self.spec, config) {
            (Some(spec), Some(config)) => connection::secrets(&config, spec),
            _ => Vec::new(),
        }
    }
}

/// The tables of a case. What does not end well has other rows: they must not arrive.
pub(super) fn feeds(case: &Case, end: End) -> Vec<Feed> {
    let from = |given: &Given| if end == End::Well { 0 } else { given.rows };
    let feed = |given: &Given| Feed {
        name: given.name.clone(),
        schema: given.schema.clone(),
        batches: Box::new(std::iter::once(data::batch(&given.schema, from(given), given.rows))),
        end,
    };
    case.inputs.iter().map(feed).collect()
}

/// The part of a configuration that a driver's doctor is told.
pub(super) fn connection_of(config: &Value) -> Value {
    config.get(RESOLVED).cloned().unwrap_or_else(|| json!({}))
}
