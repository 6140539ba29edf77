//! Executes a whole run.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use osiris_core::contract::{ErrorKind, Mode};
use osiris_core::diagnostic::Result;
use osiris_core::driver::limits::Limit;
use osiris_core::fs::project_dir::ProjectDir;
use osiris_engine::table::channel_within;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::failure_cause::FailureTracker;
use super::prepare::{Prepared, PreparedStep};
use super::progress::RunProgress;
use super::slots;
use super::state_commit::StateCommitter;
use super::step::{StepEnd, StepTask};
use super::tables::{self, StepTables};
use crate::session::{RunError, RunEvent, RunResult, RunStatus, Session, StatusFile, StepState};

/// Maximum bytes of batches buffered in memory per edge.
const EDGE_BUDGET: usize = 2 << 20;

/// Runs every step, independent ones concurrently. The first failure stops the other steps, and so
/// does `cancel`. Returns the content of `status.json`.
///
/// # Errors
/// Returns an error if the session's files could not be written.
pub async fn execute(
    mut prepared: Prepared,
    session: &Session,
    progress: Arc<RunProgress>,
    cancel: CancellationToken,
) -> Result<StatusFile> {
    let started = Instant::now();
    let tables = mem::take(&mut prepared.tables);
    let prepared = Arc::new(prepared);
    let manifest = &prepared.job.manifest;
    session.event(RunEvent::RunStart {
        pipeline: &manifest.name,
        manifest_hash: &manifest.meta.manifest_hash,
        steps_total: manifest.steps.len(),
    });
    let (ends, save_error) = run_steps(&prepared, tables, session, &progress, &cancel).await;
    let end = summarize(&prepared, ends, save_error, cancel.is_cancelled());
    let total_rows = if end.rows_written > 0 { end.rows_written } else { end.rows_read };
    let steps_executed = end.steps.iter().filter(|step| step.status == StepState::Success).count();
    session.event(RunEvent::CleanupComplete { steps_executed, total_rows });
    session.event(match &end.error {
        None => RunEvent::RunComplete { pipeline: &manifest.name, steps_executed },
        Some(RunError { step, kind, message, help }) => RunEvent::RunError {
            step_id: step.as_deref(),
            kind: *kind,
            error: message,
            help: help.as_deref(),
        },
    });
    let seconds = started.elapsed().as_secs_f64();
    session.metric(
        "execution_duration",
        seconds,
        "seconds",
        [("pipeline", manifest.name.as_str())],
    );
    session.event(RunEvent::RunEnd { status: end.state, duration_seconds: seconds });
    session.finish(end)
}

/// Runs the steps as concurrent tasks. Returns the step ends in order of completion, and the
/// failure to save a state if one occurred.
async fn run_steps(
    prepared: &Arc<Prepared>,
    mut tables: StepTables,
    session: &Session,
    progress: &Arc<RunProgress>,
    cancel: &CancellationToken,
) -> (Vec<StepEnd>, Option<RunError>) {
    let stop = cancel.child_token();
    let failures = Arc::new(FailureTracker::default());
    let done: Vec<_> = prepared.tasks.iter().map(|_| CancellationToken::new()).collect();
    let mut senders = Vec::new();
    let mut receivers = Vec::new();
    let spill = ProjectDir::new(&prepared.job.base, &prepared.job.spill);
    let budgets = prepared.job.limits.budgets();
    let mut copies = JoinSet::new();
    for ready in &prepared.tasks {
        let copy = tables.outputs.remove(&ready.task.step.id);
        let readers = ready.task.readers + usize::from(copy.is_some());
        let (sender, mut readers) = channel_within(&budgets, readers, EDGE_BUDGET, spill.clone());
        if let Some(to) = copy
            && let Some(from) = readers.pop()
        {
            copies.spawn(tables::copy(from, to));
        }
        senders.push((ready.task.step.mode != Mode::Write).then_some(sender));
        receivers.push(readers);
    }
    let tasks: Vec<_> = prepared.tasks.iter().map(|ready| &ready.task).collect();
    let groups = slots::groups(&tasks, prepared.job.limits.get(Limit::Steps), &done);
    let mut steps = JoinSet::new();
    for (index, ready) in prepared.tasks.iter().enumerate() {
        let inputs = ready.task.inputs.iter();
        let task = StepTask {
            prepared: prepared.clone(),
            index,
            session: session.clone(),
            progress: progress.clone(),
            stop: stop.clone(),
            failures: failures.clone(),
            group: groups.as_ref().map(|groups| groups[index].clone()),
            after: ready.task.after.iter().map(|index| done[*index].clone()).collect(),
            inputs: inputs
                .filter_map(|(name, from)| Some((name.clone(), receivers[*from].pop()?)))
                .collect(),
            table: tables.inputs.remove(&ready.task.step.id),
            output: senders[index].take(),
            budgets: budgets.clone(),
        };
        steps.spawn(task.run());
    }
    drop(groups);
    let (mut ends, mut save_error) = (Vec::new(), None);
    let mut states = StateCommitter::new(prepared);
    while let Some(end) = steps.join_next().await {
        // A panic of the host in a step must end the run instead of hanging it.
        let end = end.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        if let Some(failure) = &end.failure {
            if !failure.kind.is_cascaded() {
                failures.add(end.index);
            }
            // A stop before the cause has ended would make its failure look like a consequence.
            let is_early = failure.kind == ErrorKind::Upstream
                && has_running_ancestor(&prepared.tasks, end.index, &ends);
            if !is_early {
                stop.cancel();
            }
        } else {
            done[end.index].cancel();
            save_error = save_error.or(states.end(&end));
        }
        ends.push(end);
    }
    while copies.join_next().await.is_some() {}
    (ends, save_error)
}

/// Returns whether a step that `index` depends on for its tables has not ended.
fn has_running_ancestor(tasks: &[PreparedStep], index: usize, ends: &[StepEnd]) -> bool {
    let mut inputs = tasks[index].task.inputs.iter();
    inputs.any(|(_, input)| {
        ends.iter().all(|end| end.index != *input) || has_running_ancestor(tasks, *input, ends)
    })
}

/// Summarizes the run.
fn summarize(
    prepared: &Prepared,
    mut ends: Vec<StepEnd>,
    save_error: Option<RunError>,
    cancelled: bool,
) -> RunResult {
    // Report the first failure that is not a consequence of another one.
    let mut failures =
        ends.iter().filter_map(|end| Some((end.status.id.clone(), end.failure.clone()?)));
    let first = failures.next();
    let cause = first
        .filter(|(_, failure)| !failure.kind.is_cascaded())
        .or_else(|| failures.find(|(_, failure)| !failure.kind.is_cascaded()));
    let consequence =
        ends.iter().find_map(|end| Some((end.status.id.clone(), end.failure.clone()?)));
    let mut error = cause.or(consequence).map(|(step, error)| RunError::of_step(&step, error));
    ends.sort_by_key(|end| end.index);
    error = error.or(save_error);
    let sum = |mode: Mode| {
        let of_mode = ends.iter().filter(|end| prepared.tasks[end.index].task.step.mode == mode);
        of_mode.map(|end| end.status.rows_out).sum()
    };
    let state = match &error {
        None if ends.iter().all(|end| end.status.status == StepState::Success) => {
            RunStatus::Success
        }
        Some(failure) if failure.kind != ErrorKind::Cancelled => RunStatus::Failed,
        _ if cancelled => RunStatus::Cancelled,
        _ => RunStatus::Failed,
    };
    RunResult {
        state,
        exit_code: u8::from(state != RunStatus::Success),
        error,
        rows_read: sum(Mode::Extract),
        rows_written: sum(Mode::Write),
        rows_processed: sum(Mode::Transform),
        steps: ends.into_iter().map(|end| end.status).collect(),
    }
}
