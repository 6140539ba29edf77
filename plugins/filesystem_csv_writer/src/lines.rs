//! Turns batches into lines.

use csv_common::Encoding;
use osiris_sdk::{Batch, Column, Error, Field, Result, Schema};
use wide::u8x16;

use crate::buffer::Buffer;
use crate::cells::{Cells, Scratch};
use crate::config::{Config, Dialect, Newline, Quoting};
use crate::encode;
use crate::format::Format;

/// Text that is collected before it goes to the file.
pub(crate) const FLUSH: usize = 1 << 20;

/// Turns batches into lines, in the order and the dialect of the configuration.
pub(crate) struct Lines {
    dialect: Dialect,
    newline: &'static [u8],
    quoting: Quoting,
    missing: Vec<u8>,
    encoding: Encoding,
    /// The bytes that a field without quotes cannot hold.
    structural: [u8x16; 4],
    /// Whether a text that a spreadsheet would run gets an apostrophe.
    guard: bool,
    /// Whether the first line is one of values.
    headless: bool,
    fields: Vec<Field>,
    /// Formats of the values of each field, if of their own.
    formats: Vec<Option<Format>>,
    /// The places of the columns in the table.
    order: Vec<usize>,
    scratch: Scratch,
    /// A value on its way into a field.
    value: Buffer,
    /// Lines that are not in the file yet.
    pub(crate) text: Buffer,
    /// Rows so far.
    pub(crate) rows: u64,
}

/// A column of a batch on its way into lines.
struct Piece<'a> {
    cells: Cells<'a>,
    /// None if no value is missing.
    nulls: Option<&'a Column>,
    quoted: bool,
    format: Option<&'a Format>,
    /// Whether a value, other than text, may hold structure or be the text of
    /// a missing value.
    checked: bool,
}

impl Lines {
    /// For a table of these columns.
    pub(crate) fn new(config: &Config, schema: &Schema) -> Result<Self> {
        let dialect = config.dialect()?;
        let Dialect { delimiter, quote, .. } = dialect;
        let mut order: Vec<usize> = (0..schema.fields.len()).collect();
        if config.sort_columns {
            order.sort_by_key(|index| schema.fields[*index].name.as_bytes());
        }
        Ok(Self {
            dialect,
            newline: match config.newline {
                Newline::Lf => b"\n",
                Newline::Crlf => b"\r\n",
            },
            quoting: config.quoting,
            missing: config.na_rep.clone().into_bytes(),
            encoding: config.encoding,
            structural: [delimiter, quote, b'\n', b'\r'].map(u8x16::splat),
            guard: config.formula_guard,
            headless: !config.header,
            formats: Format::of_fields(&config.date_format, &schema.fields)?,
            fields: schema.fields.clone(),
            order,
            scratch: Scratch::default(),
            value: Buffer::new(64),
            text: Buffer::new(FLUSH + FLUSH / 8),
            rows: 0,
        })
    }

    /// The end of a line.
    pub(crate) fn newline(&self) -> &'static [u8] {
        self.newline
    }

    /// Adds the line that names the columns.
    pub(crate) fn header(&mut self) -> Result<()> {
        if self.order.is_empty() {
            return Ok(());
        }
        for place in 0..self.order.len() {
            if place > 0 {
                self.text.byte(self.dialect.delimiter);
            }
            let index = self.order[place];
            let name = self.fields[index].name.clone();
            let quoted =
                self.quoting != Quoting::Minimal || (place == 0 && is_separator(name.as_bytes()));
            // No name is missing, so an empty one needs quotes only where its line would be empty.
            if self.guard && is_formula(name.as_bytes()) {
                self.guarded(name.as_bytes(), quoted);
            } else if quoted || !name.is_empty() || self.order.len() == 1 {
                self.field(name.as_bytes(), quoted);
            }
            if let Some(character) = encode::missing(self.encoding, name.as_bytes()) {
                return Err(self.cannot_encode(index, character, "the header".to_owned()));
            }
        }
        self.text.put(self.newline);
        Ok(())
    }

    /// Adds the lines of a batch. `flush` takes the text whenever there is
    /// enough of it.
    pub(crate) fn batch(
        &mut self,
        batch: &Batch,
        mut flush: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let columns: Vec<Column> =
            self.order.iter().map(|index| batch.column(*index)).collect::<Result<_>>()?;
        let fields = std::mem::take(&mut self.fields);
        let formats = std::mem::take(&mut self.formats);
        let pieces: Vec<Piece<'_>> = columns
            .iter()
            .zip(&self.order)
            .map(|(column, index)| self.piece(column, &fields[*index], formats[*index].as_ref()))
            .collect();
        let lines = (0..batch.rows()).try_for_each(|row| {
            self.line(&pieces, row)?;
            if self.text.len() >= FLUSH {
                flush(self.text.as_bytes())?;
                self.text.truncate(0);
            }
            Ok(())
        });
        drop(pieces);
        (self.fields, self.formats) = (fields, formats);
        lines.map_err(|fault| match fault {
            Fault::Error(error) => error,
            Fault::Character(place, character) => {
                self.cannot_encode(self.order[place], character, format!("row {}", self.rows + 1))
            }
            Fault::Missing(place, value) => self.like_missing(self.order[place], &value),
            Fault::Format(place, why) => self.cannot_format(self.order[place], &why),
        })
    }

    fn piece<'a>(
        &self,
        column: &'a Column,
        field: &'a Field,
        format: Option<&'a Format>,
    ) -> Piece<'a> {
        let cells = Cells::new(column, field);
        let quoted = match self.quoting {
            Quoting::Minimal => false,
            Quoting::All => true,
            Quoting::NonNumeric => !cells.is_numeric(),
        };
        let alphabet = cells.alphabet();
        let Dialect { delimiter, quote, escape, decimal } = self.dialect;
        let checked = format.is_some()
            || matches!(cells, Cells::Binary(_))
            || (decimal != b'.' && cells.has_decimals())
            || [delimiter, quote, escape].iter().any(|byte| alphabet.contains(byte))
            || (!self.missing.is_empty() && self.missing.iter().all(|b| alphabet.contains(b)));
        let nulls = (column.null_count() > 0).then_some(column);
        Piece { quoted, format, checked, nulls, cells }
    }

    #[inline]
    fn line(&mut self, pieces: &[Piece<'_>], row: usize) -> Result<(), Fault> {
        for (place, piece) in pieces.iter().enumerate() {
            if place > 0 {
                self.text.byte(self.dialect.delimiter);
            }
            if piece.nulls.is_some_and(|column| column.is_null(row)) {
                self.text.put(&self.missing);
            } else if piece.checked {
                self.checked(piece, row, place)?;
            } else if piece.cells.is_text() {
                let text = piece.cells.text(row);
                let first = self.headless && self.rows == 0 && place == 0 && is_separator(&text);
                if self.guard && is_formula(&text) {
                    self.guarded(&text, piece.quoted);
                } else {
                    self.field(&text, piece.quoted || first);
                }
                if let Some(character) = encode::missing(self.encoding, &text) {
                    return Err(Fault::Character(place, character));
                }
            } else if piece.quoted {
                self.text.byte(self.dialect.quote);
                piece.cells.write(row, &mut self.scratch, &mut self.text);
                self.text.byte(self.dialect.quote);
            } else {
                piece.cells.write(row, &mut self.scratch, &mut self.text);
            }
        }
        self.text.put(self.newline);
        self.rows += 1;
        Ok(())
    }

    /// Adds a value, other than text, with quotes if it needs them. It is an
    /// error if it is the text of a missing value, which quotes would not tell
    /// apart: in a column of numbers they change nothing. Bytes are read back
    /// as text.
    fn checked(&mut self, piece: &Piece<'_>, row: usize, place: usize) -> Result<(), Fault> {
        let mut value = std::mem::replace(&mut self.value, Buffer::new(0));
        value.truncate(0);
        match piece.format {
            Some(format) => {
                let text = format.text(&piece.cells, row);
                value.put(text.map_err(|why| Fault::Format(place, why))?.as_bytes());
            }
            None => piece.cells.write(row, &mut self.scratch, &mut value),
        }
        if piece.cells.has_decimals() {
            value.replace(b'.', self.dialect.decimal);
        }
        let missing = !matches!(piece.cells, Cells::Binary(_)) && value.as_bytes() == self.missing;
        if missing {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            return Err(Fault::Missing(place, value));
        }
        self.field(value.as_bytes(), piece.quoted);
        if let Some(character) = encode::missing(self.encoding, value.as_bytes()) {
            return Err(Fault::Character(place, character));
        }
        self.value = value;
        Ok(())
    }

    /// Adds a text that a spreadsheet would take for a formula.
    fn guarded(&mut self, text: &[u8], quoted: bool) {
        let mut guarded = Vec::with_capacity(text.len() + 1);
        guarded.push(b'\'');
        guarded.extend_from_slice(text);
        self.field(&guarded, quoted);
    }

    /// Adds a text, with quotes if it needs them: for what it holds, or not to
    /// be taken for a missing value.
    #[inline(always)]
    fn field(&mut self, text: &[u8], quoted: bool) {
        let start = self.text.len();
        if !quoted {
            self.text.put(text);
            let plain = !text.is_empty() && text != self.missing;
            if plain && !self.text.has_any(start, &self.structural) && !self.has_escape(text) {
                return;
            }
            self.text.truncate(start);
        }
        let Dialect { quote, escape, .. } = self.dialect;
        self.text.byte(quote);
        let mut rest = text;
        while let Some(at) = memchr::memchr2(quote, escape, rest) {
            self.text.put(&rest[..at]);
            self.text.byte(escape);
            self.text.byte(rest[at]);
            rest = &rest[at + 1..];
        }
        self.text.put(rest);
        self.text.byte(quote);
    }

    /// Returns whether a text holds a character that some programs take for an
    /// escape without quotes, too.
    #[inline]
    fn has_escape(&self, text: &[u8]) -> bool {
        let Dialect { quote, escape, .. } = self.dialect;
        escape != quote && memchr::memchr(escape, text).is_some()
    }

    fn like_missing(&self, index: usize, value: &str) -> Error {
        Error::data(format!(
            "column {name:?}, row {row}: cannot write the value `{value}`: it is what \
             `na_rep` says for a missing value; set `na_rep` to a text that no value has",
            name = self.fields[index].name,
            row = self.rows + 1,
        ))
    }

    fn cannot_format(&self, index: usize, why: &str) -> Error {
        let name = &self.fields[index].name;
        Error::data(format!(
            "column {name:?}, row {}: cannot write the value: {why}",
            self.rows + 1
        ))
    }

    fn cannot_encode(&self, index: usize, character: char, place: String) -> Error {
        Error::data(format!(
            "column {:?}, {place}: {character:?} (U+{:04X}) does not exist in {encoding}; write \
             the file as `encoding: utf-8`",
            self.fields[index].name,
            u32::from(character),
            encoding = self.encoding.name(),
        ))
    }
}

/// The reason that a line could not be written.
enum Fault {
    Error(Error),
    /// In that column, a character that the encoding does not have.
    Character(usize, char),
    /// In that column, a value that is written like a missing one.
    Missing(usize, String),
    /// In that column, a value that its format cannot write, and why.
    Format(usize, String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Returns whether a spreadsheet takes a text for a formula.
fn is_formula(text: &[u8]) -> bool {
    matches!(text, [b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r', ..])
}

/// Returns whether a first line that begins so may tell Excel the delimiter.
fn is_separator(text: &[u8]) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"sep="))
}
