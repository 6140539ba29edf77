//! Limits of a row, and the handling of one beyond them.

use super::block::Span;
use super::reject::Reject;
use super::splitter::Splitter;
use super::{MAX_COLUMNS, MAX_ROW};
use crate::config::RaggedRows;
use crate::fault::{Fault, Ragged, What};

impl Splitter<'_> {
    /// Refuses a row that will not fit, before memory is spent on it.
    pub(super) fn check_partial(&mut self) -> Result<(), Fault> {
        let start = self.offset + self.row_start as u64;
        let seen = self.spans.len();
        let comment = self.state == super::splitter::State::Comment;
        if self.filled - self.field_start > self.dialect.field_limit && !comment {
            return Err(self.long_field(seen + 1));
        }
        if self.filled - self.row_start > self.row_limit() {
            return Err(self.long_row());
        }
        if self.columns == 0 && seen >= MAX_COLUMNS {
            return Err(Fault::at(start, What::Wide { limit: MAX_COLUMNS }));
        }
        if self.columns > 0 && seen > self.columns {
            match self.dialect.ragged_rows {
                RaggedRows::Error | RaggedRows::Pad => return Err(self.ragged(seen + 1)),
                // How much too long it is does not matter.
                RaggedRows::Cut | RaggedRows::Skip | RaggedRows::Aside => {
                    self.spans.truncate(self.columns + 1);
                }
            }
        }
        Ok(())
    }

    /// Called at the end of a row that is long or does not fit, once its last
    /// field is known.
    #[cold]
    pub(super) fn check_row(&mut self, at: usize, seen: usize) -> Result<(), Fault> {
        let limit = self.dialect.field_limit;
        let row = &self.spans[self.complete..];
        if let Some(column) = row.iter().position(|s| (s.end - s.start) as usize > limit) {
            return Err(self.long_field(column + 1));
        }
        if at - self.row_start > self.row_limit() {
            return Err(self.long_row());
        }
        if self.columns == 0 || seen == self.columns {
            return Ok(());
        }
        match self.dialect.ragged_rows {
            RaggedRows::Pad if seen < self.columns => {
                let missing = Span { start: at as u32, end: at as u32 };
                self.spans.resize(self.complete + self.columns, missing);
                self.tally.padded += 1;
            }
            RaggedRows::Cut if seen > self.columns => {
                self.spans.truncate(self.complete + self.columns);
                self.tally.cut += 1;
            }
            RaggedRows::Skip | RaggedRows::Aside => {
                if let Some(rejects) = &mut self.rejects {
                    let line = rejects.line(&self.buffer, self.row_start);
                    rejects.add(Reject {
                        offset: self.offset + self.row_start as u64,
                        line,
                        fields: seen,
                        expected: self.columns,
                        text: self.buffer[self.row_start..at].to_vec(),
                    });
                }
                self.spans.truncate(self.complete);
                self.tally.skipped += 1;
            }
            _ => return Err(self.ragged(seen)),
        }
        Ok(())
    }

    fn row_limit(&self) -> usize {
        MAX_ROW.max(self.dialect.field_limit)
    }

    fn ragged(&self, seen: usize) -> Fault {
        let start = self.offset + self.row_start as u64;
        let last = self.spans.last();
        let what = Ragged {
            expected: self.columns,
            seen,
            header_open: self.first.open_end,
            row_open: last.is_some_and(|last| last.start == last.end),
            other_delimiter: self.first.other_delimiter,
        };
        Fault::at(start, What::Ragged(what))
    }

    fn long_row(&self) -> Fault {
        let start = self.offset + self.row_start as u64;
        Fault::at(start, What::LongRow { limit: self.row_limit() })
    }

    fn long_field(&self, column: usize) -> Fault {
        let start = self.offset + self.row_start as u64;
        Fault::at(start, What::LongField { column, limit: self.dialect.field_limit })
    }

    pub(super) fn after_quote(&self) -> Fault {
        let start = self.offset + self.field_start as u64;
        let column = self.spans.len() - self.complete + 1;
        Fault::at(start, What::AfterQuote { column })
    }
}
