//! Live progress of a run.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use osiris_core::contract::Mode;
use serde::{Deserialize, Serialize};

use super::plan::Task;
use crate::session::{RunError, RunResult, RunStatus, StepState, StepStatus};

/// Progress of a run, with one row per step. Steps write; anyone can read at any time.
#[derive(Debug)]
pub struct RunProgress {
    rows: Vec<StepProgress>,
}

/// Live counters of one step.
#[derive(Debug)]
pub(super) struct StepProgress {
    id: String,
    driver: String,
    mode: Mode,
    rows_in: AtomicU64,
    rows_out: AtomicU64,
    done: AtomicU64,
    total: AtomicU64,
    started: OnceLock<Instant>,
    outcome: OnceLock<(StepState, Duration)>,
    has_progress: AtomicU8,
}

/// Progress of a step at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepSnapshot {
    /// The step's id.
    pub id: String,
    /// Mode of the step.
    pub mode: Mode,
    /// Final state of the step, or `None` while it has not ended.
    pub state: Option<StepState>,
    /// Rows that the step read from other steps.
    pub rows_in: u64,
    /// Rows that the step produced, or delivered to their destination.
    pub rows_out: u64,
    /// Progress reported by the driver: units done, and the total if known.
    pub progress: Option<(u64, Option<u64>)>,
    /// Time since the step started.
    pub elapsed: Duration,
}

impl RunProgress {
    /// Creates the progress of these tasks.
    pub fn new<'a>(tasks: impl Iterator<Item = &'a Task>) -> Self {
        let row = |task: &Task| StepProgress {
            id: task.step.id.clone(),
            driver: task.step.driver.name.clone(),
            mode: task.step.mode,
            rows_in: AtomicU64::new(0),
            rows_out: AtomicU64::new(0),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            started: OnceLock::new(),
            outcome: OnceLock::new(),
            has_progress: AtomicU8::new(0),
        };
        Self { rows: tasks.map(row).collect() }
    }

    pub(super) fn row(&self, index: usize) -> &StepProgress {
        &self.rows[index]
    }

    /// Applies a snapshot of the same plan's steps from a remote run.
    pub fn apply_remote(&self, steps: &[StepSnapshot]) {
        for (row, step) in self.rows.iter().zip(steps).filter(|(row, step)| row.id == step.id) {
            row.apply_remote(step);
        }
    }

    /// Builds the end of a run from the progress alone. Steps that have not ended count as cancelled.
    pub fn end(&self, state: RunStatus, exit_code: u8, error: Option<RunError>) -> RunResult {
        let status = |(row, snapshot): (&StepProgress, StepSnapshot)| StepStatus {
            id: snapshot.id,
            driver: row.driver.clone(),
            status: snapshot.state.unwrap_or(StepState::Cancelled),
            rows_in: snapshot.rows_in,
            rows_out: snapshot.rows_out,
            duration_ms: u64::try_from(snapshot.elapsed.as_millis()).unwrap_or(u64::MAX),
        };
        let steps: Vec<StepStatus> = self.rows.iter().zip(self.snapshot()).map(status).collect();
        let sum = |mode: Mode| {
            let of_mode = self.rows.iter().zip(&steps).filter(|(row, _)| row.mode == mode);
            of_mode.map(|(_, step)| step.rows_out).sum()
        };
        RunResult {
            state,
            exit_code,
            error,
            rows_read: sum(Mode::Extract),
            rows_written: sum(Mode::Write),
            rows_processed: sum(Mode::Transform),
            steps,
        }
    }

    /// Returns a snapshot of every step, in the order of the plan.
    pub fn snapshot(&self) -> Vec<StepSnapshot> {
        self.rows.iter().map(StepProgress::snapshot).collect()
    }
}

impl StepProgress {
    pub(super) fn start(&self) {
        self.started.get_or_init(Instant::now);
    }

    pub(super) fn add(&self, read: u64, written: u64) {
        self.rows_in.fetch_add(read, Relaxed);
        self.rows_out.fetch_add(written, Relaxed);
    }

    pub(super) fn progress(&self, done: u64, total: Option<u64>) {
        self.done.store(done, Relaxed);
        self.total.store(total.unwrap_or(0), Relaxed);
        self.has_progress.store(1, Relaxed);
    }

    pub(super) fn end(&self, state: StepState, rows_out: u64) {
        self.rows_out.store(rows_out, Relaxed);
        let elapsed = self.started.get().map(Instant::elapsed).unwrap_or_default();
        self.outcome.get_or_init(|| (state, elapsed));
    }

    fn apply_remote(&self, step: &StepSnapshot) {
        if step.state == Some(StepState::Pending) {
            return;
        }
        self.start();
        self.rows_in.store(step.rows_in, Relaxed);
        self.rows_out.store(step.rows_out, Relaxed);
        if let Some((done, total)) = step.progress {
            self.progress(done, total);
        }
        if let Some(state) = step.state {
            self.outcome.get_or_init(|| (state, step.elapsed));
        }
    }

    fn snapshot(&self) -> StepSnapshot {
        let total = Some(self.total.load(Relaxed)).filter(|total| *total > 0);
        let (state, elapsed) = match (self.outcome.get(), self.started.get()) {
            (Some((state, elapsed)), _) => (Some(*state), *elapsed),
            (None, Some(started)) => (None, started.elapsed()),
            (None, None) => (Some(StepState::Pending), Duration::ZERO),
        };
        StepSnapshot {
            id: self.id.clone(),
            mode: self.mode,
            state,
            rows_in: self.rows_in.load(Relaxed),
            rows_out: self.rows_out.load(Relaxed),
            progress: (self.has_progress.load(Relaxed) == 1)
                .then(|| (self.done.load(Relaxed), total)),
            elapsed,
        }
    }
}
