//! Runs one step: waits for earlier steps, calls the driver, records the result.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use osiris_core::budget::Budgets;
use osiris_core::contract::{ErrorKind, Mode};
use osiris_core::fs::project_dir::ProjectDir;
use osiris_engine::table::{Receiver, Sender};
use osiris_engine::{CallContext, CallError, RunOutcome, RunRequest};
use osiris_pipeline::connection::{self, Secrets};
use tokio_util::sync::CancellationToken;

use super::failure_cause::FailureTracker;
use super::prepare::{Prepared, PreparedStep};
use super::progress::RunProgress;
use super::sink::StepSink;
use super::slots::Group;
use super::state_store::StateStore;
use super::tables;
use crate::session::{RunEvent, Session, StepState, StepStatus, files};

/// The task of one step.
pub(super) struct StepTask {
    pub(super) prepared: Arc<Prepared>,
    pub(super) index: usize,
    pub(super) session: Session,
    pub(super) progress: Arc<RunProgress>,
    pub(super) stop: CancellationToken,
    pub(super) failures: Arc<FailureTracker>,
    /// The steps that run together with this one, if steps have to wait for room.
    pub(super) group: Option<Arc<Group>>,
    /// Cancelled when the steps that must come first have succeeded.
    pub(super) after: Vec<CancellationToken>,
    pub(super) inputs: Vec<(String, Receiver)>,
    /// The table that the program provides in place of the driver.
    pub(super) table: Option<Receiver>,
    pub(super) output: Option<Sender>,
    /// Budgets shared by all steps.
    pub(super) budgets: Budgets,
}

/// The result of a step.
pub(super) struct StepEnd {
    pub(super) index: usize,
    pub(super) status: StepStatus,
    pub(super) failure: Option<CallError>,
    pub(super) state: Option<String>,
}

impl StepTask {
    pub(super) async fn run(mut self) -> StepEnd {
        let (prepared, index) = (self.prepared.clone(), self.index);
        let ready = &prepared.tasks[index];
        let (session, progress, stop) =
            (self.session.clone(), self.progress.clone(), self.stop.clone());
        let failures = self.failures.clone();
        // Held to the end of the step.
        let group = self.group.clone();
        if let Some(group) = &group {
            tokio::select! {
                () = group.start() => {}
                () = stop.cancelled() => return never_started(ready, index, &progress),
            }
        }
        for step in &self.after {
            tokio::select! {
                () = step.cancelled() => {}
                () = stop.cancelled() => return never_started(ready, index, &progress),
            }
        }
        let step = &ready.task.step;
        progress.row(index).start();
        let started = Instant::now();
        session.event(RunEvent::StepStart { step_id: &step.id, driver: &step.driver.name });
        let mut report = match self.table.take() {
            Some(table) => {
                tables::provide(table, self.output.take(), (&progress, index), &stop).await
            }
            None => self.call_driver(ready).await,
        };
        // The driver might have written next to this file or replaced it.
        if let Err(error) = write_config(&session, &prepared, index)
            && report.result.is_ok()
        {
            report.result = Err(error.into());
        }
        let is_stopped = stop.is_cancelled();
        report.result = report.result.map_err(|failure| {
            let failure = failures.attribute(failure, &prepared.tasks, index, is_stopped);
            failure.of_driver(&step.driver.name)
        });
        let duration_ms = started.elapsed().as_millis() as u64;
        let end = to_step_end(ready, index, report, duration_ms);
        progress.row(index).end(end.status.status, end.status.rows_out);
        emit_step_telemetry(&session, ready, &end);
        end
    }

    async fn call_driver(self, ready: &PreparedStep) -> RunOutcome {
        let prepared = self.prepared.clone();
        let driver = ready.driver(&prepared.engine).map_err(CallError::from);
        match driver.and_then(|driver| Ok((driver, self.call(ready)?))) {
            Ok((driver, (call, request))) => driver.run(&prepared.engine, call, request).await,
            Err(failure) => RunOutcome::without_call(Err(failure)),
        }
    }

    fn call(self, ready: &PreparedStep) -> Result<(CallContext, RunRequest), CallError> {
        let step = &ready.task.step;
        let path =
            write_config(&self.session, &self.prepared, self.index).map_err(CallError::from)?;
        let artifacts: PathBuf = self.session.artifacts_dir(&step.id).map_err(CallError::from)?;
        let path = path.strip_prefix(self.session.dir()).unwrap_or(&path);
        self.session.event(RunEvent::ArtifactCreated { step_id: &step.id, path });
        let job = &self.prepared.job;
        let store = StateStore::new(&job.base, &job.state, &job.manifest.pipeline.id);
        let saved_state = store.load(&step.id).map_err(|error| {
            let message = format!("cannot read the state of the last run: {error}");
            CallError::new(ErrorKind::Permission, message)
        })?;
        let call = CallContext {
            grants: self
                .prepared
                .grants(self.index, Some(artifacts))
                .logging(ProjectDir::new(&job.base, self.session.dir()), &step.id),
            limits: ready.limits.clone(),
            budgets: self.budgets,
            sink: Arc::new(StepSink {
                session: self.session,
                progress: self.progress,
                index: self.index,
                step: step.id.clone(),
            }),
            cancel: self.stop,
            saved_state,
        };
        let step_call = RunRequest {
            id: step.id.clone(),
            mode: step.mode,
            config: connection::driver_view(&ready.task.config, &ready.code.spec).to_string(),
            inputs: self.inputs,
            output: self.output,
            share: None,
        };
        Ok((call, step_call))
    }
}

/// Writes a step's configuration without its secrets into its artifacts. Called before the driver
/// runs, and again afterwards.
pub fn write_config(
    session: &Session,
    prepared: &Prepared,
    index: usize,
) -> osiris_core::diagnostic::Result<PathBuf> {
    let PreparedStep { task, code, .. } = &prepared.tasks[index];
    let none = Secrets::default();
    let secrets = prepared.job.secrets.get(&task.step.id).unwrap_or(&none);
    let effective = connection::with_defaults(&task.config, &code.spec);
    session.write_artifact(&task.step.id, files::CLEANED_CONFIG, &secrets.mask(&effective))
}

fn never_started(ready: &PreparedStep, index: usize, progress: &RunProgress) -> StepEnd {
    let status = StepStatus {
        id: ready.task.step.id.clone(),
        driver: ready.task.step.driver.name.clone(),
        status: StepState::Pending,
        rows_in: 0,
        rows_out: 0,
        duration_ms: 0,
        state: None,
        notes: Vec::new(),
    };
    progress.row(index).end(StepState::Pending, 0);
    StepEnd { index, status, failure: None, state: None }
}

fn to_step_end(
    ready: &PreparedStep,
    index: usize,
    report: RunOutcome,
    duration_ms: u64,
) -> StepEnd {
    let RunOutcome { result, rows_read, rows_written, rows_delivered, state, .. } = report;
    // The writer's own count is the most accurate, but it cannot exceed the rows that it was given.
    let rows_out = match ready.task.step.mode {
        Mode::Write => rows_delivered.map_or(rows_read, |rows| rows.min(rows_read)),
        _ => rows_written,
    };
    let failure = result.err();
    let status = StepStatus {
        id: ready.task.step.id.clone(),
        driver: ready.task.step.driver.name.clone(),
        status: match &failure {
            None => StepState::Success,
            Some(failure) if failure.kind.is_cascaded() => StepState::Cancelled,
            Some(_) => StepState::Failed,
        },
        rows_in: rows_read,
        rows_out: if failure.is_some() && ready.task.step.mode == Mode::Write {
            0
        } else {
            rows_out
        },
        duration_ms,
        state: None,
        notes: Vec::new(),
    };
    StepEnd { index, status, failure, state }
}

/// Writes the host's metrics and the event for the step's end.
fn emit_step_telemetry(session: &Session, ready: &PreparedStep, end: &StepEnd) {
    let StepStatus { id, driver, rows_in, rows_out, duration_ms, .. } = &end.status;
    let tags = || [("step", id.as_str())];
    let rows = match ready.task.step.mode {
        Mode::Extract | Mode::Discover => "rows_read",
        Mode::Transform => "rows_processed",
        Mode::Write => "rows_written",
    };
    session.metric(rows, *rows_out, "rows", tags());
    session.metric("step_duration_ms", *duration_ms, "ms", tags());
    let (step_id, duration_ms) = (id.as_str(), *duration_ms);
    session.event(match &end.failure {
        None => {
            let (rows_in, rows_out) = (*rows_in, *rows_out);
            RunEvent::StepComplete { step_id, driver, rows_in, rows_out, duration_ms }
        }
        Some(CallError { kind, message, help }) => RunEvent::StepError {
            step_id,
            driver,
            kind: *kind,
            error: message,
            help: help.as_deref(),
            duration_ms,
        },
    });
}
