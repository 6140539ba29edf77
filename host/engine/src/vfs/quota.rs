//! Quota for the bytes and files that a call writes.

use std::sync::{Arc, Mutex, MutexGuard};

use osiris_core::driver::limits::{Limit, Limits};
use osiris_core::sync::lock;

/// Counts the bytes and files that a call writes. Clones share the count.
#[derive(Debug, Clone)]
pub(super) struct Quota {
    limits: Arc<Limits>,
    used: Arc<Mutex<Used>>,
}

#[derive(Debug, Default)]
struct Used {
    bytes: u64,
    files: u64,
    denial: Option<String>,
}

impl Quota {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { limits: Arc::new(limits.clone()), used: Arc::default() }
    }

    /// Counts `bytes` that end at offset `end` of their file, and returns whether they may be
    /// written.
    pub(super) fn admits(&self, bytes: u64, end: u64) -> bool {
        let limit = self.limits.get(Limit::Disk);
        let mut used = self.used();
        let total = used.bytes.saturating_add(bytes);
        if total.max(end) > limit {
            let request = if total > limit {
                format!("it tried to write {total} bytes")
            } else {
                format!("it tried to create a file of {end} bytes")
            };
            used.denial = Some(self.limits.exceeded_message(Limit::Disk, request));
            return false;
        }
        used.bytes = total;
        true
    }

    /// Counts a file or directory, and returns whether it may be created.
    pub(super) fn admits_file(&self) -> bool {
        let mut used = self.used();
        if used.files >= self.limits.get(Limit::Files) {
            let request = format!("it tried to create {}", used.files + 1);
            used.denial = Some(self.limits.exceeded_message(Limit::Files, request));
            return false;
        }
        used.files += 1;
        true
    }

    /// Records a denial for lack of space.
    pub(super) fn refuse(&self, reason: String) {
        self.used().denial = Some(reason);
    }

    /// The last denial, for the error message.
    pub(super) fn denial(&self) -> Option<String> {
        self.used().denial.clone()
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        lock(&self.used)
    }
}
