//! What came out of a run.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::{Event, Log, Metric, Progress, Table};
use crate::host::memory::Recording;
use crate::{MetricValue, Result, Summary};

/// How a step ended and what it left. [`Context`](crate::Context) has an example
/// of each.
#[derive(Debug)]
pub struct Report {
    /// How it ended.
    pub result: Result<Summary>,
    /// The table that it made, complete only if it ended well.
    pub output: Option<Table>,
    /// What it logged.
    pub logs: Vec<Log>,
    /// What it measured.
    pub metrics: Vec<Metric>,
    /// What it said has happened.
    pub events: Vec<Event>,
    /// How far it said it was, each time.
    pub progress: Vec<Progress>,
    /// The pauses it made between attempts; they took no time.
    pub pauses: Vec<Duration>,
    /// What it saved for the next run.
    pub saved_state: Option<Value>,
    artifacts: TempDir,
}

impl Report {
    pub(super) fn new(result: Result<Summary>, recording: Recording, artifacts: TempDir) -> Self {
        let Recording { schema, batches, .. } = recording;
        Self {
            result,
            output: schema.map(|schema| Table::from_parts(schema, batches)),
            logs: recording.logs,
            metrics: recording.metrics,
            events: recording.events,
            progress: recording.progress,
            pauses: recording.pauses,
            saved_state: recording.saved_state.and_then(|json| serde_json::from_str(&json).ok()),
            artifacts,
        }
    }

    /// The table that the step made.
    ///
    /// # Panics
    /// If it made none.
    #[must_use]
    pub fn table(&self) -> &Table {
        self.output.as_ref().expect("the step never opened its output: call `output.open(&schema)`")
    }

    /// The folder for artifacts, which goes away with the report.
    #[must_use]
    pub fn artifacts(&self) -> &Path {
        self.artifacts.path()
    }

    /// The text of an artifact.
    ///
    /// # Panics
    /// If there is none of that name.
    #[must_use]
    pub fn artifact(&self, name: &str) -> String {
        fs::read_to_string(self.artifacts.path().join(name))
            .unwrap_or_else(|error| panic!("artifact {name}: {error}"))
    }

    /// The step made these rows, in this order: see [`Table::rows`].
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    pub fn assert_rows(&self, expected: &Value) {
        assert_eq!(&self.table().rows(), expected);
    }

    /// The step measured that, at least once.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    pub fn assert_metric(&self, name: &str, value: impl Into<MetricValue>) {
        let value = value.into();
        let found = self.metrics.iter().any(|metric| metric.name == name && metric.value == value);
        assert!(found, "no metric {name} of {value:?} in {:#?}", self.metrics);
    }

    /// The step logged a message with that text in it.
    ///
    /// # Panics
    /// If it did not.
    #[track_caller]
    pub fn assert_logged(&self, part: &str) {
        let found = self.logs.iter().any(|log| log.message.contains(part));
        assert!(found, "nothing logged with {part:?} in {:#?}", self.logs);
    }
}
