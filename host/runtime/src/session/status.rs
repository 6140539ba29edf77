//! `status.json`: the state of a run, for people and tools.

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use osiris_core::contract::ErrorKind;
use osiris_engine::CallError;
use osiris_pipeline::manifest::Manifest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::dir::SessionDir;
use super::files;

/// `status.json`. Written when the run starts and again when it ends. Fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusFile {
    /// State of the run.
    pub status: RunStatus,
    /// Wall-clock time from start to end in seconds; 0 while the run lasts.
    pub execution_duration: f64,
    /// Number of steps that succeeded.
    pub steps_completed: u64,
    /// Number of steps of the pipeline.
    pub steps_total: u64,
    /// Exit code of the process, or `None` while the run lasts and after a crash.
    pub exit_code: Option<u8>,
    /// The failure of a run that did not succeed.
    pub error: Option<RunError>,
    /// The session's id.
    pub session_id: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// Hash of the manifest that ran, 64 hex digits.
    pub manifest_hash: String,
    /// Profile of the compile, or `None` if it had none.
    #[serde(default)]
    pub profile: Option<String>,
    /// Parameters of the compile by name, with secrets masked.
    #[serde(default)]
    pub parameters: Map<String, Value>,
    /// Start of the run: UTC with milliseconds and `Z`.
    pub started_at: String,
    /// End of the run: UTC with milliseconds and `Z`. After a crash, the time of the last event.
    pub finished_at: Option<String>,
    /// Rows that extract steps produced.
    pub rows_read: u64,
    /// Rows that write steps delivered to their destination.
    pub rows_written: u64,
    /// Output rows of all transform steps.
    pub rows_processed: u64,
    /// Each step, in the order of the plan.
    pub steps: Vec<StepStatus>,
    /// The files and tables that steps wrote. Empty until the run ends.
    #[serde(default)]
    pub outputs: Vec<Output>,
    /// The sha256 of each driver's component, by driver name.
    pub drivers: BTreeMap<String, String>,
    /// Peak memory of the process in bytes, or `None` if the system does not report it.
    pub peak_memory_bytes: Option<u64>,
    /// Id of the process that runs the pipeline.
    pub pid: u32,
    /// Version of osiris that wrote this file.
    pub osiris_version: String,
    /// The sandbox of a remote run, or `None` for a local run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e2b: Option<E2b>,
}

/// A file or a table that a step wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The step.
    pub step: String,
    /// Path of the file or directory, relative to the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Size of the file in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Connection of the step, like `@mysql.main`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// The table, as the step's configuration names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Treatment of earlier rows: `append`, `replace`, or another mode of the driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Rows that the step delivered, if it is a write step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// The state that a step keeps between runs, before and after a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateChange {
    /// State from which the step started, or `None` if it had none.
    pub before: Option<Value>,
    /// State from which the next run starts.
    pub after: Option<Value>,
}

/// The E2B sandbox of a run, and the time it took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct E2b {
    /// Id of the sandbox; empty if none was created.
    pub sandbox_id: String,
    /// Template of the sandbox.
    pub template: String,
    /// Time spent in addition to the run itself, in milliseconds: `e2b_overhead_ms` in total, and
    /// its parts.
    pub metrics: BTreeMap<String, u64>,
}

impl StatusFile {
    /// Returns the status of a run that starts now.
    pub(super) fn start(
        id: &str,
        started_at: &str,
        manifest: &Manifest,
        parameters: Map<String, Value>,
    ) -> Self {
        let steps = manifest.steps.iter().map(|step| StepStatus {
            id: step.id.clone(),
            driver: step.driver.name.clone(),
            status: StepState::Pending,
            rows_in: 0,
            rows_out: 0,
            duration_ms: 0,
            state: None,
            notes: Vec::new(),
        });
        let drivers = manifest.steps.iter().map(|step| &step.driver);
        Self {
            status: RunStatus::Running,
            execution_duration: 0.0,
            steps_completed: 0,
            steps_total: manifest.steps.len() as u64,
            exit_code: None,
            error: None,
            session_id: id.to_owned(),
            pipeline: manifest.name.clone(),
            manifest_hash: manifest.meta.manifest_hash.clone(),
            profile: Some(manifest.meta.profile.clone()).filter(|profile| !profile.is_empty()),
            parameters,
            started_at: started_at.to_owned(),
            finished_at: None,
            rows_read: 0,
            rows_written: 0,
            rows_processed: 0,
            steps: steps.collect(),
            outputs: Vec::new(),
            drivers: drivers.map(|d| (d.name.clone(), d.sha256.clone())).collect(),
            peak_memory_bytes: None,
            pid: std::process::id(),
            osiris_version: env!("CARGO_PKG_VERSION").to_owned(),
            e2b: None,
        }
    }

    /// Replaces `status.json` and syncs it to the disk.
    pub(super) fn write(&self, folder: &SessionDir) -> io::Result<()> {
        folder.write_atomic(files::STATUS.as_ref(), self.text()?.as_bytes(), true)?;
        Ok(())
    }

    /// Summarizes how the run ended, for when the file cannot be written.
    pub(super) fn summary(&self) -> String {
        let Self { steps_completed, steps_total, .. } = self;
        let why = self.error.as_ref().map(|error| format!(" ({error}, {})", error.kind));
        format!(
            "the run ended with status `{}`{}; {steps_completed} of {steps_total} steps succeeded",
            self.status.as_str(),
            why.unwrap_or_default()
        )
    }

    /// Returns the file's text.
    pub(super) fn text(&self) -> io::Result<String> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }
}

/// The result of a run, as it goes into `status.json`.
#[derive(Debug, Clone)]
pub struct RunResult {
    /// Final state.
    pub state: RunStatus,
    /// Exit code of the process.
    pub exit_code: u8,
    /// The failure of a run that did not succeed.
    pub error: Option<RunError>,
    /// Each step, in the order of the plan.
    pub steps: Vec<StepStatus>,
    /// Rows that extract steps produced.
    pub rows_read: u64,
    /// Rows that write steps delivered to their destination.
    pub rows_written: u64,
    /// Output rows of all transform steps.
    pub rows_processed: u64,
}

/// State of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RunStatus {
    /// The run has not ended.
    Running,
    /// Every step succeeded.
    Success,
    /// A step failed, or the session could not be written.
    Failed,
    /// The run was cancelled.
    Cancelled,
    /// The process ended without writing a final status.
    Crashed,
}

impl RunStatus {
    /// Returns the state as written in `status.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Crashed => "crashed",
        }
    }
}

/// The failure of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunError {
    /// The step that failed first, or `None` if no step failed.
    pub step: Option<String>,
    /// Kind of the failure.
    pub kind: ErrorKind,
    /// Message for people, without secrets.
    pub message: String,
    /// Instruction to fix the failure, if the message has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl RunError {
    /// Creates the failure of a run as a whole.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { step: None, kind, message: message.into(), help: None }
    }

    /// Creates the failure of a step.
    pub fn of_step(step: &str, error: CallError) -> Self {
        let CallError { kind, message, help } = error;
        Self { step: Some(step.to_owned()), kind, message, help }
    }
}

/// Formats the failure with its step, without its kind and its help.
impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(step) = &self.step {
            write!(f, "step `{step}`: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Status of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStatus {
    /// The step's id.
    pub id: String,
    /// The driver's name.
    pub driver: String,
    /// State of the step.
    pub status: StepState,
    /// Rows that the step read from other steps.
    pub rows_in: u64,
    /// Rows that the step produced, or delivered to their destination.
    pub rows_out: u64,
    /// Wall-clock time in milliseconds.
    pub duration_ms: u64,
    /// State of the step, if it keeps any between runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<StateChange>,
    /// The first `info` messages of the driver.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// State of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// The step has not started, or the run ended before it could.
    Pending,
    /// The step succeeded.
    Success,
    /// The step failed.
    Failed,
    /// The step was stopped because another step failed or the run was cancelled.
    Cancelled,
}

impl StepState {
    /// Returns the state as written in `status.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}
