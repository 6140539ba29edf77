//! What one call into a driver may use.

use serde::{Deserialize, Serialize};
use wasmtime::ResourceLimiter;

use super::spec::SpecLimits;

/// Every limit, with its unit and default. Where the spec, the project and the
/// host name the same one, the tightest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of linear memory, over all memories of the driver. 2 GiB.
    pub memory: u64,
    /// Seconds that one step may run, not counting its waits for other steps. 600.
    pub seconds: u64,
    /// Elements over all tables of the driver. 1 Mi.
    pub table_elements: u64,
    /// Core instances in the component. 64.
    pub instances: u64,
    /// Bytes of log lines, events and metrics of one step. 16 MiB.
    pub log_bytes: u64,
    /// Bytes of one batch. 64 MiB.
    pub batch_bytes: u64,
    /// Handles that a driver holds at once. 10,000.
    pub handles: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 2 << 30,
            seconds: 600,
            table_elements: 1 << 20,
            instances: 64,
            log_bytes: 16 << 20,
            batch_bytes: 64 << 20,
            handles: 10_000,
        }
    }
}

impl Limits {
    /// These limits, tightened by a driver's own.
    pub fn tightened(mut self, spec: &SpecLimits) -> Self {
        self.memory = self.memory.min(spec.memory_bytes().unwrap_or(u64::MAX));
        self.seconds = self.seconds.min(spec.seconds.unwrap_or(u64::MAX));
        self
    }
}

/// Writes a number of bytes in the largest unit that keeps it whole.
pub fn format_bytes(bytes: u64) -> String {
    for (shift, unit) in [(30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes >= 1 << shift && bytes.is_multiple_of(1 << shift) {
            return format!("{}{unit}", bytes >> shift);
        }
    }
    format!("{bytes}B")
}

/// Refuses growth beyond the limits and remembers what it refused, because the
/// driver itself only sees an allocation fail and usually aborts.
#[derive(Debug)]
pub(super) struct Limiter {
    limits: Limits,
    /// Bytes of all linear memories now.
    memory: u64,
    /// Elements of all tables now.
    elements: u64,
    /// The last refusal, for the error message.
    pub(super) refused: Option<String>,
}

impl Limiter {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, memory: 0, elements: 0, refused: None }
    }

    /// Bytes of all linear memories; they never shrink.
    pub(super) fn memory(&self) -> u64 {
        self.memory
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory + (desired - current) as u64;
        if total > self.limits.memory {
            self.refused = Some(format!(
                "it asked for {total} bytes of memory, {} is the limit. Raise `limits.memory` in osiris.yaml if it needs more",
                format_bytes(self.limits.memory)
            ));
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.elements + (desired - current) as u64;
        if total > self.limits.table_elements {
            self.refused = Some(format!(
                "it asked for {total} table elements, {} is the limit",
                self.limits.table_elements
            ));
            return Ok(false);
        }
        self.elements = total;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.instances as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_whole() {
        assert_eq!(format_bytes(2 << 30), "2GiB");
        assert_eq!(format_bytes(1536), "1536B");
    }

    #[test]
    fn the_tighter_limit_wins() {
        let spec = SpecLimits { memory: Some("64MiB".into()), seconds: Some(9999) };
        let limits = Limits::default().tightened(&spec);
        assert_eq!((limits.memory, limits.seconds), (64 << 20, 600));
    }
}
