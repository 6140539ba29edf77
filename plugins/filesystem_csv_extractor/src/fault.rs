//! What can be wrong with the text of a file, before it is known which file
//! and line it is.

use std::fmt;
use std::io;

/// What is wrong with the text, and where.
#[derive(Debug)]
pub(crate) struct Fault {
    /// Where the line begins or stands that is at fault: a byte offset into
    /// the text as UTF-8. None when the text ends at the fault.
    pub(crate) offset: Option<u64>,
    /// What is wrong.
    pub(crate) what: What,
}

/// What is wrong.
#[derive(Debug)]
pub(crate) enum What {
    /// The file could not be read, or its compression is damaged.
    Io(io::Error),
    /// Bytes that mean nothing in the encoding.
    Encoding {
        /// What the file was read as.
        encoding: &'static str,
        /// Into the file, decompressed.
        byte_offset: u64,
        /// The first byte of it.
        byte: u8,
    },
    /// A byte 0, so it is no text.
    Nul {
        /// What the file looks like, and the configuration that reads it.
        hint: Option<String>,
    },
    /// A row that is longer or shorter than the header.
    Ragged {
        /// Fields in the header.
        expected: usize,
        /// Fields in the row, at least.
        seen: usize,
    },
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
    /// A first row with too many columns.
    Wide {
        /// The limit.
        limit: usize,
    },
}

impl Fault {
    /// Something that is wrong at an offset.
    pub(crate) fn at(offset: u64, what: What) -> Self {
        Self { offset: Some(offset), what }
    }

    /// Something that is wrong right where the text ends.
    pub(crate) fn end(what: What) -> Self {
        Self { offset: None, what }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::Encoding { encoding, byte_offset, byte } => write!(
                f,
                "is not {encoding}: byte 0x{byte:02X} at offset {byte_offset} has no meaning \
                 there; name the file's encoding, for example `encoding: latin-1`"
            ),
            Self::Nul { hint: Some(hint) } => write!(f, "is not text: {hint}"),
            Self::Nul { hint: None } => {
                f.write_str("is not text: it has a byte 0, so it is a binary file and not CSV")
            }
            Self::Ragged { expected, seen } => write!(
                f,
                "{} in a table of {expected}; a field that holds the delimiter needs quotes",
                fields(*seen)
            ),
            Self::AfterQuote { column } => write!(
                f,
                "field {column} goes on after its closing quote; a quote inside a quoted field \
                 is written twice, and `quote: \"\"` reads quotes as text"
            ),
            Self::OpenQuote { column } => write!(
                f,
                "field {column} opens a quote that is never closed; `quote: \"\"` reads quotes \
                 as text"
            ),
            Self::LongField { column, limit } => write!(
                f,
                "field {column} is larger than the limit of {} MiB; is a closing quote missing?",
                limit >> 20
            ),
            Self::LongRow { limit } => write!(
                f,
                "the row is larger than the limit of {} MiB; is a closing quote or the end of \
                 the line missing?",
                limit >> 20
            ),
            Self::Wide { limit } => write!(f, "more columns than the limit of {limit}"),
        }
    }
}

fn fields(count: usize) -> String {
    if count == 1 { "1 field".to_owned() } else { format!("{count} fields") }
}
