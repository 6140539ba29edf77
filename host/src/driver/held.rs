//! Memory that the host holds for one call: memory that a driver makes it use, and that is
//! not the driver's own.

use wasmtime::Result;

use super::failure::beyond;
use super::limits::{Limit, Limits};
use crate::budget::Share;

/// The bytes that are held, as a part of what the run may have.
#[derive(Debug)]
pub(super) struct Held {
    limits: Limits,
    bytes: Share,
}

impl Held {
    /// An account that takes memory by way of an empty share of the run's.
    pub(super) fn new(limits: Limits, bytes: Share) -> Self {
        Self { limits, bytes }
    }

    /// Holds more.
    ///
    /// # Errors
    /// Returns an error, which ends the call, if that is more than it may be.
    pub(super) fn add(&mut self, bytes: u64) -> Result<()> {
        let total = self.bytes.amount().saturating_add(bytes);
        if total > self.limits.get(Limit::Held) {
            let asked = format!(
                "the host would hold {total} bytes for it: batches that it has not dropped or sent, its columns and its state"
            );
            return Err(beyond(self.limits.refusal(Limit::Held, asked)));
        }
        self.bytes.grow(bytes).map_err(|exceeded| beyond(self.limits.refusal_of_run(exceeded)))
    }

    /// Holds less.
    pub(super) fn remove(&mut self, bytes: u64) {
        self.bytes.shrink(bytes);
    }
}
