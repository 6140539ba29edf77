//! Receiver of a driver's logs, metrics, events and progress.

use osiris_core::redact::Redactor;
use osiris_core::telemetry::{Level, Number};
use serde_json::{Map, Value};

/// Receives a driver's logs, metrics, events, progress and row counts while a call runs.
pub trait CallObserver: Send + Sync + 'static {
    /// Returns the redactor of the driver's secrets. Text is redacted before it is cut.
    fn redactor(&self) -> &Redactor;
    /// Logs a message.
    fn log(&self, level: Level, message: &str);
    /// Records a measured value with its unit and tags.
    fn metric(&self, name: &str, value: Number, unit: &str, tags: Vec<(String, String)>);
    /// Records an event.
    fn event(&self, name: &str, fields: Map<String, Value>);
    /// Reports the progress of the call, in a unit that the driver chooses.
    fn progress(&self, done: u64, total: Option<u64>);
    /// Counts rows that the driver has just read or written.
    fn rows(&self, read: u64, written: u64);
}

/// Ignores all telemetry. Masks nothing, because nothing is kept.
#[derive(Debug, Default)]
pub struct NoObserver {
    redactor: Redactor,
}

impl CallObserver for NoObserver {
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }
    fn log(&self, _: Level, _: &str) {}
    fn metric(&self, _: &str, _: Number, _: &str, _: Vec<(String, String)>) {}
    fn event(&self, _: &str, _: Map<String, Value>) {}
    fn progress(&self, _: u64, _: Option<u64>) {}
    fn rows(&self, _: u64, _: u64) {}
}
