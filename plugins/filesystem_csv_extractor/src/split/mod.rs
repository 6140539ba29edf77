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
mod masks;
mod splitter;
#[cfg(test)]
mod tests;

pub(crate) use block::{Block, Raw};
pub(crate) use splitter::Splitter;

/// Bytes in one field, at most.
pub(crate) const MAX_FIELD: usize = 16 << 20;
/// Bytes in one row, at most.
pub(crate) const MAX_ROW: usize = 32 << 20;
/// Columns in a table, at most.
pub(crate) const MAX_COLUMNS: usize = 200_000;

/// The bytes that give a file its structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Between fields.
    pub(crate) delimiter: u8,
    /// Around a field that holds other structure; doubled inside of it.
    pub(crate) quote: Option<u8>,
    /// A line that begins with it is none.
    pub(crate) comment: Option<u8>,
    /// Whether an empty line is none; otherwise it is a row of missing values.
    pub(crate) skip_blank_lines: bool,
}
