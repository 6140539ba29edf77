//! Everything that a driver did to its host.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::Batch;
use crate::bindings::osiris::driver::types;
use crate::{Error, Level, MetricValue, Schema};

/// A log message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// How much it matters.
    pub level: Level,
    /// The text.
    pub message: String,
}

/// A measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// What was measured.
    pub name: String,
    /// How much.
    pub value: MetricValue,
    /// Of what.
    pub unit: String,
    /// Which one.
    pub tags: Vec<(String, String)>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// `category.action`.
    pub name: String,
    /// A JSON object.
    pub fields: Value,
}

/// How far the step was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all, if known.
    pub total: Option<u64>,
}

/// What went in and what came out.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    /// The state of the last run.
    pub(crate) state: Option<String>,
    pub(crate) artifacts: PathBuf,
    /// After how many batches, read or sent, the run is cancelled.
    pub(crate) cancel_after: Option<usize>,
    /// How many batches were read or sent.
    pub(crate) moved: usize,

    pub(crate) schema: Option<Schema>,
    pub(crate) batches: Vec<Batch>,
    pub(crate) logs: Vec<Log>,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) events: Vec<Event>,
    pub(crate) progress: Vec<Progress>,
    pub(crate) pauses: Vec<Duration>,
    pub(crate) saved_state: Option<String>,
}

impl Recording {
    pub(crate) fn check_cancelled(&self) -> Result<(), types::Error> {
        match self.cancel_after {
            Some(after) if self.moved >= after => {
                Err(Error::cancelled("the run was cancelled").into())
            }
            _ => Ok(()),
        }
    }
}
