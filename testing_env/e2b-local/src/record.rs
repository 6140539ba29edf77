//! A record of all that E2B would log or keep, and of the number of requests of each route.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The lines of the log and the counters.
#[derive(Debug, Default)]
pub(crate) struct Record {
    lines: Mutex<Vec<String>>,
    counts: Mutex<BTreeMap<String, u64>>,
}

impl Record {
    pub(crate) fn log(&self, line: String) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }

    pub(crate) fn count(&self, route: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(route.to_owned()).or_default() += 1;
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
