//! Limits on the growth of a driver's memory and tables, enforced when the engine asks.

use osiris_core::budget::Share;
use osiris_core::driver::limits::{Limit, Limits};
use wasmtime::ResourceLimiter;

/// Denies growth beyond the limits and remembers the denial, because the driver itself only sees an
/// allocation fail and usually aborts.
#[derive(Debug)]
pub(crate) struct Limiter {
    limits: Limits,
    /// Current bytes of all linear memories, counted in a share of the run's budget.
    memory: Share,
    /// Current elements of all tables.
    elements: u64,
    /// The last denial, for the error message.
    pub(crate) denial: Option<String>,
}

impl Limiter {
    /// Creates a limiter that takes memory from the run's budget through an empty share.
    pub(crate) fn new(limits: Limits, memory: Share) -> Self {
        Self { limits, memory, elements: 0, denial: None }
    }

    /// Returns the bytes of all linear memories. Memories never shrink.
    pub(crate) fn memory(&self) -> u64 {
        self.memory.amount()
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let more = (desired - current) as u64;
        let total = self.memory.amount() + more;
        if total > self.limits.get(Limit::Memory) {
            let request = format!("it requested {total} bytes");
            self.denial = Some(self.limits.exceeded_message(Limit::Memory, request));
            return Ok(false);
        }
        if let Err(exceeded) = self.memory.grow(more) {
            self.denial = Some(self.limits.run_exceeded_message(exceeded));
            return Ok(false);
        }
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.elements + (desired - current) as u64;
        if total > self.limits.get(Limit::Elements) {
            let request = format!("it requested {total}");
            self.denial = Some(self.limits.exceeded_message(Limit::Elements, request));
            return Ok(false);
        }
        self.elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        usize::try_from(self.limits.get(Limit::Instances)).unwrap_or(usize::MAX)
    }
}
