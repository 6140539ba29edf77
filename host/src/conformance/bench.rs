//! What the checks work with: the driver, its cases, and how they are run.

use std::collections::BTreeMap;
use std::io;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::cases::{Case, Cases};
use super::check::{Check, Missed, skip};
use super::place::Place;
use super::pretend::Unreachable;
use super::server::Held;
use super::trial::{self, Outcome, Trial};
use crate::canonical;
use crate::connection::{Connections, Environment, REFERENCE, Reference, Secrets};
use crate::contract::Mode;
use crate::driver::grants::paths;
use crate::driver::limits::Limits;
use crate::driver::network::endpoints;
use crate::driver::registry::Registry;
use crate::driver::spec::{Spec, SpecFault};
use crate::driver::{Code, Content, Driver, DriverFile, Engine};
use crate::fence::Fence;
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
    /// Runtime for concurrent calls.
    pub(super) threads: usize,
    /// Folder of all trial projects.
    pub(super) root: TempDir,
    closed: io::Result<Held>,
    silent: io::Result<Held>,
    /// The code of the driver and how long it took to compile it; none if no check asks.
    code: Option<Result<(Code, Option<Duration>), Problem>>,
    /// The code of the drivers that read back, by name, or why there is none.
    readers: BTreeMap<String, Result<Code, String>>,
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
    /// Looks at a driver without running it, and fences this process in, for good.
    ///
    /// # Errors
    /// The file cannot be read, or a case does not fit the driver.
    pub(super) fn new(mut subject: Subject, wanted: &[&Check]) -> Result<Self> {
        let unable = |error: io::Error| {
            Error::environment(Problem::new("runtime", format!("cannot start: {error}")))
        };
        // Behind the fence nothing tells how many a container may use.
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let root = tempfile::Builder::new().prefix("osiris-conformance-").tempdir();
        // Nothing runs in it before it is behind the fence.
        let runtime = Builder::new_current_thread().build().map_err(unable)?;
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
            threads,
            root: root.map_err(unable)?,
            closed: Held::closed(),
            silent: Held::silent(),
            code: None,
            readers: BTreeMap::new(),
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
        if wanted.iter().any(|check| check.calls()) {
            bench.code = Some(bench.compile());
            bench.readers = bench.compile_readers();
        }
        bench.fence().raise();
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
        bench.runtime = ManuallyDrop::new(runtime.map_err(unable)?);
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

    fn compile(&self) -> Result<(Code, Option<Duration>), Problem> {
        let Some(file) = &self.file else {
            let spec = Problem::new("invalid_spec", "the spec cannot be used");
            return Err(self.broken.clone().unwrap_or(spec));
        };
        let (started, mut compiled) = (Instant::now(), false);
        // Its author tests it, so no rule of a project is asked.
        DriverFile::bytes(&file.path)
            .and_then(|bytes| {
                let sha256 = canonical::sha256(&bytes);
                self.engine.code(file, &bytes, sha256, || compiled = true)
            })
            .map(|code| (code, compiled.then(|| started.elapsed())))
            .map_err(|error| error.problems[0].clone())
    }

    fn compile_readers(&self) -> BTreeMap<String, Result<Code, String>> {
        let Subject { registry, .. } = &self.subject;
        let code = |name: &String| {
            let file = registry.find(name).ok_or_else(|| registry.missing(name))?;
            let Content { bytes, sha256 } = registry.load(file)?;
            self.engine.code(file, bytes, sha256.clone(), || {})
        };
        let names = self.cases.iter().filter_map(|case| Some(&case.read_back.as_ref()?.driver));
        names.map(|name| (name.clone(), code(name).map_err(|error| error.to_string()))).collect()
    }

    /// Permissions that the checks need on this machine.
    fn fence(&self) -> Fence {
        let mut fence = Fence { own: vec![self.root.path().to_owned()], ..Fence::default() };
        // The folder of all projects goes in the end.
        fence.tidy.extend(self.root.path().parent().map(Path::to_owned));
        let held = [&self.closed, &self.silent].into_iter().flatten();
        let mut ports: Vec<u16> = held.map(|held| held.address.port()).collect();
        let dial =
            |spec: &Spec, config: &Value| endpoints(spec, config).into_iter().map(|to| to.port);
        if let Some(spec) = &self.spec {
            let modes = spec.modes.iter().flat_map(|mode| self.cases(*mode));
            let configs = modes.filter_map(|case| self.config(&case).ok());
            let connected = self.connected().ok().flatten();
            if let Some(config) = &connected {
                // Each project of a trial gets the connection's certificates.
                let paths = paths(config, &spec.files.read);
                fence.read.extend(paths.map(|path| self.subject.project.join(path)));
            }
            let made_up = self.pretend(None).ok().map(|pretence| pretence.config);
            for config in configs.chain(connected).chain(made_up) {
                ports.extend(dial(spec, &config));
            }
        }
        for reader in self.cases.iter().filter_map(|case| case.read_back.as_ref()) {
            if let Some(Ok(code)) = self.readers.get(&reader.driver)
                && let Ok(config) = self.complete(&reader.config, &code.spec)
            {
                ports.extend(dial(&code.spec, &config));
            }
        }
        fence.ports = Some(ports);
        let own = self.code.iter().flatten().map(|(code, _)| code);
        let codes = own.chain(self.readers.values().flatten());
        fence.read.extend(codes.filter_map(Code::file).map(Path::to_owned));
        fence
    }

    /// A port at which every call is refused.
    pub(super) fn closed(&self) -> Result<&Held, Missed> {
        self.closed.as_ref().map_err(|error| skip(error.to_string()))
    }

    /// A port where calls are taken by the kernel and never answered.
    pub(super) fn silent(&self) -> Result<&Held, Missed> {
        self.silent.as_ref().map_err(|error| skip(error.to_string()))
    }

    /// The compiled driver, if it loads.
    pub(super) fn loaded(&self) -> Result<&Loaded, Problem> {
        let load = || {
            let none = || Err(Problem::new("not_compiled", "no check asked for its code"));
            let (code, compiling) = self.code.clone().unwrap_or_else(none)?;
            let driver = self.engine.link(&code).map_err(|error| error.problems[0].clone())?;
            Ok(Loaded { driver, compiling })
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
                let broken = |why: &str| skip(format!("it cannot be read back: {why}"));
                let none = || broken("its driver was not compiled");
                let code = self.readers.get(&reader.driver).ok_or_else(none)?;
                let code = code.as_ref().map_err(|why| broken(why))?;
                let driver = self.engine.link(code);
                let driver = driver.map_err(|error| broken(&error.to_string()))?;
                let config = self.complete(&reader.config, &code.spec).map_err(skip)?;
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
