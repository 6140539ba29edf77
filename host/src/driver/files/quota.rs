//! How much a call writes to files, and what was refused it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::driver::limits::{Limit, Limits};

/// Counts what a call writes. Clones share the count.
#[derive(Debug, Clone)]
pub(super) struct Quota {
    limits: Arc<Limits>,
    used: Arc<Mutex<Used>>,
}

#[derive(Debug, Default)]
struct Used {
    bytes: u64,
    files: u64,
    refused: Option<String>,
}

impl Quota {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { limits: Arc::new(limits.clone()), used: Arc::default() }
    }

    /// Whether `bytes` more may be written, that end at `end` of their file.
    pub(super) fn admits(&self, bytes: u64, end: u64) -> bool {
        let limit = self.limits.get(Limit::Disk);
        let mut used = self.used();
        let total = used.bytes.saturating_add(bytes);
        if total.max(end) > limit {
            let asked = if total > limit {
                format!("it was to write {total} bytes")
            } else {
                format!("it was to make a file of {end} bytes")
            };
            used.refused = Some(self.limits.refusal(Limit::Disk, asked));
            return false;
        }
        used.bytes = total;
        true
    }

    /// Whether one more file or folder may be made.
    pub(super) fn admits_file(&self) -> bool {
        let mut used = self.used();
        if used.files >= self.limits.get(Limit::Files) {
            let asked = format!("it was to make {}", used.files + 1);
            used.refused = Some(self.limits.refusal(Limit::Files, asked));
            return false;
        }
        used.files += 1;
        true
    }

    /// Takes down what else was refused for want of room.
    pub(super) fn refuse(&self, why: String) {
        self.used().refused = Some(why);
    }

    /// The last refusal, for the error's message.
    pub(super) fn refused(&self) -> Option<String> {
        self.used().refused.clone()
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
