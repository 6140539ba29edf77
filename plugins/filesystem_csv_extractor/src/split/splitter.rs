//! The splitter's state, from one block to the next.

use super::block::{Block, Span};
use super::dialect::{BlankLines, Delimiter, Dialect};
use super::masks::Finder;
use super::reject::{Reject, RejectBuffer};
use crate::config::{RaggedRows, Trim};
use crate::fault::Fault;
use crate::text::{Changes, TextReader};

/// Text in memory at a time: large enough that the work between blocks does
/// not count, small enough to stay in a processor's cache.
const BUFFER: usize = 256 << 10;
/// The same for a table of many columns: each column of a block has a price,
/// which few rows do not bear.
const MAX_BUFFER: usize = 4 << 20;
/// Bytes in the buffer for each column: some rows of short fields.
const COLUMN: usize = 64;
/// Rows in a block of nothing but the empty lines before the first row.
const BLANK_ROWS: u64 = 1 << 16;

/// Splits a text, one block of rows after another.
pub(crate) struct Splitter<'a> {
    text: TextReader<'a>,
    pub(super) dialect: Dialect,
    pub(super) finder: Finder,
    pub(super) buffer: Vec<u8>,
    /// `buffer[..filled]` is text, of which `[..scanned]` has been split.
    pub(super) filled: usize,
    pub(super) scanned: usize,
    /// The start of the row that is being split, and that of its current field.
    pub(super) row_start: usize,
    pub(super) field_start: usize,
    pub(super) state: State,
    /// Whether the row before ended in a carriage return, which a line feed
    /// may follow.
    pub(super) after_return: bool,
    /// Fields of rows, of which `[..complete]` are in whole rows.
    pub(super) spans: Vec<Span>,
    pub(super) complete: usize,
    /// Fields in a row; 0 until the first row is known.
    pub(super) columns: usize,
    /// Signs in the first row of why others do not fit it.
    pub(super) first: First,
    /// The start of the buffer in the text.
    pub(super) offset: u64,
    pub(super) ended: bool,
    /// Rows that have been left out or changed.
    pub(super) tally: Tally,
    /// Rows of another length, if they are wanted.
    pub(super) rejects: Option<RejectBuffer>,
    /// Empty lines before the first row, which the next blocks hold if they
    /// are rows.
    pub(super) blank_before: u64,
    blanks: Vec<Span>,
}

/// The kind of text that the scanner is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A field without quotes, or one that has not begun.
    Plain,
    /// A field with quotes.
    Quoted,
    /// Behind an escape inside a quoted field that stood at this place.
    Escaped(usize),
    /// Behind a quote inside a quoted field that stood at this place.
    Closed(usize),
    /// A line that is a comment.
    Comment,
}

/// Signs in the first row of why others do not fit it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct First {
    /// Whether it ends in a delimiter.
    pub(super) open_end: bool,
    /// A likely delimiter, if the row is one field.
    pub(super) other_delimiter: Option<char>,
}

/// Rows that have been left out or changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Empty lines that were no rows.
    pub(crate) blank: u64,
    /// Rows that were too short.
    pub(crate) padded: u64,
    /// Rows that were too long.
    pub(crate) cut: u64,
    /// Rows that were too short or too long, and left out or set aside.
    pub(crate) skipped: u64,
}

impl<'a> Splitter<'a> {
    /// Nothing is read yet.
    pub(crate) fn new(text: TextReader<'a>, dialect: Dialect) -> Self {
        Self {
            text,
            dialect,
            finder: finder(&dialect),
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
            first: First::default(),
            offset: 0,
            ended: false,
            tally: Tally::default(),
            rejects: None,
            blank_before: 0,
            blanks: Vec::new(),
        }
    }

    /// Keeps the rows that are set aside, for [`take_rejects`](Self::take_rejects) to
    /// give. To be called before anything is read.
    pub(crate) fn keep_rejects(&mut self) {
        self.rejects = Some(RejectBuffer::new());
    }

    /// Takes the rows that have been set aside since the last call.
    pub(crate) fn take_rejects(&mut self) -> Vec<Reject> {
        self.rejects.as_mut().map(RejectBuffer::take).unwrap_or_default()
    }

    /// Drops the line `sep=;` with which a file can tell Excel its delimiter,
    /// and gives that delimiter. To be called first.
    pub(crate) fn separator(&mut self) -> Result<Option<u8>, Fault> {
        self.fill()?;
        let text = &self.buffer[..self.filled];
        let mut lines = text.split(|byte| matches!(byte, b'\r' | b'\n'));
        let line = lines.next().unwrap_or_default();
        let bare = match line {
            // With quotes it is a name, unless the next line is made so.
            [b'"', inner @ .., mark, b'"'] => match lines.find(|line| !line.is_empty()) {
                Some(next) if next.contains(mark) => &line[1..inner.len() + 2],
                _ => return Ok(None),
            },
            line => line,
        };
        let [name @ .., separator] = bare else { return Ok(None) };
        let mark = separator.is_ascii() && !separator.is_ascii_alphanumeric();
        if !mark || !name.eq_ignore_ascii_case(b"sep=") {
            return Ok(None);
        }
        let separator = *separator;
        let mut end = line.len();
        if text.get(end) == Some(&b'\r') {
            end += 1;
        }
        if text.get(end) == Some(&b'\n') {
            end += 1;
        }
        self.row_start = end;
        self.field_start = end;
        self.scanned = end;
        Ok(Some(separator))
    }

    /// Splits at another delimiter from here on.
    pub(crate) fn set_delimiter(&mut self, delimiter: Delimiter) {
        self.dialect.delimiter = delimiter;
        self.finder = finder(&self.dialect);
    }

    /// Drops lines of the file, whatever they hold, and gives how many there
    /// were. To be called before anything is split.
    pub(crate) fn skip_lines(&mut self, lines: u64) -> Result<u64, Fault> {
        let dialect = self.dialect;
        self.dialect = Dialect {
            quote: None,
            escape: None,
            comment: None,
            blank_lines: BlankLines::Keep,
            trim: Trim::None,
            ragged_rows: RaggedRows::Error,
            ..dialect
        };
        self.finder = finder(&self.dialect);
        let mut dropped = 0;
        while dropped < lines && self.row()?.is_some() {
            dropped += 1;
        }
        self.dialect = dialect;
        self.finder = finder(&self.dialect);
        Ok(dropped)
    }

    /// The next row, of any number of fields. Only before the first block.
    pub(crate) fn row(&mut self) -> Result<Option<Block<'_>>, Fault> {
        self.columns = 0;
        let found = self.advance()?;
        self.columns = self.complete;
        self.first = self.first_row();
        Ok(found.then(|| self.found()))
    }

    fn first_row(&self) -> First {
        let text = |span: &Span| &self.buffer[span.start as usize..span.end as usize];
        match &self.spans[..self.complete] {
            [] => First::default(),
            [only] => {
                let other = |byte: &&u8| text(only).contains(byte);
                First {
                    open_end: false,
                    other_delimiter: b";\t|,".iter().find(other).map(|b| char::from(*b)),
                }
            }
            [.., last] => First { open_end: last.start == last.end, other_delimiter: None },
        }
    }

    /// Puts the row back that [`row`](Self::row) gave, so that it is the first
    /// of the next block, with the empty lines before it if they are rows.
    pub(crate) fn unread_row(&mut self) {
        let Some(first) = self.spans.first() else { return };
        self.row_start = first.start as usize;
        self.field_start = self.row_start;
        self.scanned = self.row_start;
        self.spans.clear();
        self.complete = 0;
        self.after_return = false;
        let rows = self.columns == 1 && self.dialect.blank_lines == BlankLines::OneColumn;
        self.blank_before = if rows { std::mem::take(&mut self.tally.blank) } else { 0 };
    }

    /// The next rows, all as wide as the row that [`row`](Self::row) gave
    /// last. None at the end. A block without rows is one behind which many
    /// rows have been set aside.
    pub(crate) fn block(&mut self) -> Result<Option<Block<'_>>, Fault> {
        if self.columns == 0 {
            return Ok(None);
        }
        if self.blank_before > 0 {
            let rows = self.blank_before.min(BLANK_ROWS);
            self.blank_before -= rows;
            self.blanks.resize(rows as usize, Span { start: 0, end: 0 });
            return Ok(Some(Block { text: &[], spans: &self.blanks, ..self.found() }));
        }
        Ok(self.advance()?.then(|| self.found()))
    }

    /// Counts of rows that have been left out or changed so far.
    pub(crate) fn tally(&self) -> (Tally, Changes) {
        (self.tally, self.text.changes())
    }

    fn found(&self) -> Block<'_> {
        Block {
            text: &self.buffer[..self.filled],
            spans: &self.spans[..self.complete],
            columns: self.columns,
            quote: self.dialect.quote,
            escape: self.dialect.escape,
            offset: self.offset,
        }
    }

    /// Splits until there are whole rows (one, while the width is not known).
    fn advance(&mut self) -> Result<bool, Fault> {
        self.spans.drain(..self.complete);
        self.complete = 0;
        loop {
            self.scan()?;
            if self.complete > 0 || self.rejects.as_ref().is_some_and(RejectBuffer::is_full) {
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
            if let Some(rejects) = &mut self.rejects {
                rejects.shift(&self.buffer, shift);
            }
            self.buffer.copy_within(shift..self.filled, 0);
            for span in &mut self.spans {
                span.start -= shift as u32;
                span.end -= shift as u32;
            }
            if let State::Closed(at) | State::Escaped(at) = &mut self.state {
                *at -= shift;
            }
            self.filled -= shift;
            self.scanned -= shift;
            self.field_start -= shift;
            self.row_start = 0;
            self.offset += shift as u64;
        }
        let size = (self.columns * COLUMN).clamp(BUFFER, MAX_BUFFER);
        if self.buffer.len() < size {
            self.buffer.resize(size, 0);
        } else if self.filled > self.buffer.len() / 2 {
            let size = self.buffer.len() * 2;
            self.buffer.resize(size, 0);
        } else if self.buffer.len() > size && self.filled <= size / 2 {
            // One long row is no reason to read the rest of the file in large pieces.
            self.buffer.truncate(size);
            self.buffer.shrink_to_fit();
        }
        // However long the row has become, only so much of what follows it.
        let end = (self.filled + size).min(self.buffer.len());
        while self.filled < end - TextReader::ROOM {
            let read = self.text.read(&mut self.buffer[self.filled..end])?;
            if read == 0 {
                self.ended = true;
                break;
            }
            self.filled += read;
        }
        Ok(())
    }
}

fn finder(dialect: &Dialect) -> Finder {
    Finder::new(dialect.delimiter.first(), dialect.quote, dialect.escape)
}
