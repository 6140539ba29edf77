//! Splits text into rows and fields, without looking at what they mean.
//!
//! Neither of the CSV crates does what a driver needs. `csv` goes byte by byte,
//! and drops the difference between `""` and nothing, which is the one between
//! an empty text and a missing value. `simd-csv` has no vectors in wasm, opens
//! a quote in the middle of a field (`5" disk` would swallow the next rows),
//! and reads a row of any size into memory. This one finds the structure of 64
//! bytes at a time with vectors that wasm has too, keeps to RFC 4180 and has a
//! limit on everything. The tests hold it against `csv`.

mod block;
mod dialect;
mod limits;
mod masks;
mod reject;
mod scan;
mod splitter;
#[cfg(test)]
mod tests;

pub(crate) use block::Block;
pub(crate) use dialect::{BlankLines, Delimiter, Dialect};
pub(crate) use reject::Reject;
pub(crate) use splitter::{Splitter, Tally};

/// Bytes in one row, at most, unless a field may have more.
pub(crate) const MAX_ROW: usize = 32 << 20;
/// Columns in a table, at most.
pub(crate) const MAX_COLUMNS: usize = 200_000;
