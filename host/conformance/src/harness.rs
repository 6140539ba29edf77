//! The harness of the checks: the driver, its cases, and the means to run them.

use std::collections::BTreeMap;
use std::io;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use osiris_core::code::Code;
use osiris_core::contract::Mode;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::DriverFile;
use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::driver::endpoints::endpoints;
use osiris_core::driver::limits::Limits;
use osiris_core::driver::spec::{Spec, SpecFault, configured_paths};
use osiris_engine::process_sandbox::ProcessSandbox;
use osiris_engine::{CompiledDriver, Driver, Engine};
use osiris_pipeline::connection::{CONNECTION_KEY, Connections, Environment, Reference, Secrets};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::cases::{Case, Cases};
use super::check::{Check, NotPassed, skip};
use super::invocation::{self, Invocation, Outcome};
use super::reserved_port::ReservedPort;
use super::synthetic_config::Unreachable;
use super::temp_project::TempProject;

/// The driver to check, and everything to check it with. Contains secrets.
pub struct TestTarget {
    /// The component.
    pub file: PathBuf,
    /// Cases to run; in their modes they replace the spec's examples.
    pub cases: Option<Cases>,
    /// An earlier version of the driver.
    pub previous: Option<PathBuf>,
    /// The connection that the driver may use.
    pub reference: Option<Reference>,
    /// All connections.
    pub connections: Connections,
    /// Source of the variables in connections.
    pub environment: Environment,
    /// Directory of the project, whose certificates a connection can name.
    pub project: PathBuf,
    /// Limits of the project.
    pub limits: Limits,
    /// The drivers that read back the written rows.
    pub catalog: Arc<DriverCatalog>,
}

/// The harness; see the module documentation.
pub(super) struct Harness {
    pub(super) path: PathBuf,
    pub(super) spec: Option<Arc<Spec>>,
    /// The spec as written, or null if the component has none.
    pub(super) raw: Value,
    pub(super) faults: Vec<SpecFault>,
    /// The problem that makes the file unreadable.
    pub(super) broken: Option<Diagnostic>,
    pub(super) file: Option<DriverFile>,
    pub(super) reference: Option<Reference>,
    pub(super) previous: Option<Arc<Spec>>,
    pub(super) engine: Engine,
    /// Number of threads for concurrent calls.
    pub(super) threads: usize,
    /// Directory of all trial projects.
    pub(super) root: TempDir,
    closed: io::Result<ReservedPort>,
    silent: io::Result<ReservedPort>,
    /// Compiled driver and compile time, or `None` if no selected check needs it.
    code: Option<Result<(CompiledDriver, Option<Duration>), Diagnostic>>,
    /// Compiled drivers that read back written rows, by name, or the reason why there is none.
    readers: BTreeMap<String, Result<CompiledDriver, String>>,
    /// Never dropped, since dropping the runtime would wait for DNS look-ups.
    pub(super) runtime: ManuallyDrop<Runtime>,
    pub(super) subject: TestTarget,
    pub(super) cases: Vec<Case>,
    loaded: OnceLock<Result<Loaded, Diagnostic>>,
    normal: [OnceLock<Result<Baseline, NotPassed>>; 3],
    pub(super) unreachable: OnceLock<Result<Unreachable, NotPassed>>,
}

/// A driver that is ready to run.
pub(super) struct Loaded {
    pub(super) driver: Driver,
    /// Compile time, or `None` if the code was cached.
    pub(super) compiling: Option<Duration>,
}

/// A driver's result in the normal case.
pub(super) struct Baseline {
    pub(super) case: Case,
    pub(super) outcome: Outcome,
    pub(super) side_effects: SideEffects,
    /// Files before the run.
    pub(super) before: BTreeMap<String, String>,
}

/// Files and rows present after a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SideEffects {
    /// Hash of each file, by path.
    pub(super) files: BTreeMap<String, String>,
    /// Rows that the case reads back.
    pub(super) rows: Option<Vec<RecordBatch>>,
}

impl SideEffects {
    /// Returns the files that were changed, added or removed since `before`.
    pub(super) fn changed<'l>(&'l self, before: &'l Self) -> Vec<&'l str> {
        let removed = before.files.keys().filter(|name| !self.files.contains_key(*name));
        let other = self.files.iter().filter(|(name, hash)| before.files.get(*name) != Some(hash));
        other.map(|(name, _)| name).chain(removed).map(String::as_str).collect()
    }
}

impl Harness {
    /// Examines a driver without running it, then restricts this process for good with Landlock.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or a case does not fit the driver.
    pub(super) fn new(mut subject: TestTarget, selected: &[&Check]) -> Result<Self> {
        let unable = |error: io::Error| {
            Error::environment(Diagnostic::new(
                Code::RuntimeFailed,
                format!("cannot start the checks: {error}"),
            ))
        };
        // The CPU limit of a container cannot be read once Landlock is enforced.
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let root = tempfile::Builder::new().prefix("osiris-conformance-").tempdir();
        // A placeholder: nothing runs in it before Landlock is enforced.
        let runtime = Builder::new_current_thread().build().map_err(unable)?;
        let previous = subject.previous.as_deref().map(DriverFile::read).transpose()?;
        let mut harness = Self {
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
            closed: ReservedPort::closed(),
            silent: ReservedPort::silent(),
            code: None,
            readers: BTreeMap::new(),
            runtime: ManuallyDrop::new(runtime),
            cases: subject.cases.take().map(|cases| cases.cases).unwrap_or_default(),
            subject,
            loaded: OnceLock::new(),
            normal: Default::default(),
            unreachable: OnceLock::new(),
        };
        harness.read_spec()?;
        // With a faulty spec, the cases would be blamed.
        if harness.faults.is_empty() {
            harness.check_cases()?;
        }
        if selected.iter().any(|check| check.calls()) {
            harness.code = Some(harness.compile());
            harness.readers = harness.compile_readers();
        }
        harness.sandbox().enforce();
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
        harness.runtime = ManuallyDrop::new(runtime.map_err(unable)?);
        Ok(harness)
    }

    fn read_spec(&mut self) -> Result<()> {
        let examined = DriverFile::spec_text(&self.path).and_then(|text| {
            self.raw = osiris_core::yaml::parse(&text, &self.path)?.to_json();
            Spec::examine(&text, &self.path)
        });
        match examined {
            Ok((spec, faults)) => (self.spec, self.faults) = (spec.map(Arc::new), faults),
            Err(error) if error.exit == osiris_core::diagnostic::ExitStatus::Environment => {
                return Err(error);
            }
            Err(error) => self.broken = Some(error.into_first()),
        }
        self.file = DriverFile::read(&self.path).ok();
        Ok(())
    }

    /// Returns the spec, or skips the check if the spec cannot be read.
    pub(super) fn spec(&self) -> Result<&Spec, NotPassed> {
        self.spec.as_deref().ok_or_else(|| skip("the spec cannot be read"))
    }

    fn compile(&self) -> Result<(CompiledDriver, Option<Duration>), Diagnostic> {
        let Some(file) = &self.file else {
            let spec = Diagnostic::new(Code::SpecInvalid, "the spec is not valid");
            return Err(self.broken.clone().unwrap_or(spec));
        };
        let (started, mut compiled) = (Instant::now(), false);
        // The author tests the driver, so no project policy applies.
        file.content()
            .and_then(|content| self.engine.code(file, content, || compiled = true))
            .map(|code| (code, compiled.then(|| started.elapsed())))
            .map_err(|error| error.first().clone())
    }

    fn compile_readers(&self) -> BTreeMap<String, Result<CompiledDriver, String>> {
        let TestTarget { catalog, .. } = &self.subject;
        let code = |name: &String| {
            let file = catalog.find(name).ok_or_else(|| catalog.missing_driver_error(name))?;
            self.engine.code(file, catalog.verified_content(file)?, || {})
        };
        let names = self.cases.iter().filter_map(|case| Some(&case.read_back.as_ref()?.driver));
        names.map(|name| (name.clone(), code(name).map_err(|error| error.to_string()))).collect()
    }

    /// Returns the permissions that the checks need on this machine.
    fn sandbox(&self) -> ProcessSandbox {
        let mut sandbox =
            ProcessSandbox { own: vec![self.root.path().to_owned()], ..ProcessSandbox::default() };
        // The directory of all projects is removed in the end.
        sandbox.tidy.extend(self.root.path().parent().map(Path::to_owned));
        let reserved = [&self.closed, &self.silent].into_iter().flatten();
        let mut ports: Vec<u16> = reserved.map(|reserved| reserved.address.port()).collect();
        let dial =
            |spec: &Spec, config: &Value| endpoints(spec, config).into_iter().map(|to| to.port);
        if let Some(spec) = &self.spec {
            let modes = spec.modes.iter().flat_map(|mode| self.cases(*mode));
            let configs = modes.filter_map(|case| self.config(&case).ok());
            let connected = self.connected().ok().flatten();
            if let Some(config) = &connected {
                // Each trial project gets the connection's certificates.
                let paths = configured_paths(config, &spec.files.read);
                sandbox.read.extend(paths.map(|path| self.subject.project.join(path)));
            }
            let synthetic = self.synthetic_config(None).ok().map(|synthetic| synthetic.config);
            for config in configs.chain(connected).chain(synthetic) {
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
        sandbox.ports = Some(ports);
        let own = self.code.iter().flatten().map(|(code, _)| code);
        let codes = own.chain(self.readers.values().flatten());
        sandbox.read.extend(codes.filter_map(CompiledDriver::file).map(Path::to_owned));
        sandbox
    }

    /// Returns a port that refuses connections.
    pub(super) fn closed(&self) -> Result<&ReservedPort, NotPassed> {
        self.closed.as_ref().map_err(|error| skip(error.to_string()))
    }

    /// Returns a port where the kernel accepts connections and no program answers.
    pub(super) fn silent(&self) -> Result<&ReservedPort, NotPassed> {
        self.silent.as_ref().map_err(|error| skip(error.to_string()))
    }

    /// Returns the loaded driver, or the problem that keeps it from loading.
    pub(super) fn loaded(&self) -> Result<&Loaded, Diagnostic> {
        let load = || {
            let none = || Err(Diagnostic::new(Code::CodeMissing, "no check requires the code"));
            let (code, compiling) = self.code.clone().unwrap_or_else(none)?;
            let driver = self.engine.link(&code).map_err(|error| error.first().clone())?;
            Ok(Loaded { driver, compiling })
        };
        self.loaded.get_or_init(load).as_ref().map_err(Clone::clone)
    }

    pub(super) fn driver(&self) -> Option<&Driver> {
        self.loaded().ok().map(|loaded| &loaded.driver)
    }

    /// Returns the limits of the driver.
    pub(super) fn limits(&self) -> Result<Limits, NotPassed> {
        Ok(self.subject.limits.clone().clamped_by(&self.spec()?.bounds()))
    }

    /// Runs the driver.
    pub(super) fn run(
        &self,
        project: &TempProject,
        trial: Invocation,
    ) -> Result<Outcome, NotPassed> {
        let driver = self.driver().ok_or_else(|| skip("the component does not load"))?;
        Ok(self.runtime.block_on(invocation::run(
            &self.engine,
            driver,
            self.limits()?,
            project,
            trial,
        )))
    }

    /// Returns the files and rows present after a call.
    pub(super) fn side_effects(
        &self,
        project: &TempProject,
        case: &Case,
    ) -> Result<SideEffects, NotPassed> {
        let rows = match &case.read_back {
            None => None,
            Some(reader) => {
                let broken = |reason: &str| skip(format!("cannot read back the rows: {reason}"));
                let none = || broken("the driver was not compiled");
                let code = self.readers.get(&reader.driver).ok_or_else(none)?;
                let code = code.as_ref().map_err(|reason| broken(reason))?;
                let driver = self.engine.link(code);
                let driver = driver.map_err(|error| broken(&error.to_string()))?;
                let config = self.complete(&reader.config, &code.spec).map_err(skip)?;
                let mut trial = Invocation { mode: Mode::Extract, config, ..self.trial(case)? };
                trial.inputs.clear();
                let limits = self.limits()?;
                let run = invocation::run(&self.engine, &driver, limits, project, trial);
                // A missing table counts as one without rows.
                Some(self.runtime.block_on(run).table.map(|(_, rows)| rows).unwrap_or_default())
            }
        };
        Ok(SideEffects { files: project.files(), rows })
    }

    /// Returns the result of the first case of a mode. Skips the check if that case fails, which
    /// another check reports.
    pub(super) fn normal(&self, mode: Mode) -> Result<&Baseline, NotPassed> {
        let index = match mode {
            Mode::Extract => 0,
            Mode::Transform => 1,
            _ => 2,
        };
        self.normal[index].get_or_init(|| self.run_normal(mode)).as_ref().map_err(Clone::clone)
    }

    fn run_normal(&self, mode: Mode) -> Result<Baseline, NotPassed> {
        let reason = || self.without_case(mode).unwrap_or_default();
        let case = self.plain(mode).ok_or_else(|| skip(reason()))?;
        let project = self.create_project(&case)?;
        let before = project.files();
        let outcome = self.run(&project, self.trial(&case)?)?;
        if let Some(failure) = outcome.failure() {
            return Err(skip(format!("{}: {failure}", case.name)));
        }
        let side_effects = self.side_effects(&project, &case)?;
        Ok(Baseline { case, outcome, side_effects, before })
    }

    /// Returns the results of the first case of every mode that has one and succeeds.
    pub(super) fn normals(&self) -> Vec<&Baseline> {
        [Mode::Extract, Mode::Transform, Mode::Write]
            .into_iter()
            .filter_map(|mode| self.normal(mode).ok())
            .collect()
    }

    /// Returns the values that must not be revealed.
    pub(super) fn secrets(&self) -> Vec<String> {
        let config = self.base().and_then(|case| self.config(&case).ok());
        let config = config.or_else(|| self.connected().ok().flatten());
        let (Some(spec), Some(mut config)) = (&self.spec, config) else { return Vec::new() };
        if let Some(reference) = &self.reference {
            config[CONNECTION_KEY] = reference.to_string().into();
        }
        let TestTarget { connections, environment, .. } = &self.subject;
        Secrets::find(&config, spec, connections, environment).values.into_iter().collect()
    }
}
