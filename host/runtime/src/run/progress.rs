//! Live progress of a run.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use osiris_core::contract::Mode;
use serde::{Deserialize, Serialize};

use super::plan::Task;
use super::prepare::Prepared;
use crate::session::{RunError, RunResult, RunStatus, StepState, StepStatus};

/// Progress of a run, with one row per step. Steps write; anyone can read at any time.
#[derive(Debug, Default)]
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
    /// Size of the step's input files, if all of them are known.
    input_bytes: Option<u64>,
    started: OnceLock<Instant>,
    first_row: OnceLock<Instant>,
    outcome: OnceLock<Outcome>,
    has_progress: AtomicU8,
}

/// The end of a step.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    state: StepState,
    elapsed: Duration,
    active: Duration,
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
    /// Whether `progress` counts the bytes of the step's input files.
    #[serde(default)]
    pub bytes: bool,
    /// Time since the step started.
    pub elapsed: Duration,
    /// Time since the step's first row.
    #[serde(default)]
    pub active: Duration,
}

impl RunProgress {
    /// Creates the progress of a run that has not started.
    pub fn new(prepared: &Prepared) -> Self {
        let row = |(index, task): (usize, &Task)| StepProgress {
            id: task.step.id.clone(),
            driver: task.step.driver.name.clone(),
            mode: task.step.mode,
            input_bytes: prepared.input_bytes(index),
            rows_in: AtomicU64::new(0),
            rows_out: AtomicU64::new(0),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            started: OnceLock::new(),
            first_row: OnceLock::new(),
            outcome: OnceLock::new(),
            has_progress: AtomicU8::new(0),
        };
        Self { rows: prepared.tasks().enumerate().map(row).collect() }
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
            state: None,
            notes: Vec::new(),
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
        self.note_rows(read.saturating_add(written));
    }

    /// Notes the time of the first row.
    fn note_rows(&self, rows: u64) {
        if rows > 0 {
            self.first_row.get_or_init(Instant::now);
        }
    }

    pub(super) fn progress(&self, done: u64, total: Option<u64>) {
        self.done.store(done, Relaxed);
        self.total.store(total.unwrap_or(0), Relaxed);
        self.has_progress.store(1, Relaxed);
    }

    pub(super) fn end(&self, state: StepState, rows_out: u64) {
        self.rows_out.store(rows_out, Relaxed);
        let since =
            |start: &OnceLock<Instant>| start.get().map(Instant::elapsed).unwrap_or_default();
        let (elapsed, active) = (since(&self.started), since(&self.first_row));
        self.outcome.get_or_init(|| Outcome { state, elapsed, active });
    }

    fn apply_remote(&self, step: &StepSnapshot) {
        if step.state == Some(StepState::Pending) {
            return;
        }
        self.start();
        self.rows_in.store(step.rows_in, Relaxed);
        self.rows_out.store(step.rows_out, Relaxed);
        self.note_rows(step.rows_in.saturating_add(step.rows_out));
        if let Some((done, total)) = step.progress {
            self.progress(done, total);
        }
        if let Some(state) = step.state {
            let StepSnapshot { elapsed, active, .. } = *step;
            self.outcome.get_or_init(|| Outcome { state, elapsed, active });
        }
    }

    fn snapshot(&self) -> StepSnapshot {
        let total = Some(self.total.load(Relaxed)).filter(|total| *total > 0);
        let active = self.first_row.get().map(Instant::elapsed).unwrap_or_default();
        let (state, elapsed, active) = match (self.outcome.get(), self.started.get()) {
            (Some(end), _) => (Some(end.state), end.elapsed, end.active),
            (None, Some(started)) => (None, started.elapsed(), active),
            (None, None) => (Some(StepState::Pending), Duration::ZERO, Duration::ZERO),
        };
        StepSnapshot {
            id: self.id.clone(),
            mode: self.mode,
            state,
            rows_in: self.rows_in.load(Relaxed),
            rows_out: self.rows_out.load(Relaxed),
            progress: (self.has_progress.load(Relaxed) == 1)
                .then(|| (self.done.load(Relaxed), total)),
            // The contract leaves the unit to the driver.
            bytes: total.is_some() && total == self.input_bytes,
            elapsed,
            active,
        }
    }
}
