//! The host of a component: the contract's imports.

use std::time::Duration;

pub(crate) use crate::bindings::osiris::driver::tables::{Batch, Reader, Writer};

use crate::bindings::osiris::driver::context;
use crate::bindings::osiris::driver::types;
use crate::{Level, MetricValue};

/// The host of the component. There is only one, so the type is empty.
#[derive(Debug)]
pub(crate) struct Host;

impl Host {
    pub(crate) fn log(&self, level: Level, message: &str) {
        context::log(
            match level {
                Level::Trace => context::Level::Trace,
                Level::Debug => context::Level::Debug,
                Level::Info => context::Level::Info,
                Level::Warn => context::Level::Warn,
                Level::Error => context::Level::Error,
            },
            message,
        );
    }

    pub(crate) fn metric(
        &self,
        name: &str,
        value: MetricValue,
        unit: &str,
        tags: &[(String, String)],
    ) {
        let value = match value {
            MetricValue::Integer(value) => context::MetricValue::Integer(value),
            MetricValue::Float(value) => context::MetricValue::Float(value),
        };
        context::metric(name, value, unit, tags);
    }

    pub(crate) fn event(&self, name: &str, fields: &str) {
        context::event(name, fields);
    }

    pub(crate) fn progress(&self, done: u64, total: Option<u64>) {
        context::progress(done, total);
    }

    pub(crate) fn artifacts_dir(&self) -> String {
        context::artifacts_dir()
    }

    pub(crate) fn check_cancelled(&self) -> Result<(), types::Error> {
        context::check_cancelled()
    }

    pub(crate) fn load_state(&self) -> Option<String> {
        context::load_state()
    }

    pub(crate) fn save_state(&self, state: &str) -> Result<(), types::Error> {
        context::save_state(state)
    }

    pub(crate) fn sleep(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}
