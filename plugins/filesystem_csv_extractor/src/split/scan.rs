//! Finds the ends of fields and rows in what has been read.

use super::block::Span;
use super::dialect::{BlankLines, Dialect};
use super::masks::{Masks, WIDTH};
use super::splitter::{Splitter, State};
use crate::config::Trim;
use crate::fault::{Fault, What};

/// The place that the splitting of a chunk has come to.
enum Progress {
    Done,
    /// A row was found, and only one is wanted.
    Row,
    /// It ends in what may be a delimiter or not.
    Torn,
}

impl Splitter<'_> {
    /// Splits what has been read.
    pub(super) fn scan(&mut self) -> Result<(), Fault> {
        let simple = self.dialect.comment.is_none()
            && self.dialect.delimiter.len() == 1
            && self.dialect.trim == Trim::None;
        while self.scanned < self.filled {
            let base = self.scanned;
            let mut tail = [0; WIDTH];
            let ahead = &self.buffer[base..self.filled];
            let (chunk, len) = match ahead.first_chunk::<WIDTH>() {
                Some(chunk) => (chunk, WIDTH),
                None => {
                    tail[..ahead.len()].copy_from_slice(ahead);
                    (&tail, ahead.len())
                }
            };
            let mut masks = self.finder.find(chunk);
            if len < WIDTH {
                // The padding may look like structure to a strange dialect.
                masks.ends &= (1 << len) - 1;
                masks.quotes &= (1 << len) - 1;
            }
            self.scanned = base + len;
            let plain = self.state == State::Plain && masks.quotes == 0 && self.columns > 0;
            if plain && simple {
                self.split_plain(base, masks.ends)?;
                continue;
            }
            match self.split_any(base, masks)? {
                Progress::Done => {}
                Progress::Row | Progress::Torn => return Ok(()),
            }
        }
        Ok(())
    }

    /// Splits a chunk without quotes: almost all of most files.
    #[inline]
    fn split_plain(&mut self, base: usize, mut ends: u64) -> Result<(), Fault> {
        let delimiter = self.dialect.delimiter.first();
        while ends != 0 {
            let at = base + ends.trailing_zeros() as usize;
            ends &= ends - 1;
            if self.buffer[at] == delimiter {
                self.end_field(at, at + 1);
            } else if at == self.row_start {
                self.end_blank(at);
            } else {
                self.end_field(at, at + 1);
                self.close_row(at)?;
            }
        }
        Ok(())
    }

    /// Splits any chunk. Not inlined, since the loop over plain chunks is slower with it inside.
    #[inline(never)]
    fn split_any(&mut self, base: usize, masks: Masks) -> Result<Progress, Fault> {
        let Dialect { delimiter, quote, escape, comment, .. } = self.dialect;
        let mut marks = masks.ends | masks.quotes;
        while marks != 0 {
            let at = base + marks.trailing_zeros() as usize;
            marks &= marks - 1;
            let byte = self.buffer[at];
            if at < self.field_start {
                // The rest of a delimiter of several bytes.
                continue;
            }
            if comment.is_some_and(|comment| self.starts_with(comment, at)) {
                self.state = State::Comment;
            }
            if let State::Escaped(escaped) = self.state {
                self.state = State::Quoted;
                if at == escaped + 1 && (Some(byte) == quote || Some(byte) == escape) {
                    continue;
                }
            }
            let mut end = at;
            match self.state {
                State::Quoted | State::Escaped(_) => {
                    if Some(byte) == quote {
                        self.state = State::Closed(at);
                    } else if Some(byte) == escape {
                        self.state = State::Escaped(at);
                    }
                    continue;
                }
                State::Closed(closed) => {
                    if Some(byte) == quote && at == closed + 1 {
                        self.state = State::Quoted;
                        continue;
                    }
                    if !self.is_end_after(closed, at) {
                        return Err(self.after_quote());
                    }
                }
                State::Comment => {
                    if byte == b'\n' || byte == b'\r' {
                        self.state = State::Plain;
                        self.start_row(at);
                    }
                    continue;
                }
                State::Plain => {
                    if Some(byte) == quote {
                        if self.is_start_before(at) {
                            self.field_start = at;
                            self.state = State::Quoted;
                        }
                        continue;
                    }
                    if Some(byte) == escape && byte != delimiter.first() {
                        continue;
                    }
                }
            }
            let line_end = byte == b'\n' || byte == b'\r';
            if !line_end && delimiter.len() > 1 {
                let ahead = &self.buffer[at..self.filled];
                if !ahead.starts_with(delimiter.as_bytes()) {
                    if delimiter.as_bytes().starts_with(ahead) && !self.ended {
                        self.scanned = at;
                        return Ok(Progress::Torn);
                    }
                    if matches!(self.state, State::Closed(_)) {
                        return Err(self.after_quote());
                    }
                    continue;
                }
            }
            if let State::Closed(closed) = self.state {
                end = closed + 1;
                self.state = State::Plain;
            }
            if !line_end {
                self.end_trimmed(end, at + delimiter.len());
                continue;
            }
            self.end_row(end, at)?;
            if self.columns == 0 && self.complete > 0 {
                self.scanned = at + 1;
                return Ok(Progress::Row);
            }
        }
        Ok(Progress::Done)
    }

    /// Returns whether the field, closed by a quote, may end at this place.
    fn is_end_after(&self, closed: usize, at: usize) -> bool {
        let between = &self.buffer[closed + 1..at];
        between.is_empty() || (self.dialect.trim == Trim::Both && is_blank(between))
    }

    /// Returns whether a field with quotes may begin at this place.
    fn is_start_before(&self, at: usize) -> bool {
        let before = &self.buffer[self.field_start..at];
        before.is_empty() || (self.dialect.trim != Trim::None && is_blank(before))
    }

    /// Returns whether the row begins with that byte, which `at` has reached.
    fn starts_with(&self, byte: u8, at: usize) -> bool {
        self.state == State::Plain
            && self.row_start == self.field_start
            && self.row_start < at
            && self.buffer[self.row_start] == byte
    }

    #[inline(always)]
    fn end_field(&mut self, end: usize, next: usize) {
        self.spans.push(Span { start: self.field_start as u32, end: end as u32 });
        self.field_start = next;
    }

    /// The same, without the spaces that are no part of the field.
    #[inline(always)]
    fn end_trimmed(&mut self, end: usize, next: usize) {
        let mut end = end;
        if self.dialect.trim != Trim::None {
            let text = &self.buffer[self.field_start..end];
            self.field_start += text.iter().take_while(|byte| is_space(**byte)).count();
        }
        if self.dialect.trim == Trim::Both {
            let text = &self.buffer[self.field_start..end];
            end -= text.iter().rev().take_while(|byte| is_space(**byte)).count();
        }
        self.end_field(end, next);
    }

    /// Ends the row whose last field ends at `end`, and its line at `at`.
    fn end_row(&mut self, end: usize, at: usize) -> Result<(), Fault> {
        if at == self.row_start {
            self.end_blank(at);
            return Ok(());
        }
        self.end_trimmed(end, at + 1);
        self.close_row(at)
    }

    /// Ends the row whose fields are all known.
    #[inline(always)]
    fn close_row(&mut self, at: usize) -> Result<(), Fault> {
        let seen = self.spans.len() - self.complete;
        if seen != self.columns || at - self.row_start > self.dialect.field_limit {
            self.check_row(at, seen)?;
        }
        self.complete = self.spans.len();
        self.start_row(at);
        Ok(())
    }

    /// An empty line, or the second half of a line end.
    #[cold]
    fn end_blank(&mut self, at: usize) {
        let second_half = self.after_return && self.buffer.get(at) == Some(&b'\n');
        if !second_half {
            let row = match self.dialect.blank_lines {
                BlankLines::Keep => true,
                BlankLines::Skip => false,
                BlankLines::OneColumn => self.columns == 1,
            };
            if row {
                for _ in 0..self.columns.max(1) {
                    self.spans.push(Span { start: at as u32, end: at as u32 });
                }
                self.complete = self.spans.len();
            } else {
                self.tally.blank += 1;
            }
        }
        self.start_row(at);
        self.after_return &= !second_half;
    }

    #[inline(always)]
    fn start_row(&mut self, at: usize) {
        self.after_return = self.buffer.get(at) == Some(&b'\r');
        self.row_start = at + 1;
        self.field_start = at + 1;
    }

    /// Ends the last row, which need not end in a newline.
    pub(super) fn finish(&mut self) -> Result<bool, Fault> {
        let mut end = self.filled;
        match self.state {
            State::Quoted | State::Escaped(_) => {
                let start = self.offset + self.field_start as u64;
                let column = self.spans.len() - self.complete + 1;
                return Err(Fault::at(start, What::OpenQuote { column }));
            }
            State::Closed(closed) => {
                if !self.is_end_after(closed, self.filled) {
                    return Err(self.after_quote());
                }
                end = closed + 1;
            }
            State::Comment => return Ok(false),
            State::Plain => {}
        }
        let comment = self.dialect.comment;
        if self.row_start >= self.filled
            || comment.is_some_and(|comment| self.starts_with(comment, self.filled))
        {
            return Ok(false);
        }
        self.state = State::Plain;
        self.end_row(end, self.filled)?;
        // So that the end is found here again.
        self.row_start = self.filled;
        Ok(self.complete > 0)
    }
}

fn is_blank(text: &[u8]) -> bool {
    text.iter().all(|byte| is_space(*byte))
}

fn is_space(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}
