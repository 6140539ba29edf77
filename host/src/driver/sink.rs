//! Where a driver's words go.

use serde_json::{Map, Value};

use crate::redact::Redactor;
use crate::telemetry::{Level, Number};

/// Takes what a driver says while a call runs.
pub trait Sink: Send + Sync + 'static {
    /// Knows the secrets that a driver has: what it says is masked before it is cut.
    fn redactor(&self) -> &Redactor;
    /// A log line.
    fn log(&self, level: Level, message: &str);
    /// A measured value, with its unit and tags.
    fn metric(&self, name: &str, value: Number, unit: &str, tags: Vec<(String, String)>);
    /// Something that happened.
    fn event(&self, name: &str, fields: Map<String, Value>);
    /// How far the call is, in the driver's own unit.
    fn progress(&self, done: u64, total: Option<u64>);
    /// Rows that crossed the boundary just now.
    fn rows(&self, read: u64, written: u64);
}
