//! Executes a prepared run in an E2B sandbox: creates a sandbox, uploads the files, starts a
//! worker, follows it, downloads the results, and kills the sandbox in any case.

mod download;
mod egress;
mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
mod install;
mod keepalive;
mod line_splitter;
mod notice;
mod overhead;
mod payload;
mod sequence;
mod stream;
mod submit;
mod transfer_progress;
mod validate;
mod worker_handle;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use e2b_client::{Control, Create, Envd, Error, Network, Sandbox, Settings};
use osiris_core::contract::ErrorKind;
use osiris_core::diagnostic::Result;
use osiris_core::sync::lock;
use osiris_runtime::run::{self, Prepared, RunProgress};
use osiris_runtime::session::{E2b, RunEvent, Session, StatusFile, files};
use tokio::task::{LocalSet, spawn_local};
use tokio_util::sync::CancellationToken;

use self::download::Expected;
use self::error::RemoteError;
use self::overhead::{Overhead, Stage};
use super::sweep::{self, Owner};
use crate::protocol::OutputFile;

pub use self::egress::{destinations, unreachable};
pub use self::notice::{Notice, NoticeSender};
pub use self::payload::{Blob, Payload, RUNS_IN_SANDBOX, RUNTIME_ENV, runtime_blob};

/// Lifetime of a sandbox unless its host extends it.
const LEASE: Duration = Duration::from_secs(300);
/// Time limit for creating a sandbox.
const CREATE: Duration = Duration::from_secs(120);
/// After this time without a sandbox, the user sees the reason.
const PATIENCE: Duration = Duration::from_secs(3);
/// Time limit for killing a sandbox.
const KILL: Duration = Duration::from_secs(30);
/// The same limit if the user wants to stop immediately.
const KILL_NOW: Duration = Duration::from_secs(5);

/// Options of a sandbox.
#[derive(Debug, Clone)]
pub struct Options {
    /// Addresses and key of E2B.
    pub settings: Settings,
    /// Template of the sandbox.
    pub template: String,
    /// Time limit for using the sandbox.
    pub limit: Duration,
    /// Whether files missing in the template may be uploaded.
    pub install: bool,
    /// Environment variables of every process in the sandbox. E2B can read them.
    pub env: BTreeMap<String, String>,
    /// Whether to keep the sandbox after the run.
    pub keep: bool,
}

/// A run that is to be executed in a sandbox.
pub struct E2bRunner {
    options: Options,
    prepared: Prepared,
    payload: Payload,
    control: Control,
    /// Id of the sandbox while one exists.
    sandbox: Arc<Mutex<Option<String>>>,
    notes: NoticeSender,
}

/// Kills the sandbox of a run immediately.
#[derive(Clone)]
pub struct KillHandle {
    control: Control,
    sandbox: Arc<Mutex<Option<String>>>,
    owner: Owner,
    run: String,
}

impl KillHandle {
    /// Tries for some seconds. A sandbox that survives ends with its lifetime, or with the next
    /// run.
    pub async fn kill(&self) {
        let sandbox = lock(&self.sandbox).take();
        let control = self.control.with_timeout(KILL_NOW);
        match sandbox {
            Some(id) => drop(control.kill(&id).await),
            // A sandbox might already exist while its response is in flight.
            None => sweep::kill_duplicates(&control, &self.owner, &self.run, None).await,
        }
    }
}

impl E2bRunner {
    /// Creates a runner for a run and the files it needs.
    ///
    /// # Errors
    /// Returns an error if this machine cannot use HTTPS for E2B.
    pub fn new(
        options: Options,
        prepared: Prepared,
        payload: Payload,
        notes: NoticeSender,
    ) -> Result<Self> {
        let control = Control::new(&options.settings).map_err(super::problem)?;
        Ok(Self { options, prepared, payload, control, sandbox: Arc::default(), notes })
    }

    /// Returns a handle to kill the sandbox of this session's run immediately.
    pub fn kill_handle(&self, session: &Session) -> KillHandle {
        KillHandle {
            control: self.control.clone(),
            sandbox: self.sandbox.clone(),
            owner: Owner::of(&self.prepared.job().base),
            run: session.id().to_owned(),
        }
    }

    /// Executes the run and, like a local run, returns the content of `status.json`.
    ///
    /// # Errors
    /// Returns an error if the session's files could not be written.
    pub async fn execute(
        self,
        session: &Session,
        progress: Arc<RunProgress>,
        cancel: CancellationToken,
    ) -> Result<StatusFile> {
        // The tasks mostly wait for the network: one thread is enough.
        LocalSet::new().run_until(self.run(session, progress, cancel)).await
    }

    async fn run(
        self,
        session: &Session,
        progress: Arc<RunProgress>,
        cancel: CancellationToken,
    ) -> Result<StatusFile> {
        let owner = Owner::of(&self.prepared.job().base);
        let logs = self.prepared.job().base.join("logs");
        // Kills the leftovers of earlier runs while this run goes on.
        let sweep = spawn_local(sweep::kill_leftovers(self.control.clone(), owner.clone(), logs));
        let mut overhead = Overhead::default();
        let result = self.attempt(session, &progress, &cancel, &owner, &mut overhead).await;
        let sandbox_id = self.id().unwrap_or_default();
        self.end(session, &owner, &mut overhead).await;
        // The clean-up has had the whole run's time.
        tokio::time::timeout(KILL_NOW, sweep).await.ok();
        let summary = overhead.summary();
        let run = result.as_ref().ok().map(|status| status.execution_duration);
        let metrics = overhead.finish(session, run);
        let status = match result {
            Ok(status) => status,
            Err(error) => self.failed_status(session, &progress, error),
        };
        self.notes.verbose(format!(
            "E2B  {summary}  total {} ms in addition to the run",
            metrics.get("e2b_overhead_ms").copied().unwrap_or_default()
        ));
        let e2b = E2b { sandbox_id, template: self.options.template, metrics };
        session.finish_remote(status, e2b)
    }

    async fn attempt(
        &self,
        session: &Session,
        progress: &RunProgress,
        cancel: &CancellationToken,
        owner: &Owner,
        overhead: &mut Overhead,
    ) -> Result<StatusFile, RemoteError> {
        let deadline = Instant::now() + self.options.limit;
        overhead.begin(Stage::Create);
        let hosts = egress::look_up(&destinations(&self.prepared)).await;
        for host in &hosts.unreachable {
            self.notes.info(format!(
                "{host} is an address in this machine's network, which E2B cannot reach"
            ));
        }
        self.notes.stage("creating a sandbox");
        let sandbox = self.create(session, owner, hosts.network, cancel).await?;
        let startup = async {
            let envd = Envd::new(&self.options.settings, &sandbox)?;
            let lease = keepalive::renew(self.control.clone(), sandbox.id.clone(), deadline);
            overhead.begin(Stage::Upload);
            let layout = install::install(
                &envd,
                &self.payload,
                session.id(),
                &self.options.template,
                self.options.install,
                &self.notes,
            )
            .await?;
            let plan =
                submit::submit(&envd, &self.prepared, &self.payload, &layout, hosts.names, session)
                    .await?;
            session.event(RunEvent::E2bUploaded { files: layout.files, bytes: layout.bytes });
            overhead.begin(Stage::Start);
            self.notes.stage("starting the worker");
            let worker =
                worker_handle::start(&envd, &self.payload, &layout, session, &plan, &self.notes)
                    .await?;
            session.event(RunEvent::E2bWorkerStarted { pid: worker.pid });
            Ok::<_, RemoteError>((envd, layout, worker, lease))
        };
        let (envd, layout, worker, lease) = tokio::select! {
            result = startup => result?,
            () = cancel.cancelled() => return Err(RemoteError::cancelled()),
            () = tokio::time::sleep_until(deadline.into()) => return Err(RemoteError::timed_out(self.options.limit)),
        };
        overhead.begin(Stage::Run);
        self.notes.stage("running");
        let result = worker
            .follow(
                session,
                progress,
                &self.prepared,
                cancel,
                (self.options.limit, deadline),
                &self.notes,
            )
            .await;
        let (mut worker, status, files) = result?;
        overhead.begin(Stage::Download);
        let base = layout.base(session.id());
        let expected = Expected::of(&self.prepared, session.id());
        let job = self.prepared.job();
        let files = expected.files_to_download(files, &status)?;
        // The run has ended in time: downloading its results can take longer.
        drop(lease);
        let lease = keepalive::renew_while_downloading(self.control.clone(), sandbox.id);
        let fetch = download::download(&envd, &files, &expected, &base, &job.base, &self.notes);
        let interrupt = async {
            match cancel.is_cancelled() {
                true => tokio::time::sleep(worker_handle::GRACE).await,
                false => cancel.cancelled().await,
            }
        };
        let bytes = tokio::select! {
            bytes = fetch => bytes?,
            () = interrupt => return Err(RemoteError::cancelled_fetching()),
        };
        self.write_configs(session, &files)?;
        overhead.end();
        session.event(RunEvent::E2bDownloaded { files: files.len(), bytes });
        if !self.options.keep {
            worker.clean_up().await;
        }
        drop(lease);
        Ok(status)
    }

    /// Writes each step's configuration without its secrets, in place of the copy that the worker
    /// offers, if any.
    fn write_configs(&self, session: &Session, outputs: &[OutputFile]) -> Result<(), RemoteError> {
        for (index, task) in self.prepared.tasks().enumerate() {
            let end = format!("/{}/{}/{}", files::ARTIFACTS, task.step.id, files::CLEANED_CONFIG);
            let is_config = |output: &OutputFile| {
                output.path.starts_with("logs/") && output.path.ends_with(&end)
            };
            if outputs.iter().any(is_config) {
                let result = run::write_config(session, &self.prepared, index);
                result
                    .map_err(|error| RemoteError::failed(ErrorKind::Session, error.to_string()))?;
            }
        }
        Ok(())
    }

    async fn create(
        &self,
        session: &Session,
        owner: &Owner,
        network: Network,
        cancel: &CancellationToken,
    ) -> Result<Sandbox, RemoteError> {
        let mut metadata = owner.metadata();
        let until = SystemTime::now() + self.options.limit;
        let seconds = until.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        metadata.insert(sweep::RUN.to_owned(), session.id().to_owned());
        metadata.insert(sweep::DEADLINE.to_owned(), seconds.to_string());
        if self.options.keep {
            metadata.insert(sweep::KEPT.to_owned(), "true".to_owned());
        }
        let create = Create {
            template: self.options.template.clone(),
            timeout: (self.options.limit + keepalive::FETCH_GRACE).min(LEASE),
            metadata,
            env: self.options.env.clone(),
            network,
        };
        let control = self.control.with_timeout(CREATE);
        let notes = self.notes.clone();
        let since = Instant::now();
        let has_notified = Cell::new(false);
        let mut task = spawn_local(async move {
            let notify = |error: &Error| {
                if since.elapsed() >= PATIENCE && !has_notified.replace(true) {
                    notes.info(format!("{}; trying again", error.message));
                }
            };
            control.create_observed(&create, notify).await
        });
        let result = tokio::select! {
            result = &mut task => result,
            () = cancel.cancelled() => match tokio::time::timeout(KILL_NOW, task).await {
                Ok(result) => result,
                Err(_) => return Err(RemoteError::cancelled()),
            }
        };
        let sandbox =
            result.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
        *lock(&self.sandbox) = Some(sandbox.id.clone());
        let (sandbox_id, template) = (sandbox.id.as_str(), self.options.template.as_str());
        session.event(RunEvent::E2bSandboxCreated { sandbox_id, template });
        self.notes.verbose(format!("Sandbox {}", sandbox.id));
        Ok(sandbox)
    }

    /// Kills the sandbox, or tells the user how to connect to a kept one.
    async fn end(&self, session: &Session, owner: &Owner, overhead: &mut Overhead) {
        let now = self.control.with_timeout(KILL_NOW);
        let Some(id) = self.id() else {
            return sweep::kill_duplicates(&now, owner, session.id(), None).await;
        };
        if self.options.keep {
            let is_extended = self.control.set_timeout(&id, self.options.limit).await.is_ok();
            let until = if is_extended { self.options.limit } else { LEASE }.as_secs();
            self.notes.info(format!(
                "Keeping sandbox {id} for {until} s. Connect with `e2b sandbox connect {id}`; remove the sandbox with `osiris e2b prune --kept`"
            ));
            return;
        }
        overhead.begin(Stage::Kill);
        self.notes.stage("killing the sandbox");
        let kill = self.control.with_timeout(KILL);
        let duplicates = sweep::kill_duplicates(&now, owner, session.id(), Some(&id));
        let (result, ()) = tokio::join!(kill.kill(&id), duplicates);
        match result {
            Ok(()) => session.event(RunEvent::E2bSandboxKilled { sandbox_id: &id }),
            Err(error) => self.notes.info(format!(
                "{}. The sandbox ends by itself within {} s; to remove it now, run `osiris e2b prune`",
                error.message,
                LEASE.as_secs()
            )),
        }
        overhead.end();
        lock(&self.sandbox).take();
    }

    fn id(&self) -> Option<String> {
        lock(&self.sandbox).clone()
    }

    /// Returns the status of a run whose worker could not report its end.
    fn failed_status(
        &self,
        session: &Session,
        progress: &RunProgress,
        error: RemoteError,
    ) -> StatusFile {
        let RemoteError { failure, state, exit } = error;
        let failure = validate::short(failure, session);
        session.status_of(progress.end(state, exit as u8, Some(failure)))
    }
}
