//! Rows that are too short or too long, kept for a file of their own.

use crate::lines::Lines;

/// Bytes of rows that are kept in memory at most, but for the last one.
const FULL: usize = 256 << 10;

/// A row that is not one of the table.
#[derive(Debug)]
pub(crate) struct Reject {
    /// The place of its first byte in the text of the file.
    pub(crate) offset: u64,
    /// The line that it begins on, from 1.
    pub(crate) line: u64,
    /// Number of fields that it has, at least.
    pub(crate) fields: usize,
    /// Number of fields that rows of the table have.
    pub(crate) expected: usize,
    /// Its text as it stands in the file, without the end of its last line.
    pub(crate) text: Vec<u8>,
}

/// Rows that have been set aside and not been taken yet.
#[derive(Debug)]
pub(super) struct RejectBuffer {
    rows: Vec<Reject>,
    size: usize,
    lines: Lines,
    /// The part of the buffer whose lines have been counted.
    counted: usize,
}

impl RejectBuffer {
    pub(super) fn new() -> Self {
        Self { rows: Vec::new(), size: 0, lines: Lines::new(), counted: 0 }
    }

    /// The line on which `buffer[start..]` begins.
    pub(super) fn line(&mut self, buffer: &[u8], start: usize) -> u64 {
        self.count(buffer, start);
        self.lines.number()
    }

    /// Keeps a row.
    pub(super) fn add(&mut self, row: Reject) {
        self.size += size_of::<Reject>() + row.text.len();
        self.rows.push(row);
    }

    /// Counts the lines in the first bytes of the buffer, which are dropped
    /// from it.
    pub(super) fn shift(&mut self, buffer: &[u8], bytes: usize) {
        self.count(buffer, bytes);
        self.counted -= bytes;
    }

    /// Returns whether it is time to take the rows.
    pub(super) fn is_full(&self) -> bool {
        self.size >= FULL
    }

    pub(super) fn take(&mut self) -> Vec<Reject> {
        self.size = 0;
        std::mem::take(&mut self.rows)
    }

    fn count(&mut self, buffer: &[u8], to: usize) {
        if to > self.counted {
            self.lines.add(&buffer[self.counted..to]);
            self.counted = to;
        }
    }
}
