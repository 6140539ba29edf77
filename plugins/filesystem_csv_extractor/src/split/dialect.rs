//! The bytes that give a file its structure.

use crate::config::{RaggedRows, Trim};

/// The bytes that give a file its structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// Between fields.
    pub(crate) delimiter: Delimiter,
    /// Around a field that holds other structure; doubled inside of it.
    pub(crate) quote: Option<u8>,
    /// Before a quote, or itself, inside a field with quotes.
    pub(crate) escape: Option<u8>,
    /// A line that begins with it is none.
    pub(crate) comment: Option<u8>,
    pub(crate) blank_lines: BlankLines,
    /// The spaces and tabs around a field that are no part of it.
    pub(crate) trim: Trim,
    /// The handling of a row that is longer or shorter than the first.
    pub(crate) ragged_rows: RaggedRows,
    /// Bytes in one field, at most.
    pub(crate) field_limit: usize,
}

/// The meaning of an empty line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlankLines {
    /// A row of a table of one column, where it is a missing value, and no row
    /// of any other.
    OneColumn,
    /// No row.
    Skip,
    /// A row of missing values.
    Keep,
}

/// One byte to eight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delimiter {
    bytes: [u8; Self::LONGEST],
    len: usize,
}

impl Delimiter {
    /// Bytes that it has at most.
    pub(crate) const LONGEST: usize = 8;

    /// None if it is empty or too long.
    pub(crate) fn new(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::LONGEST];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        (!text.is_empty()).then_some(Self { bytes, len: text.len() })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(super) fn first(&self) -> u8 {
        self.bytes[0]
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }
}
