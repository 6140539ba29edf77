//! The report of all checks.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use osiris_core::driver::spec::Spec;

use super::check::{Check, NotPassed};

/// Results of all checks, in order.
#[derive(Debug)]
pub struct Report {
    /// Path of the component.
    pub file: PathBuf,
    /// The component's spec, if it can be read.
    pub spec: Option<Arc<Spec>>,
    /// One result per check.
    pub results: Vec<Outcome>,
    /// Duration of all checks.
    pub took: Duration,
}

/// Result of one check.
#[derive(Debug)]
pub struct Outcome {
    /// The check.
    pub check: &'static Check,
    /// The reason why the check did not pass, or `None` if it did.
    pub missed: Option<NotPassed>,
    /// Duration of the check.
    pub took: Duration,
}

impl Report {
    /// Returns the number of failed checks.
    pub fn failed(&self) -> usize {
        self.count(|missed| matches!(missed, Some(NotPassed::Failed(_))))
    }

    /// Returns the number of skipped checks.
    pub fn skipped(&self) -> usize {
        self.count(|missed| matches!(missed, Some(NotPassed::Skipped(_))))
    }

    /// Returns the number of passed checks.
    pub fn passed(&self) -> usize {
        self.count(Option::is_none)
    }

    fn count(&self, matches: impl Fn(&Option<NotPassed>) -> bool) -> usize {
        self.results.iter().filter(|result| matches(&result.missed)).count()
    }
}

impl NotPassed {
    /// Replaces the text.
    pub(super) fn map(self, change: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Failed(text) => Self::Failed(change(text)),
            Self::Skipped(text) => Self::Skipped(change(text)),
        }
    }
}
