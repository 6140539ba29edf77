//! What the host does for a driver while a call runs.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::{Result, host::Host};

/// The way to the host.
#[derive(Debug)]
pub struct Context {
    pub(crate) host: Host,
}

/// How much a log message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Every detail.
    Trace,
    /// For who looks for a fault.
    Debug,
    /// What happened.
    Info,
    /// What may be wrong.
    Warn,
    /// What is wrong.
    Error,
}

/// What a metric measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MetricValue {
    /// A count.
    Integer(i64),
    /// Anything else.
    Float(f64),
}

impl From<i64> for MetricValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<f64> for MetricValue {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<u64> for MetricValue {
    /// Beyond 2^63 it is 2^63 - 1.
    fn from(value: u64) -> Self {
        Self::Integer(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl From<usize> for MetricValue {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

impl Context {
    /// Writes to the session's log. No secrets.
    pub fn log(&self, level: Level, message: impl AsRef<str>) {
        self.host.log(level, message.as_ref());
    }

    /// Logs what happened.
    pub fn info(&self, message: impl AsRef<str>) {
        self.log(Level::Info, message);
    }

    /// Logs what may be wrong.
    pub fn warn(&self, message: impl AsRef<str>) {
        self.log(Level::Warn, message);
    }

    /// Logs what is wrong.
    pub fn error(&self, message: impl AsRef<str>) {
        self.log(Level::Error, message);
    }

    /// Logs what helps to find a fault.
    pub fn debug(&self, message: impl AsRef<str>) {
        self.log(Level::Debug, message);
    }

    /// Records a measurement. `unit` is one of rows, ms, bytes, seconds, files,
    /// code and calls. The host counts rows itself.
    pub fn metric(
        &self,
        name: &str,
        value: impl Into<MetricValue>,
        unit: &str,
        tags: &[(&str, &str)],
    ) {
        let tags: Vec<_> =
            tags.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        self.host.metric(name, value.into(), unit, &tags);
    }

    /// Records that something happened. `name` is `category.action`, `fields`
    /// a JSON object.
    pub fn event(&self, name: &str, fields: &Value) {
        self.host.event(name, &fields.to_string());
    }

    /// How far the step is, for the progress bar, in whatever unit it counts.
    pub fn progress(&self, done: u64, total: Option<u64>) {
        self.host.progress(done, total);
    }

    /// The folder for this step's artifacts.
    #[must_use]
    pub fn artifacts_dir(&self) -> PathBuf {
        self.host.artifacts_dir().into()
    }

    /// Looks whether the run still goes on. Ask before anything that cannot be
    /// undone, and now and then in a long loop that does not read or send.
    ///
    /// # Errors
    /// Kind `cancelled` if it does not: undo what was done and return the
    /// error.
    pub fn check_cancelled(&self) -> Result<()> {
        Ok(self.host.check_cancelled()?)
    }

    /// The JSON that this step saved in its last successful run.
    #[must_use]
    pub fn load_state(&self) -> Option<String> {
        self.host.load_state()
    }

    /// Saves JSON for the next run. It is kept only if this whole run succeeds.
    ///
    /// # Errors
    /// What the host says, such as that the spec does not ask for state.
    pub fn save_state(&self, state: &str) -> Result<()> {
        Ok(self.host.save_state(state)?)
    }

    pub(crate) fn sleep(&self, duration: Duration) {
        self.host.sleep(duration);
    }
}
