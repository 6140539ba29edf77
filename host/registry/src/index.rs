//! Indexes of drivers: a signed file that lists drivers by name with their versions, sources,
//! hashes and permissions. A project names its indexes, with their keys, in `osiris.yaml`.
//!
//! An index is untrusted until its signature is verified: see [`DriverIndex::open`]. Its `sequence`
//! must not decrease, so that a server cannot bring back an old index: see [`LoadedIndex`].

mod document;
mod entry;
mod load;
mod set;
mod signed;
#[cfg(test)]
mod tests;

pub use document::{DriverIndex, IndexedDriver, MAX_INDEX, Release, SCHEMA};
pub use entry::{EntryDetails, IndexFile};
pub use load::{IndexSource, LoadedIndex, OfflineCopy};
pub use set::{Found, IndexSet};
