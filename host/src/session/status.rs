//! `status.json`: how a run stands or ended, for people and for tools.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use super::files;
use super::folder::Folder;
use crate::manifest::Manifest;

/// `status.json`. Written when the run starts and again when it ends. Fields
/// are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// How the run stands or ended.
    pub status: State,
    /// Wall clock from start to end in seconds; 0 while it runs.
    pub execution_duration: f64,
    /// Steps that ended well.
    pub steps_completed: u64,
    /// Steps of the pipeline.
    pub steps_total: u64,
    /// What the process exits with; none while it runs and after a crash.
    pub exit_code: Option<u8>,
    /// Why it did not end well.
    pub error: Option<Failure>,
    /// The session's id.
    pub session_id: String,
    /// The pipeline's name.
    pub pipeline: String,
    /// The hash of the manifest that ran, 64 hex digits.
    pub manifest_hash: String,
    /// UTC, milliseconds, `Z`.
    pub started_at: String,
    /// UTC, milliseconds, `Z`; after a crash, when it last wrote anything.
    pub finished_at: Option<String>,
    /// Rows that extract steps made.
    pub rows_read: u64,
    /// Rows that write steps brought to their destination.
    pub rows_written: u64,
    /// Output rows of all transform steps.
    pub rows_processed: u64,
    /// Each step, in the order of the plan.
    pub steps: Vec<StepStatus>,
    /// The sha256 of each driver's component, by name.
    pub drivers: BTreeMap<String, String>,
    /// The most memory that the process held; none where the system does not say.
    pub peak_memory_bytes: Option<u64>,
    /// The process that runs it.
    pub pid: u32,
    /// The version of osiris that wrote this.
    pub osiris_version: String,
    /// The sandbox in which it ran; none if it ran on this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e2b: Option<E2b>,
}

/// Where in E2B a run was, and what that cost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct E2b {
    /// The sandbox; empty if none came up.
    pub sandbox_id: String,
    /// What it was made from.
    pub template: String,
    /// What was spent on top of the run itself, in milliseconds: `e2b_overhead_ms`
    /// in all, and its parts.
    pub metrics: BTreeMap<String, u64>,
}

impl Status {
    /// Of a run that starts now.
    pub(super) fn start(id: &str, started_at: &str, manifest: &Manifest) -> Self {
        let steps = manifest.steps.iter().map(|step| StepStatus {
            id: step.id.clone(),
            driver: step.driver.name.clone(),
            status: StepState::Pending,
            rows_in: 0,
            rows_out: 0,
            duration_ms: 0,
        });
        let drivers = manifest.steps.iter().map(|step| &step.driver);
        Self {
            status: State::Running,
            execution_duration: 0.0,
            steps_completed: 0,
            steps_total: manifest.steps.len() as u64,
            exit_code: None,
            error: None,
            session_id: id.to_owned(),
            pipeline: manifest.name.clone(),
            manifest_hash: manifest.meta.manifest_hash.clone(),
            started_at: started_at.to_owned(),
            finished_at: None,
            rows_read: 0,
            rows_written: 0,
            rows_processed: 0,
            steps: steps.collect(),
            drivers: drivers.map(|d| (d.name.clone(), d.sha256.clone())).collect(),
            peak_memory_bytes: None,
            pid: std::process::id(),
            osiris_version: env!("CARGO_PKG_VERSION").to_owned(),
            e2b: None,
        }
    }

    /// Replaces `status.json`; on the disk when this returns.
    pub(super) fn write(&self, folder: &Folder) -> io::Result<()> {
        folder.place(files::STATUS.as_ref(), self.text()?.as_bytes(), true)?;
        Ok(())
    }

    /// How the run ended, for where the file cannot be written.
    pub(super) fn summary(&self) -> String {
        let Self { steps_completed, steps_total, .. } = self;
        let why = self.error.as_ref().map(|Failure { step, kind, message }| {
            let step = step.as_ref().map(|step| format!("step `{step}`: ")).unwrap_or_default();
            format!(" ({step}{message}, {kind})")
        });
        format!(
            "the run ended as `{}`{}, {steps_completed} of {steps_total} steps went well",
            self.status.as_str(),
            why.unwrap_or_default()
        )
    }

    /// The file's text.
    pub(super) fn text(&self) -> io::Result<String> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }
}

/// How a run ended; goes into `status.json`.
#[derive(Debug, Clone)]
pub struct End {
    /// How it ended.
    pub state: State,
    /// What the process exits with.
    pub exit_code: u8,
    /// Why it did not end well.
    pub error: Option<Failure>,
    /// Each step, in the order of the plan.
    pub steps: Vec<StepStatus>,
    /// Rows that extract steps made.
    pub rows_read: u64,
    /// Rows that write steps brought to their destination.
    pub rows_written: u64,
    /// Output rows of all transform steps.
    pub rows_processed: u64,
}

/// How a run stands or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It has not ended.
    Running,
    /// Every step ended well.
    Success,
    /// A step failed, or the session could not be written.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// Its process ended without saying how.
    Crashed,
}

impl State {
    /// As `status.json` has it.
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

/// Why a run did not end well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The step that failed first; none if it was no step.
    pub step: Option<String>,
    /// One of the contract's error kinds, or `limit`, `trap`, `session`, `crash`.
    pub kind: String,
    /// For a person. No secrets.
    pub message: String,
}

/// One step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStatus {
    /// The step's id.
    pub id: String,
    /// The driver's name.
    pub driver: String,
    /// How it stands or ended.
    pub status: StepState,
    /// Rows that it took from other steps.
    pub rows_in: u64,
    /// Rows that it made, or brought to their destination.
    pub rows_out: u64,
    /// Wall clock in milliseconds.
    pub duration_ms: u64,
}

/// How a step stands or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// It has not started, or the run ended before it could.
    Pending,
    /// It ended well.
    Success,
    /// It failed.
    Failed,
    /// It was stopped, since another step failed or somebody stopped the run.
    Cancelled,
}

impl StepState {
    /// As `status.json` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}
