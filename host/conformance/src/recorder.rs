//! Records the output of a driver during a call.

use std::sync::{Mutex, MutexGuard};

use osiris_core::redact::Redactor;
use osiris_core::sync::lock;
use osiris_core::telemetry::{Level, Number};
use osiris_engine::observer::CallObserver;
use serde_json::{Map, Value};
use tokio::sync::watch;

/// Log, metrics, events and progress of a driver.
#[derive(Debug, Clone, Default)]
pub(super) struct Recording {
    pub(super) logs: Vec<(Level, String)>,
    pub(super) metrics: Vec<Metric>,
    pub(super) events: Vec<(String, Map<String, Value>)>,
    pub(super) progress: Vec<(u64, Option<u64>)>,
}

/// A metric.
#[derive(Debug, Clone)]
pub(super) struct Metric {
    pub(super) name: String,
    pub(super) value: Number,
    pub(super) unit: String,
    pub(super) tags: Vec<(String, String)>,
}

/// Maximum records kept of each kind; a driver can send more, which are dropped.
const MAX_RECORDS: usize = 10_000;

/// A sink that records everything.
pub(super) struct Recorder {
    recording: Mutex<Recording>,
    redactor: Redactor,
    /// Rows read and written so far.
    rows: watch::Sender<(u64, u64)>,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self {
            recording: Mutex::default(),
            redactor: Redactor::default(),
            rows: watch::Sender::new((0, 0)),
        }
    }

    /// Subscribes to the rows that cross the boundary.
    pub(super) fn rows(&self) -> watch::Receiver<(u64, u64)> {
        self.rows.subscribe()
    }

    pub(super) fn take(&self) -> Recording {
        std::mem::take(&mut *self.recording())
    }

    fn recording(&self) -> MutexGuard<'_, Recording> {
        lock(&self.recording)
    }
}

fn keep<T>(list: &mut Vec<T>, one: T) {
    if list.len() < MAX_RECORDS {
        list.push(one);
    }
}

impl CallObserver for Recorder {
    /// Returns a redactor without secrets: the kit searches for the secrets that a driver reveals.
    fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    fn log(&self, level: Level, message: &str) {
        keep(&mut self.recording().logs, (level, message.to_owned()));
    }

    fn metric(&self, name: &str, value: Number, unit: &str, tags: Vec<(String, String)>) {
        let metric = Metric { name: name.to_owned(), value, unit: unit.to_owned(), tags };
        keep(&mut self.recording().metrics, metric);
    }

    fn event(&self, name: &str, fields: Map<String, Value>) {
        keep(&mut self.recording().events, (name.to_owned(), fields));
    }

    fn progress(&self, done: u64, total: Option<u64>) {
        keep(&mut self.recording().progress, (done, total));
    }

    fn rows(&self, read: u64, written: u64) {
        self.rows.send_modify(|rows| {
            rows.0 += read;
            rows.1 += written;
        });
    }
}
