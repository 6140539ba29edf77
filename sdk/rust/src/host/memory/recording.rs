//! A recording of everything that a driver sent to its host.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::Batch;
use crate::bindings::osiris::driver::types;
use crate::{Error, Level, MetricValue, Schema};

/// A log message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Severity of the message.
    pub level: Level,
    /// The text.
    pub message: String,
}

/// A recorded metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Name of the metric.
    pub name: String,
    /// Measured value.
    pub value: MetricValue,
    /// Unit of the value.
    pub unit: String,
    /// Tags, as key and value.
    pub tags: Vec<(String, String)>,
}

/// A recorded event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Name of the event, as `category.action`.
    pub name: String,
    /// Fields of the event, a JSON object.
    pub fields: Value,
}

/// Progress of the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Completed units.
    pub done: u64,
    /// Total units, if known.
    pub total: Option<u64>,
}

/// Inputs of a run, and everything that the driver sent.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    /// The state that the last run saved.
    pub(crate) state: Option<String>,
    pub(crate) artifacts: PathBuf,
    /// Number of batches, read or sent, after which the run is cancelled.
    pub(crate) cancel_after: Option<usize>,
    /// Number of batches read or sent.
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
