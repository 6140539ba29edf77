//! The step's configuration.

use std::collections::BTreeMap;

use csv_common::{Compression, Encoding};
use osiris_sdk::{Error, Result};
use serde::Deserialize;

use crate::encode;

/// The options that `spec.yaml` describes.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// The file, relative to the project.
    pub path: String,
    /// Between fields.
    #[serde(default = "comma")]
    pub delimiter: String,
    /// Around fields that need it.
    #[serde(default = "quote")]
    pub quote: String,
    /// Before a quote in a field, instead of another quote.
    #[serde(default)]
    pub escape: Option<String>,
    /// Whether the first row names the columns.
    #[serde(default = "yes")]
    pub header: bool,
    /// Whether rows are added to a file that is there.
    #[serde(default)]
    pub append: bool,
    /// The encoding of the text.
    #[serde(default)]
    pub encoding: Encoding,
    /// The end of a line.
    #[serde(default)]
    pub newline: Newline,
    /// The fields that get quotes.
    #[serde(default)]
    pub quoting: Quoting,
    /// Whether missing folders are made.
    #[serde(default = "yes")]
    pub create_dirs: bool,
    /// The compression of the file.
    #[serde(default)]
    pub compression: Compression,
    /// Whether columns are sorted by name.
    #[serde(default)]
    pub sort_columns: bool,
    /// The text of a missing value.
    #[serde(default)]
    pub na_rep: String,
    /// Before the decimals of a number.
    #[serde(default = "point")]
    pub decimal: String,
    /// Formats of dates and times, by column.
    #[serde(default)]
    pub date_format: BTreeMap<String, String>,
    /// Whether a text that a spreadsheet would run gets an apostrophe.
    #[serde(default)]
    pub formula_guard: bool,
}

/// The end of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Newline {
    /// A line feed.
    #[default]
    Lf,
    /// A carriage return and a line feed.
    Crlf,
}

/// The fields that get quotes. A missing value never does.
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

/// The bytes that give the file its structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) delimiter: u8,
    pub(crate) quote: u8,
    /// Before a quote or itself in a field with quotes; the quote doubles
    /// otherwise.
    pub(crate) escape: u8,
    pub(crate) decimal: u8,
}

impl Config {
    /// The bytes that give the file its structure, if the configuration makes
    /// sense as a whole.
    pub(crate) fn dialect(&self) -> Result<Dialect> {
        let quote = character("quote", &self.quote)?;
        let escape = self.escape.as_deref().map_or(Ok(quote), |text| character("escape", text))?;
        let delimiter = match self.delimiter.as_str() {
            "\\t" | "tab" => b'\t',
            text => character("delimiter", text)?,
        };
        let decimal = character("decimal", &self.decimal)?;
        if delimiter == quote || delimiter == escape {
            let other = if delimiter == quote { "quote" } else { "escape" };
            return Err(Error::config(format!("delimiter and {other} are the same character")));
        }
        if decimal.is_ascii_alphanumeric() || b"+-".contains(&decimal) || decimal == quote {
            return Err(Error::config(format!(
                "decimal: a character that is no letter, digit, sign or quote, but it is {:?}",
                self.decimal
            )));
        }
        let structural =
            |c: char| matches!(c, '\r' | '\n') || [delimiter, quote].map(char::from).contains(&c);
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
        Ok(Dialect { delimiter, quote, escape, decimal })
    }
}

fn character(field: &str, text: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !b"\0\r\n".contains(byte) => Ok(*byte),
        _ => Err(Error::config(format!("{field}: one ASCII character, but it is {text:?}"))),
    }
}

fn quote() -> String {
    "\"".to_owned()
}

fn point() -> String {
    ".".to_owned()
}

fn comma() -> String {
    ",".to_owned()
}

fn yes() -> bool {
    true
}
