//! Limits on compiling a component.

use std::time::Duration;

/// Base processor time and additional time per mebibyte of component, in seconds: ten times the
/// time for the drivers that come with osiris, with or without an embedded interpreter.
const SECONDS: u64 = 10;
const SECONDS_PER_MIB: u64 = 20;
/// Maximum memory, in bytes.
const MEMORY: u64 = 2 << 30;
/// Maximum address space, in bytes. Larger than the memory because allocators reserve many more
/// addresses than they use.
const ADDRESSES: u64 = 8 << 30;
/// Base and maximum size of the compiled code, in bytes, and additional bytes per byte of
/// component.
const CODE: u64 = 32 << 20;
const MAX_CODE: u64 = 1 << 30;
const CODE_PER_BYTE: u64 = 16;
/// Ratio of elapsed time to processor time, for a busy machine.
const TIMEOUT_FACTOR: u32 = 10;

/// The limits for one component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    /// Processor seconds, over all threads.
    pub(super) seconds: u64,
    /// Bytes of memory.
    pub(super) memory: u64,
    /// Bytes of address space.
    pub(super) addresses: u64,
    /// Bytes of compiled code.
    pub(super) code: u64,
    /// Elapsed time until the process is killed.
    pub(super) timeout: Duration,
}

impl Budget {
    /// Returns the limits for a component of this size, in bytes.
    pub(super) fn of(size: usize) -> Self {
        let size = size as u64;
        let seconds = SECONDS + ((size * SECONDS_PER_MIB) >> 20);
        Self {
            seconds,
            memory: MEMORY,
            addresses: ADDRESSES,
            code: (CODE + size * CODE_PER_BYTE).min(MAX_CODE),
            timeout: Duration::from_secs(seconds) * TIMEOUT_FACTOR,
        }
    }
}
