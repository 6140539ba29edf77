//! Limits on compiling a component.

use std::time::Duration;

/// The least and what each mebibyte of component adds, in seconds of a processor: ten times
/// what it takes for the drivers that come with osiris, with an interpreter in them or not.
const SECONDS: u64 = 10;
const SECONDS_PER_MIB: u64 = 20;
/// The most memory, in bytes.
const MEMORY: u64 = 2 << 30;
/// The most addresses, of which allocators reserve many more than they use.
const ADDRESSES: u64 = 8 << 30;
/// The least and the most code that comes out, in bytes, and how much each byte of
/// component adds.
const CODE: u64 = 32 << 20;
const MOST_CODE: u64 = 1 << 30;
const CODE_PER_BYTE: u64 = 16;
/// Factor of elapsed time over processor time, for a machine with other things
/// to do.
const PATIENCE: u32 = 10;

/// The limits for one component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    /// Seconds of a processor, of all threads together.
    pub(super) seconds: u64,
    /// Bytes of memory.
    pub(super) memory: u64,
    /// Bytes of address space.
    pub(super) addresses: u64,
    /// Bytes of compiled code.
    pub(super) code: u64,
    /// Until the process is given up.
    pub(super) patience: Duration,
}

impl Budget {
    /// The limits for a component of this size, in bytes.
    pub(super) fn of(size: usize) -> Self {
        let size = size as u64;
        let seconds = SECONDS + ((size * SECONDS_PER_MIB) >> 20);
        Self {
            seconds,
            memory: MEMORY,
            addresses: ADDRESSES,
            code: (CODE + size * CODE_PER_BYTE).min(MOST_CODE),
            patience: Duration::from_secs(seconds) * PATIENCE,
        }
    }
}
