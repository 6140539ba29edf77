//! A run of a pipeline inside another program.

use std::path::PathBuf;
use std::sync::Arc;
use std::{io, thread};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::limits::{Limit, LimitOverrides};
use osiris_core::fs::project_dir::ProjectDir;
use osiris_engine::table::{Receiver, Sender, channel};
use osiris_engine::{Engine, EngineConfig};
use osiris_pipeline::compile::Options;
use osiris_pipeline::connection::Environment;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::connected_build::ConnectedBuild;
use crate::run::{self, RunProgress, StepTables};
use crate::session::{self, StatusFile};
use crate::workspace::Workspace;

/// Bytes of batches in memory between a step and the program.
const TABLE_BUDGET: usize = 2 << 20;

/// A run of a pipeline, created by [`Workspace::pipeline`].
///
/// The project's lockfile, trust policy and limits apply as they do for the `osiris` program:
/// secrets are masked, the run leaves a session in `logs/`, and Landlock restricts the threads of
/// the run (not the rest of the program) to the files and ports of the steps.
#[derive(Debug)]
pub struct PipelineRun {
    workspace: Workspace,
    file: PathBuf,
    profile: Option<String>,
    params: Vec<(String, String)>,
    limits: LimitOverrides,
    tables: StepTables,
    engine: EngineConfig,
    compiling: Option<UnboundedSender<String>>,
    cancel: CancellationToken,
}

/// The end of a run.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// The content of the session's `status.json`.
    pub status: StatusFile,
    /// The session directory, with events, metrics, log and artifacts.
    pub session: PathBuf,
    /// Possible mistakes in the pipeline.
    pub warnings: Vec<Diagnostic>,
}

impl PipelineRun {
    pub(crate) fn new(workspace: Workspace, file: PathBuf) -> Self {
        Self {
            workspace,
            file,
            profile: None,
            params: Vec::new(),
            limits: LimitOverrides::new(),
            tables: StepTables::default(),
            engine: EngineConfig::default(),
            compiling: None,
            cancel: CancellationToken::new(),
        }
    }

    /// Sets the profile whose parameters are used.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Sets a parameter, which takes precedence over `OSIRIS_PARAM_<NAME>` in the environment, the
    /// profile and the pipeline's default.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Sets a limit of each step, in the limit's unit.
    #[must_use]
    pub fn limit(mut self, limit: Limit, value: u64) -> Self {
        self.limits.insert(limit, value);
        self
    }

    /// Sets how drivers are compiled. By default an `osiris` executable next to this program
    /// compiles them in a process of its own.
    #[must_use]
    pub fn engine(mut self, config: EngineConfig) -> Self {
        self.engine = config;
        self
    }

    /// Cancels the run when `token` is cancelled. A cancelled run rolls back unfinished steps.
    #[must_use]
    pub fn cancel(mut self, token: CancellationToken) -> Self {
        self.cancel = token;
        self
    }

    /// Takes the table of an extract step from this program: the step's driver does not run, and
    /// the returned sender provides the step's rows.
    pub fn input(&mut self, step: impl Into<String>) -> Sender {
        let (sender, receiver) = self.channel();
        self.tables.inputs.insert(step.into(), receiver);
        sender
    }

    /// Gives this program a copy of the table that a step produces. A receiver that is not read
    /// slows the step down; a dropped one does not.
    pub fn output(&mut self, step: impl Into<String>) -> Receiver {
        let (sender, receiver) = self.channel();
        self.tables.outputs.insert(step.into(), sender);
        receiver
    }

    /// Returns the names of the drivers that the run compiles, each as its compilation starts. A
    /// driver that was compiled before on this machine is not among them.
    pub fn compiling(&mut self) -> UnboundedReceiver<String> {
        let (sender, receiver) = unbounded_channel();
        self.compiling = Some(sender);
        receiver
    }

    fn channel(&self) -> (Sender, Receiver) {
        let project = &self.workspace.project;
        let spill = ProjectDir::new(project.base(), &project.layout.tmp_dir());
        let (sender, mut receivers) = channel(1, TABLE_BUDGET, spill);
        (sender, receivers.remove(0))
    }

    /// Compiles the pipeline and runs it to the end on threads of its own. Dropping the future
    /// cancels the run.
    ///
    /// A run whose step fails is no error: its [`StatusFile::status`] tells how it ended.
    ///
    /// # Errors
    /// Returns an error if the pipeline is invalid, the environment lacks what the run needs, or
    /// the session cannot be written.
    pub async fn run(self) -> Result<RunReport> {
        // The end of this run must not cancel other users of the program's token.
        let cancel = self.cancel.child_token();
        let _guard = cancel.clone().drop_guard();
        let (sender, report) = oneshot::channel();
        let run = move || sender.send(self.run_here(cancel)).ok();
        thread::Builder::new().name("osiris-run".to_owned()).spawn(run).map_err(start_error)?;
        // A panic of the run's thread was printed; nothing is left to wait for.
        report.await.unwrap_or_else(|_| Err(start_error(io::Error::other("the run panicked"))))
    }

    /// Runs on this thread, which Landlock restricts from then on.
    fn run_here(self, cancel: CancellationToken) -> Result<RunReport> {
        let Self { workspace, file, profile, params, limits, tables, engine, compiling, .. } = self;
        let options = Options { profile, params, ..Options::from_environment()? };
        let build = workspace.compile(&file, &options)?;
        let environment = Environment::read(workspace.project.base())?;
        let connected = ConnectedBuild::resolve(&workspace, &build, &environment)?;
        let job = connected.job(&workspace, workspace.limits(&limits));
        // Landlock denies access to other sessions later.
        session::mark_crashed_runs(&workspace.project.layout.logs_dir());
        workspace.prune_runs();
        let engine = Engine::with_config(&engine)?;
        let notify = |driver: &str| {
            // Without a receiver, nobody wants to know.
            compiling.as_ref().map(|sender| sender.send(driver.to_owned()).ok());
        };
        let mut prepared = run::prepare(engine, &workspace.drivers, job, notify)?;
        prepared.connect(tables)?;
        let progress = Arc::new(RunProgress::new(&prepared));
        let session = connected.session(&workspace, &build)?;
        let (sandbox, dirs) = prepared.sandbox(session.dir());
        let runtime = run::sandboxed_runtime(&sandbox)?;
        let status = runtime.block_on(run::execute(prepared, &session, progress, cancel));
        // All steps have ended; a thread that still waits for the disk holds none of their data.
        runtime.shutdown_background();
        dirs.clear();
        let session = session.dir().to_owned();
        Ok(RunReport { status: status?, session, warnings: build.warnings })
    }
}

fn start_error(error: io::Error) -> Error {
    let message = format!("cannot start the run: {error}");
    Error::environment(Diagnostic::new(Code::RuntimeFailed, message))
}
