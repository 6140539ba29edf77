//! The splitter's state, from one block to the next.

use super::block::{Block, Span};
use super::masks::{Finder, Masks, WIDTH};
use super::{Dialect, MAX_COLUMNS, MAX_FIELD, MAX_ROW};
use crate::fault::{Fault, What};
use crate::text::TextReader;

/// Text in memory at a time: large enough that the work between blocks does
/// not count, small enough to stay in a processor's cache.
const BUFFER: usize = 256 << 10;

/// Splits a text, one block of rows after another.
pub(crate) struct Splitter<'a> {
    text: TextReader<'a>,
    dialect: Dialect,
    finder: Finder,
    buffer: Vec<u8>,
    /// `buffer[..filled]` is text, of which `[..scanned]` has been split.
    filled: usize,
    scanned: usize,
    /// Where the row that is being split begins, and its current field.
    row_start: usize,
    field_start: usize,
    state: State,
    /// Whether the row before ended in a carriage return, which a line feed
    /// may follow.
    after_return: bool,
    /// Fields of rows, of which `[..complete]` are in whole rows.
    spans: Vec<Span>,
    complete: usize,
    /// Fields in a row; 0 until the first row is known.
    columns: usize,
    /// Where the buffer begins in the text.
    offset: u64,
    ended: bool,
}

/// What the scanner is in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A field without quotes, or one that has not begun.
    Plain,
    /// A field with quotes.
    Quoted,
    /// Behind a quote inside a quoted field that stood at this place.
    Closed(usize),
    /// A line that is a comment.
    Comment,
}

impl<'a> Splitter<'a> {
    /// Nothing is read yet.
    pub(crate) fn new(text: TextReader<'a>, dialect: Dialect) -> Self {
        Self {
            text,
            dialect,
            finder: Finder::new(dialect.delimiter, dialect.quote),
            buffer: vec![0; BUFFER],
            filled: 0,
            scanned: 0,
            row_start: 0,
            field_start: 0,
            state: State::Plain,
            after_return: false,
            spans: Vec::new(),
            complete: 0,
            columns: 0,
            offset: 0,
            ended: false,
        }
    }

    /// Drops lines of the file, whatever they hold. To be called first.
    pub(crate) fn skip_lines(&mut self, lines: u64) -> Result<(), Fault> {
        let dialect = self.dialect;
        self.dialect = Dialect { quote: None, comment: None, skip_blank_lines: false, ..dialect };
        self.finder = Finder::new(dialect.delimiter, None);
        for _ in 0..lines {
            if self.row()?.is_none() {
                break;
            }
        }
        self.dialect = dialect;
        self.finder = Finder::new(dialect.delimiter, dialect.quote);
        Ok(())
    }

    /// The next row, of any number of fields. Only before the first block.
    pub(crate) fn row(&mut self) -> Result<Option<Block<'_>>, Fault> {
        self.columns = 0;
        let found = self.advance()?;
        self.columns = self.complete;
        Ok(found.then(|| self.found()))
    }

    /// Puts the row back that [`row`](Self::row) gave, so that it is the first
    /// of the next block.
    pub(crate) fn unread_row(&mut self) {
        let Some(first) = self.spans.first() else { return };
        self.row_start = first.start as usize;
        self.field_start = self.row_start;
        self.scanned = self.row_start;
        self.spans.clear();
        self.complete = 0;
        self.after_return = false;
    }

    /// The next rows, all as wide as the row that [`row`](Self::row) gave
    /// last. None at the end.
    pub(crate) fn block(&mut self) -> Result<Option<Block<'_>>, Fault> {
        if self.columns == 0 {
            return Ok(None);
        }
        Ok(self.advance()?.then(|| self.found()))
    }

    fn found(&self) -> Block<'_> {
        Block {
            text: &self.buffer[..self.filled],
            spans: &self.spans[..self.complete],
            columns: self.columns,
            quote: self.dialect.quote,
            offset: self.offset,
        }
    }

    /// Splits until there are whole rows (one, while the width is not known).
    fn advance(&mut self) -> Result<bool, Fault> {
        self.spans.drain(..self.complete);
        self.complete = 0;
        loop {
            self.scan()?;
            if self.complete > 0 {
                return Ok(true);
            }
            if self.ended {
                return self.finish();
            }
            self.fill()?;
        }
    }

    /// Makes room and reads on.
    fn fill(&mut self) -> Result<(), Fault> {
        self.check_partial()?;
        let shift = self.row_start;
        if shift > 0 {
            self.buffer.copy_within(shift..self.filled, 0);
            for span in &mut self.spans {
                span.start -= shift as u32;
                span.end -= shift as u32;
            }
            if let State::Closed(at) = &mut self.state {
                *at -= shift;
            }
            self.filled -= shift;
            self.scanned -= shift;
            self.field_start -= shift;
            self.row_start = 0;
            self.offset += shift as u64;
        }
        if self.filled > self.buffer.len() / 2 {
            let size = self.buffer.len() * 2;
            self.buffer.resize(size, 0);
        }
        while self.filled < self.buffer.len() - TextReader::ROOM {
            let read = self.text.read(&mut self.buffer[self.filled..])?;
            if read == 0 {
                self.ended = true;
                break;
            }
            self.filled += read;
        }
        Ok(())
    }

    /// Refuses a row that will not fit, before memory is spent on it.
    fn check_partial(&self) -> Result<(), Fault> {
        let start = self.offset + self.row_start as u64;
        let seen = self.spans.len();
        if self.filled - self.field_start > MAX_FIELD && self.state != State::Comment {
            return Err(self.long_field(seen + 1));
        }
        if self.filled - self.row_start > MAX_ROW {
            return Err(Fault::at(start, What::LongRow { limit: MAX_ROW }));
        }
        if self.columns == 0 && seen >= MAX_COLUMNS {
            return Err(Fault::at(start, What::Wide { limit: MAX_COLUMNS }));
        }
        if self.columns > 0 && seen > self.columns {
            return Err(self.ragged(seen + 1));
        }
        Ok(())
    }

    /// Splits what has been read.
    fn scan(&mut self) -> Result<(), Fault> {
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
            if plain && self.dialect.comment.is_none() {
                self.split_plain(base, masks.ends)?;
            } else if self.split_any(base, masks)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Splits a chunk without quotes: almost all of most files.
    #[inline]
    fn split_plain(&mut self, base: usize, mut ends: u64) -> Result<(), Fault> {
        while ends != 0 {
            let at = base + ends.trailing_zeros() as usize;
            ends &= ends - 1;
            if self.buffer[at] == self.dialect.delimiter {
                self.end_field(at);
            } else {
                self.end_row(at)?;
            }
        }
        Ok(())
    }

    /// Splits any chunk. True when a row was found and only one is wanted.
    fn split_any(&mut self, base: usize, masks: Masks) -> Result<bool, Fault> {
        let Dialect { delimiter, quote, comment, .. } = self.dialect;
        let mut marks = masks.ends | masks.quotes;
        while marks != 0 {
            let at = base + marks.trailing_zeros() as usize;
            marks &= marks - 1;
            let byte = self.buffer[at];
            if comment.is_some_and(|comment| self.starts_with(comment, at)) {
                self.state = State::Comment;
            }
            match self.state {
                State::Quoted => {
                    if Some(byte) == quote {
                        self.state = State::Closed(at);
                    }
                    continue;
                }
                State::Closed(closed) => {
                    if Some(byte) == quote && at == closed + 1 {
                        self.state = State::Quoted;
                        continue;
                    }
                    if at != closed + 1 {
                        return Err(self.after_quote());
                    }
                    self.state = State::Plain;
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
                        if at == self.field_start {
                            self.state = State::Quoted;
                        }
                        continue;
                    }
                }
            }
            if byte == delimiter {
                self.end_field(at);
            } else {
                self.end_row(at)?;
                if self.columns == 0 && self.complete > 0 {
                    self.scanned = at + 1;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Whether the row begins with that byte, which `at` has reached.
    fn starts_with(&self, byte: u8, at: usize) -> bool {
        self.state == State::Plain
            && self.row_start == self.field_start
            && self.row_start < at
            && self.buffer[self.row_start] == byte
    }

    #[inline(always)]
    fn end_field(&mut self, at: usize) {
        self.spans.push(Span { start: self.field_start as u32, end: at as u32 });
        self.field_start = at + 1;
    }

    #[inline(always)]
    fn end_row(&mut self, at: usize) -> Result<(), Fault> {
        if at == self.row_start {
            return self.end_blank(at);
        }
        self.end_field(at);
        let seen = self.spans.len() - self.complete;
        if seen != self.columns || at - self.row_start > MAX_FIELD {
            self.check_row(seen)?;
        }
        self.complete = self.spans.len();
        self.start_row(at);
        Ok(())
    }

    /// An empty line, or the second half of a line end.
    #[cold]
    fn end_blank(&mut self, at: usize) -> Result<(), Fault> {
        let second_half = self.after_return && self.buffer.get(at) == Some(&b'\n');
        if !second_half && !self.dialect.skip_blank_lines {
            for _ in 0..self.columns.max(1) {
                self.spans.push(Span { start: at as u32, end: at as u32 });
            }
            self.complete = self.spans.len();
        }
        self.start_row(at);
        self.after_return &= !second_half;
        Ok(())
    }

    /// Called at the end of a row, once its last field is known.
    #[cold]
    fn check_row(&mut self, seen: usize) -> Result<(), Fault> {
        let row = &self.spans[self.complete..];
        if let Some(column) = row.iter().position(|s| (s.end - s.start) as usize > MAX_FIELD) {
            return Err(self.long_field(column + 1));
        }
        if self.columns != 0 && seen != self.columns {
            return Err(self.ragged(seen));
        }
        Ok(())
    }

    #[inline(always)]
    fn start_row(&mut self, at: usize) {
        self.after_return = self.buffer.get(at) == Some(&b'\r');
        self.row_start = at + 1;
        self.field_start = at + 1;
    }

    /// Ends the last row, which need not end in a newline.
    fn finish(&mut self) -> Result<bool, Fault> {
        match self.state {
            State::Quoted => {
                let start = self.offset + self.field_start as u64;
                let column = self.spans.len() - self.complete + 1;
                return Err(Fault::at(start, What::OpenQuote { column }));
            }
            State::Closed(closed) if closed + 1 != self.filled => return Err(self.after_quote()),
            State::Comment => return Ok(false),
            _ => {}
        }
        let comment = self.dialect.comment;
        if self.row_start >= self.filled
            || comment.is_some_and(|comment| self.starts_with(comment, self.filled))
        {
            return Ok(false);
        }
        self.state = State::Plain;
        self.end_row(self.filled)?;
        // So that the end is found here again.
        self.row_start = self.filled;
        Ok(true)
    }

    fn ragged(&self, seen: usize) -> Fault {
        let start = self.offset + self.row_start as u64;
        Fault::at(start, What::Ragged { expected: self.columns, seen })
    }

    fn long_field(&self, column: usize) -> Fault {
        let start = self.offset + self.row_start as u64;
        Fault::at(start, What::LongField { column, limit: MAX_FIELD })
    }

    fn after_quote(&self) -> Fault {
        let start = self.offset + self.field_start as u64;
        let column = self.spans.len() - self.complete + 1;
        Fault::at(start, What::AfterQuote { column })
    }
}
