//! The context of a native test.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;

use super::{Event, Log, Metric, Progress, Recording};
use crate::bindings::osiris::driver::types;
use crate::{Level, MetricValue};

/// Units of metrics that the contract allows.
const UNITS: [&str; 7] = ["rows", "ms", "bytes", "seconds", "files", "code", "calls"];

/// Records the calls of the driver. Panics immediately at a violation of the contract, which fails
/// the test.
#[derive(Debug)]
pub(crate) struct Host(pub(crate) Rc<RefCell<Recording>>);

impl Host {
    pub(crate) fn log(&self, level: Level, message: &str) {
        self.0.borrow_mut().logs.push(Log { level, message: message.into() });
    }

    pub(crate) fn metric(
        &self,
        name: &str,
        value: MetricValue,
        unit: &str,
        tags: &[(String, String)],
    ) {
        assert!(UNITS.contains(&unit), "metric {name}: unit {unit:?} is none of {UNITS:?}");
        self.0.borrow_mut().metrics.push(Metric {
            name: name.into(),
            value,
            unit: unit.into(),
            tags: tags.to_vec(),
        });
    }

    pub(crate) fn event(&self, name: &str, fields: &str) {
        assert!(name.contains('.'), "event {name:?} is not named like `category.action`");
        let fields = serde_json::from_str(fields);
        let Ok(fields @ Value::Object(_)) = fields else {
            panic!("event {name}: the fields are not a JSON object");
        };
        self.0.borrow_mut().events.push(Event { name: name.into(), fields });
    }

    pub(crate) fn progress(&self, done: u64, total: Option<u64>) {
        self.0.borrow_mut().progress.push(Progress { done, total });
    }

    pub(crate) fn artifacts_dir(&self) -> String {
        self.0.borrow().artifacts.display().to_string()
    }

    pub(crate) fn check_cancelled(&self) -> Result<(), types::Error> {
        self.0.borrow().check_cancelled()
    }

    pub(crate) fn load_state(&self) -> Option<String> {
        self.0.borrow().state.clone()
    }

    pub(crate) fn save_state(&self, state: &str) -> Result<(), types::Error> {
        let json = serde_json::from_str::<Value>(state);
        assert!(json.is_ok(), "the saved state is not JSON: {state}");
        self.0.borrow_mut().saved_state = Some(state.into());
        Ok(())
    }

    /// Returns immediately, so that retries do not slow down tests.
    pub(crate) fn sleep(&self, duration: Duration) {
        self.0.borrow_mut().pauses.push(duration);
    }
}
