//! Accounting of the memory that the host holds for one call, outside the driver's linear memory.

use osiris_core::budget::Share;
use osiris_core::driver::limits::{Limit, Limits};
use wasmtime::Result;

use super::failure::limit_exceeded;

/// Number of bytes held, counted in a share of the run's budget.
#[derive(Debug)]
pub(super) struct HeldMemory {
    limits: Limits,
    bytes: Share,
}

impl HeldMemory {
    /// Creates an account that takes memory from the run's budget through an empty share.
    pub(super) fn new(limits: Limits, bytes: Share) -> Self {
        Self { limits, bytes }
    }

    /// Counts more bytes.
    ///
    /// # Errors
    /// Returns an error, which ends the call, if the total exceeds the limit of the step or of the
    /// run.
    pub(super) fn add(&mut self, bytes: u64) -> Result<()> {
        let total = self.bytes.amount().saturating_add(bytes);
        if total > self.limits.get(Limit::Held) {
            let request = format!(
                "the host would hold {total} bytes for the driver: batches that were not dropped or sent, columns and state"
            );
            return Err(limit_exceeded(self.limits.exceeded_message(Limit::Held, request)));
        }
        self.bytes
            .grow(bytes)
            .map_err(|exceeded| limit_exceeded(self.limits.run_exceeded_message(exceeded)))
    }

    /// Counts fewer bytes.
    pub(super) fn remove(&mut self, bytes: u64) {
        self.bytes.shrink(bytes);
    }
}
