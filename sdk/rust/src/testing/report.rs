//! Results of a run.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::{Event, Log, Metric, Progress, Table};
use crate::host::memory::Recording;
use crate::{MetricValue, Result, Summary};

/// The result of a step, and everything that the driver sent. [`Context`](crate::Context) has an
/// example of each.
#[derive(Debug)]
pub struct Report {
    /// Result of the step.
    pub result: Result<Summary>,
    /// The table that the step wrote, complete only if the step succeeded.
    pub output: Option<Table>,
    /// Logged messages.
    pub logs: Vec<Log>,
    /// Recorded metrics.
    pub metrics: Vec<Metric>,
    /// Recorded events.
    pub events: Vec<Event>,
    /// Progress reports, in order.
    pub progress: Vec<Progress>,
    /// Pauses between attempts, which took no time.
    pub pauses: Vec<Duration>,
    /// State saved for the next run.
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

    /// Returns the table that the step wrote.
    ///
    /// # Panics
    /// Panics if the step did not write a table.
    #[must_use]
    pub fn table(&self) -> &Table {
        self.output.as_ref().expect("the step never opened its output: call `output.open(&schema)`")
    }

    /// Returns the artifacts directory, which is removed with the report.
    #[must_use]
    pub fn artifacts(&self) -> &Path {
        self.artifacts.path()
    }

    /// Returns the text of an artifact.
    ///
    /// # Panics
    /// Panics if there is no artifact with this name.
    #[must_use]
    pub fn artifact(&self, name: &str) -> String {
        fs::read_to_string(self.artifacts.path().join(name))
            .unwrap_or_else(|error| panic!("artifact {name}: {error}"))
    }

    /// Asserts that the step wrote these rows, in this order: see [`Table::rows`].
    ///
    /// # Panics
    /// Panics if the rows differ.
    #[track_caller]
    pub fn assert_rows(&self, expected: &Value) {
        assert_eq!(&self.table().rows(), expected);
    }

    /// Asserts that the step recorded this metric at least once.
    ///
    /// # Panics
    /// Panics if it did not.
    #[track_caller]
    pub fn assert_metric(&self, name: &str, value: impl Into<MetricValue>) {
        let value = value.into();
        let found = self.metrics.iter().any(|metric| metric.name == name && metric.value == value);
        assert!(found, "no metric {name} of {value:?} in {:#?}", self.metrics);
    }

    /// Asserts that the step logged a message that contains a text.
    ///
    /// # Panics
    /// Panics if it did not.
    #[track_caller]
    pub fn assert_logged(&self, part: &str) {
        let found = self.logs.iter().any(|log| log.message.contains(part));
        assert!(found, "nothing logged with {part:?} in {:#?}", self.logs);
    }
}
