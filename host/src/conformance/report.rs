//! How a driver did.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::check::{Check, Missed};
use crate::driver::spec::Spec;

/// How all checks ended, in their order.
#[derive(Debug)]
pub struct Report {
    /// The component.
    pub file: PathBuf,
    /// Its spec, if it can be read.
    pub spec: Option<Arc<Spec>>,
    /// One of each check.
    pub results: Vec<Outcome>,
    /// How long it took.
    pub took: Duration,
}

/// How one check ended.
#[derive(Debug)]
pub struct Outcome {
    /// The check.
    pub check: &'static Check,
    /// None if it passed.
    pub missed: Option<Missed>,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    /// How many failed.
    pub fn failed(&self) -> usize {
        self.count(|missed| matches!(missed, Some(Missed::Failed(_))))
    }

    /// How many were skipped.
    pub fn skipped(&self) -> usize {
        self.count(|missed| matches!(missed, Some(Missed::Skipped(_))))
    }

    /// How many passed.
    pub fn passed(&self) -> usize {
        self.count(Option::is_none)
    }

    fn count(&self, wanted: impl Fn(&Option<Missed>) -> bool) -> usize {
        self.results.iter().filter(|result| wanted(&result.missed)).count()
    }
}

impl Missed {
    /// The same with another text.
    pub(super) fn map(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Failed(text) => Self::Failed(change(text)),
            Self::Skipped(text) => Self::Skipped(change(text)),
        }
    }
}
