//! Forwards a step's logs, metrics, events and progress to the run's session.

use std::sync::Arc;

use osiris_core::redact::Redactor;
use osiris_core::telemetry::{Level, Number};
use osiris_engine::observer::CallObserver;
use serde_json::{Map, Value};

use super::progress::RunProgress;
use crate::session::{HOST_METRICS, Session};

pub(super) struct StepSink {
    pub(super) session: Session,
    pub(super) progress: Arc<RunProgress>,
    pub(super) index: usize,
    pub(super) step: String,
}

impl CallObserver for StepSink {
    fn redactor(&self) -> &Redactor {
        self.session.redactor()
    }

    fn log(&self, level: Level, message: &str) {
        self.session.log(level, Some(&self.step), message);
    }

    fn metric(&self, name: &str, value: Number, unit: &str, mut tags: Vec<(String, String)>) {
        if HOST_METRICS.contains(&name) {
            return;
        }
        tags.retain(|(key, _)| key != "step");
        tags.push(("step".into(), self.step.clone()));
        self.session.metric(name, value, unit, tags);
    }

    fn event(&self, name: &str, mut fields: Map<String, Value>) {
        fields.insert("step_id".into(), self.step.as_str().into());
        self.session.driver_event(name, fields);
    }

    fn progress(&self, done: u64, total: Option<u64>) {
        // Drop numbers that reveal a secret: progress is displayed while the run lasts.
        let hides = |number: u64| self.redactor().hides_number(number.into());
        if !hides(done) && !total.is_some_and(hides) {
            self.progress.row(self.index).progress(done, total);
        }
    }

    fn rows(&self, read: u64, written: u64) {
        self.progress.row(self.index).add(read, written);
    }
}
