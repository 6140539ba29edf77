//! The step's configuration.

use csv_common::{Compression, Encoding};
use osiris_sdk::{Error, Result};
use serde::Deserialize;

use crate::encode;

/// What `spec.yaml` describes, field by field.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// The file, relative to the project.
    pub path: String,
    /// Between fields.
    #[serde(default = "comma")]
    pub delimiter: String,
    /// Whether the first row names the columns.
    #[serde(default = "yes")]
    pub header: bool,
    /// How the text is encoded.
    #[serde(default)]
    pub encoding: Encoding,
    /// How a line ends.
    #[serde(default)]
    pub newline: Newline,
    /// Which fields get quotes.
    #[serde(default)]
    pub quoting: Quoting,
    /// Whether missing folders are made.
    #[serde(default = "yes")]
    pub create_dirs: bool,
    /// How the file is compressed.
    #[serde(default)]
    pub compression: Compression,
    /// Whether columns are sorted by name.
    #[serde(default)]
    pub sort_columns: bool,
    /// What is written for a missing value.
    #[serde(default)]
    pub na_rep: String,
}

/// How a line ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Newline {
    /// A line feed.
    #[default]
    Lf,
    /// A carriage return and a line feed.
    Crlf,
}

/// Which fields get quotes. A missing value never does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quoting {
    /// Those that need them to be read back.
    #[default]
    Minimal,
    /// All of them.
    All,
    /// All but numbers, true and false.
    NonNumeric,
}

impl Config {
    /// The delimiter, if the configuration makes sense as a whole.
    pub(crate) fn delimiter(&self) -> Result<u8> {
        let delimiter = match self.delimiter.as_bytes() {
            b"\\t" => b'\t',
            [byte] if byte.is_ascii() && !b"\0\r\n\"".contains(byte) => *byte,
            _ => {
                return Err(Error::config(format!(
                    "delimiter: one ASCII character that is no quote, but it is {:?}",
                    self.delimiter
                )));
            }
        };
        let structural = |c: char| matches!(c, '"' | '\r' | '\n') || c == char::from(delimiter);
        if self.na_rep.contains(structural) {
            return Err(Error::config(format!(
                "na_rep: a missing value is written without quotes, so {:?} cannot hold the \
                 delimiter, a quote or a line end",
                self.na_rep
            )));
        }
        if let Some(character) = encode::missing(self.encoding, self.na_rep.as_bytes()) {
            return Err(Error::config(format!(
                "na_rep: {character:?} (U+{:04X}) does not exist in {}; write the file as \
                 `encoding: utf-8`",
                u32::from(character),
                self.encoding.name()
            )));
        }
        Ok(delimiter)
    }
}

fn comma() -> String {
    ",".to_owned()
}

fn yes() -> bool {
    true
}
