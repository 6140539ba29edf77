//! Faults of the text of a file, before the file and the line are known.

use std::fmt;
use std::io;

/// A fault of the text and its place.
#[derive(Debug)]
pub(crate) struct Fault {
    /// A byte offset into the text as UTF-8, on the line that is at fault.
    /// `None` if the text ends at the fault.
    pub(crate) offset: Option<u64>,
    /// The kind of the fault.
    pub(crate) what: What,
}

/// The kind of the fault.
#[derive(Debug)]
pub(crate) enum What {
    /// The file could not be read, or its compression is damaged.
    Io(io::Error),
    /// An archive that is not of one file.
    Archive(String),
    /// Bytes that mean nothing in the encoding.
    Encoding {
        /// The encoding that the file was read in.
        encoding: String,
        /// Into the file, decompressed.
        byte_offset: u64,
        /// The first byte of it.
        byte: u8,
    },
    /// A file that begins otherwise than one in its encoding does.
    Contradiction(String),
    /// UTF-16 that does not say which byte comes first.
    Order,
    /// A byte 0, so it is no text.
    Nul {
        /// The kind of file that it looks like, and the configuration that
        /// reads it.
        hint: Option<String>,
        /// Into the text.
        offset: u64,
    },
    /// A row that is longer or shorter than the header.
    Ragged(Ragged),
    /// Text between a closing quote and the delimiter.
    AfterQuote {
        /// The column, from 1.
        column: usize,
    },
    /// A quote that is never closed.
    OpenQuote {
        /// The column, from 1.
        column: usize,
    },
    /// A field beyond the limit.
    LongField {
        /// The column, from 1.
        column: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A row beyond the limit.
    LongRow {
        /// The limit in bytes.
        limit: usize,
    },
    /// A header that can hardly be one.
    LongName {
        /// The column, from 1.
        column: usize,
        /// The name's bytes.
        len: usize,
        /// The limit.
        limit: usize,
    },
    /// A first row with too many columns.
    Wide {
        /// The limit.
        limit: usize,
    },
}

/// A row that is longer or shorter than the header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ragged {
    /// Fields in the header.
    pub(crate) expected: usize,
    /// Fields in the row, at least.
    pub(crate) seen: usize,
    /// Whether the header ends in a delimiter.
    pub(crate) header_open: bool,
    /// Whether the row does.
    pub(crate) row_open: bool,
    /// A likely delimiter of a header of one field.
    pub(crate) other_delimiter: Option<char>,
}

impl Fault {
    /// A fault at an offset.
    pub(crate) fn at(offset: u64, what: What) -> Self {
        Self { offset: Some(offset), what }
    }

    /// A fault at the end of the text.
    pub(crate) fn end(what: What) -> Self {
        Self { offset: None, what }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::Archive(what) => f.write_str(what),
            Self::Encoding { encoding, byte_offset, byte } => write!(
                f,
                "is not {encoding}: byte 0x{byte:02X} at offset {byte_offset} has no meaning there"
            ),
            Self::Contradiction(what) => f.write_str(what),
            Self::Order => f.write_str(
                "is UTF-16 without a byte order mark, and its first bytes do not show the order; \
                 set `encoding: utf-16-le` or `encoding: utf-16-be`",
            ),
            Self::Nul { hint: Some(hint), .. } => write!(f, "is not text: {hint}"),
            Self::Nul { hint: None, offset } => write!(
                f,
                "has a byte 0 at offset {offset}, which no text has; `nul: drop` leaves such bytes \
                 out and `nul: keep` keeps them, unless it is a binary file and not CSV"
            ),
            Self::Ragged(ragged) => ragged.fmt(f),
            Self::AfterQuote { column } => write!(
                f,
                "field {column} goes on after its closing quote; a quote inside a quoted field \
                 is written twice, or after a character that `escape` names; `trim` takes spaces \
                 away around a field, and `quote: \"\"` reads quotes as text"
            ),
            Self::OpenQuote { column } => write!(
                f,
                "field {column} opens a quote that is never closed; `quote: \"\"` reads quotes \
                 as text"
            ),
            Self::LongField { column, limit } => write!(
                f,
                "field {column} is larger than the limit of {}; is a closing quote missing? \
                 `field_limit` raises the limit",
                size(*limit)
            ),
            Self::LongRow { limit } => write!(
                f,
                "the row is larger than the limit of {}; is a closing quote or the end of the \
                 line missing?",
                size(*limit)
            ),
            Self::LongName { column, len, limit } => write!(
                f,
                "the name of column {column} has {len} bytes, and the most is {limit}; is there a \
                 header? `header: false` reads the row as data"
            ),
            Self::Wide { limit } => write!(f, "more columns than the limit of {limit}"),
        }
    }
}

impl fmt::Display for Ragged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected, seen, .. } = *self;
        write!(f, "{} in a table of {expected}; ", fields(seen))?;
        match self.other_delimiter {
            Some('\t') => {
                return f.write_str("the header holds a tab, so try `delimiter: \"\\t\"`");
            }
            Some(other) => {
                return write!(f, "the header holds `{other}`, so try `delimiter: \"{other}\"`");
            }
            None => {}
        }
        f.write_str(if seen > expected && self.row_open && seen == expected + 1 {
            "the row ends in a delimiter and the header does not; `ragged_rows: cut` leaves out \
             what is beyond the header"
        } else if seen > expected {
            "a field that holds the delimiter needs quotes; `ragged_rows` says what else to do \
             with rows that are too long"
        } else if self.header_open && seen + 1 == expected {
            "the header ends in a delimiter and the row does not; `ragged_rows: pad` reads what \
             the row lacks as missing values"
        } else {
            "the row is too short; `ragged_rows: pad` reads what it lacks as missing values"
        })
    }
}

fn size(bytes: usize) -> String {
    const MIB: usize = 1 << 20;
    if bytes.is_multiple_of(MIB) {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{bytes} bytes")
    }
}

fn fields(count: usize) -> String {
    if count == 1 { "1 field".to_owned() } else { format!("{count} fields") }
}
