//! The step's configuration, once it has been checked.

use std::collections::BTreeMap;

use osiris_sdk::{DataType, Error, Result};
use serde_json::Value;

use crate::config::{Config, Header, ParseDates};
use crate::dtype;
use crate::nulls::Nulls;
use crate::split::Dialect;

/// What to read and how.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) dialect: Dialect,
    pub(crate) skip_rows: u64,
    /// The header's row; none if the file has no header.
    pub(crate) header: Option<u64>,
    pub(crate) names: Option<Vec<String>>,
    pub(crate) columns: Option<Vec<String>>,
    pub(crate) limit: u64,
    pub(crate) infer_rows: u64,
    pub(crate) chunk_size: Option<usize>,
    pub(crate) parse_dates: ParseDates,
    pub(crate) types: BTreeMap<String, DataType>,
    pub(crate) nulls: Nulls,
}

impl Options {
    /// Checks what a JSON Schema cannot.
    pub(crate) fn new(config: &Config) -> Result<Self> {
        let types = config.dtype.iter().map(|(column, name)| {
            let data_type = dtype::parse(name).ok_or_else(|| {
                Error::config(format!(
                    "dtype of column {column:?}: {name:?} is no type; use {}",
                    dtype::NAMES
                ))
            })?;
            Ok((column.clone(), data_type))
        });
        Ok(Self {
            dialect: dialect(config)?,
            skip_rows: config.skip_rows,
            header: match config.header {
                Header::Present(present) => present.then_some(0),
                Header::Row(row) => Some(row),
            },
            names: config.names.clone(),
            columns: config.columns.clone(),
            limit: config.limit.unwrap_or(u64::MAX),
            infer_rows: config.infer_rows.unwrap_or(u64::MAX),
            chunk_size: chunk_size(config.chunk_size)?,
            parse_dates: config.parse_dates.clone(),
            types: types.collect::<Result<_>>()?,
            nulls: Nulls::new(config.na_values.iter().map(text)),
        })
    }
}

fn dialect(config: &Config) -> Result<Dialect> {
    let dialect = Dialect {
        delimiter: byte("delimiter", &config.delimiter)?
            .ok_or_else(|| Error::config("delimiter: one character, but it is empty"))?,
        quote: byte("quote", &config.quote)?,
        comment: config.comment.as_deref().map_or(Ok(None), |text| byte("comment", text))?,
        skip_blank_lines: config.skip_blank_lines,
    };
    let Dialect { delimiter, quote, comment, .. } = dialect;
    let clash = if quote == Some(delimiter) {
        Some("delimiter and quote")
    } else if comment == Some(delimiter) {
        Some("delimiter and comment")
    } else if comment.is_some() && comment == quote {
        Some("quote and comment")
    } else {
        None
    };
    match clash {
        Some(both) => Err(Error::config(format!("{both} are the same character"))),
        None => Ok(dialect),
    }
}

/// One ASCII character; none when the text is empty.
fn byte(field: &str, text: &str) -> Result<Option<u8>> {
    match text.as_bytes() {
        [] => Ok(None),
        b"\\t" => Ok(Some(b'\t')),
        [byte] if byte.is_ascii() && !b"\0\r\n".contains(byte) => Ok(Some(*byte)),
        _ => Err(Error::config(format!("{field}: one ASCII character, but it is {text:?}"))),
    }
}

fn chunk_size(rows: Option<u64>) -> Result<Option<usize>> {
    match rows {
        None => Ok(None),
        Some(0) => Err(Error::config("chunk_size: at least 1 row")),
        Some(rows) => Ok(Some(usize::try_from(rows).unwrap_or(usize::MAX))),
    }
}

/// What stands in the file for a value of the configuration.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
