//! The cursor of incremental runs.

use db_common::State;
use mysql_common::{Column, Native, identifier, literal};
use osiris_sdk::{Context, Error, Result};
use serde_json::Value;

use crate::config::{Config, Incremental};
use crate::decode::seek;
use crate::origin::{Origin, saved};
use crate::value::{bytes, moment, take, time};

/// The column that grows, and the last row that was read.
#[derive(Debug)]
pub(crate) struct Cursor {
    config: Incremental,
    origin: Origin,
    columns: Vec<Column>,
    index: usize,
    value: Option<String>,
    last: Vec<u8>,
}

impl Cursor {
    /// Finds the column among those of the query, and where to begin.
    pub(crate) fn new(
        ctx: &Context,
        config: &Config,
        incremental: &Incremental,
        columns: &[Column],
    ) -> Result<Self> {
        let name = &incremental.cursor;
        let index = columns.iter().position(|column| column.name == *name).ok_or_else(|| {
            Error::config(format!(
                "incremental.cursor: {name:?} is none of the columns that are read"
            ))
        })?;
        check(name, columns[index].native, incremental)?;
        let origin = Origin::new(config);
        let value = match saved(ctx, incremental, &origin)? {
            Some(value) => Some(value),
            None => incremental.start.as_ref().map(start).transpose()?,
        };
        Ok(Self {
            config: incremental.clone(),
            origin,
            columns: columns.to_vec(),
            index,
            value,
            last: Vec::new(),
        })
    }

    /// The rows to read, as a condition in SQL.
    pub(crate) fn condition(&self) -> Result<String> {
        let name = identifier(&self.config.cursor);
        let Some(value) = self.literal()? else { return Ok(format!("{name} IS NOT NULL")) };
        let native = self.columns[self.index].native;
        Ok(match self.config.overlap {
            // Before the year 1 the server has no time, and a comparison with none finds nothing.
            Some(overlap) if is_time(native) => format!(
                "{name} >= COALESCE(CAST({value} AS DATETIME(6)) - INTERVAL {overlap} SECOND, \
                 CAST('0001-01-01' AS DATETIME(6)))"
            ),
            Some(overlap) => format!("{name} >= {value} - {overlap}"),
            None => format!("{name} {} {value}", self.config.comparison()),
        })
    }

    /// Returns the value to begin at, in SQL.
    fn literal(&self) -> Result<Option<String>> {
        let Some(value) = &self.value else { return Ok(None) };
        if !is_number(self.columns[self.index].native) {
            return Ok(Some(literal(value)));
        }
        if value.parse::<f64>().is_err()
            || value.contains(char::is_alphabetic) && !value.contains('e')
        {
            return Err(Error::config(format!(
                "incremental.start: {value:?} is no number, and the cursor {:?} is one",
                self.config.cursor
            )));
        }
        Ok(Some(value.clone()))
    }

    /// Remembers a row.
    pub(crate) fn see(&mut self, row: &[u8]) {
        self.last.clear();
        self.last.extend_from_slice(row);
    }

    /// Saves how far the rows went.
    pub(crate) fn save(mut self, ctx: &Context) -> Result<()> {
        if !self.last.is_empty() {
            self.value = self.text();
        }
        let Some(value) = self.value else { return Ok(()) };
        State { cursor: self.config.cursor, value, source: Some(self.origin) }.save(ctx)
    }

    /// The cursor of the last row.
    fn text(&self) -> Option<String> {
        let native = self.columns[self.index].native;
        let mut rest = seek(&self.last, &self.columns, self.index).ok()??;
        let rest = &mut rest;
        Some(match native {
            Native::Int { bytes: 1, signed: true } => {
                i8::from_le_bytes(take(rest).ok()?).to_string()
            }
            Native::Int { bytes: 1, signed: false } => {
                u8::from_le_bytes(take(rest).ok()?).to_string()
            }
            Native::Int { bytes: 2, signed: true } | Native::Year => {
                i16::from_le_bytes(take(rest).ok()?).to_string()
            }
            Native::Int { bytes: 2, signed: false } => {
                u16::from_le_bytes(take(rest).ok()?).to_string()
            }
            Native::Int { bytes: 4, signed: true } => {
                i32::from_le_bytes(take(rest).ok()?).to_string()
            }
            Native::Int { bytes: 4, signed: false } => {
                u32::from_le_bytes(take(rest).ok()?).to_string()
            }
            Native::Boolean => u8::from_le_bytes(take(rest).ok()?).to_string(),
            Native::Int { signed: true, .. } => i64::from_le_bytes(take(rest).ok()?).to_string(),
            Native::Int { signed: false, .. } => u64::from_le_bytes(take(rest).ok()?).to_string(),
            Native::Float => format!("{:e}", f64::from(f32::from_le_bytes(take(rest).ok()?))),
            Native::Double => format!("{:e}", f64::from_le_bytes(take(rest).ok()?)),
            Native::Date | Native::DateTime { .. } | Native::Timestamp { .. } => {
                moment(rest).ok()?.text(native)
            }
            Native::Time { decimals } => time(rest, decimals).ok()?,
            _ => String::from_utf8(bytes(rest).ok()?.to_vec()).ok()?,
        })
    }
}

fn is_number(native: Native) -> bool {
    matches!(
        native,
        Native::Int { .. }
            | Native::Boolean
            | Native::Year
            | Native::Decimal { .. }
            | Native::Digits
            | Native::Float
            | Native::Double
    )
}

fn is_time(native: Native) -> bool {
    matches!(native, Native::Date | Native::DateTime { .. } | Native::Timestamp { .. })
}

/// Checks that a type can be a cursor, before the first row is read: its values
/// are compared in the order in which they are sorted.
fn check(name: &str, native: Native, config: &Incremental) -> Result<()> {
    let what = match native {
        Native::Null => "has no type",
        Native::Bit => "is BIT",
        Native::Bytes => "holds bytes",
        Native::Geometry => "holds shapes",
        Native::Vector => "holds vectors",
        Native::Members => "is ENUM or SET, which is sorted by the order of its members",
        Native::Json => "is JSON",
        _ => "",
    };
    if !what.is_empty() {
        return Err(Error::config(format!(
            "incremental.cursor: {name:?} {what} and cannot be a cursor; use a number, a time or a \
             text, or CAST it to one in a `query`"
        )));
    }
    match config.overlap {
        Some(overlap) if !(overlap >= 0.0 && overlap.is_finite()) => {
            Err(Error::config("incremental.overlap: a number that is not negative"))
        }
        Some(_) if !is_number(native) && !is_time(native) => Err(Error::config(format!(
            "incremental.overlap: the cursor {name:?} is neither a number nor a date or time; use \
             `inclusive: true`"
        ))),
        _ => Ok(()),
    }
}

fn start(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(Error::config("incremental.start: a number or a text")),
    }
}
