//! How far the last run came, and how far this one does.

use mysql_common::{Column, Native, quote};
use osiris_sdk::{Context, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::Incremental;
use crate::decode::seek;
use crate::value::{bytes, moment, take, time};

/// What is saved between runs.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    cursor: String,
    /// The last value, as text that says it exactly.
    value: String,
}

/// The column that grows, and the last row that was read.
#[derive(Debug)]
pub(crate) struct Cursor {
    name: String,
    columns: Vec<Column>,
    index: usize,
    value: Option<String>,
    last: Vec<u8>,
}

impl Cursor {
    /// Finds the column among those of the query, and where to begin.
    pub(crate) fn new(ctx: &Context, config: &Incremental, columns: &[Column]) -> Result<Self> {
        let name = config.cursor.clone();
        let index = columns.iter().position(|column| column.name == name).ok_or_else(|| {
            Error::config(format!(
                "incremental.cursor: {name:?} is none of the columns that are read"
            ))
        })?;
        let value = match ctx.load_state() {
            Some(state) => Some(saved(&state, &name)?),
            None => config.start.as_ref().map(start).transpose()?,
        };
        Ok(Self { name, columns: columns.to_vec(), index, value, last: Vec::new() })
    }

    /// Where to begin, in SQL.
    pub(crate) fn literal(&self) -> Result<Option<String>> {
        let Some(value) = &self.value else { return Ok(None) };
        let literal = match self.columns[self.index].native {
            Native::Int { .. }
            | Native::Year
            | Native::Decimal { .. }
            | Native::Digits
            | Native::Float
            | Native::Double => {
                if value.parse::<f64>().is_err()
                    || value.contains(char::is_alphabetic) && !value.contains('e')
                {
                    return Err(Error::config(format!(
                        "incremental.start: {value:?} is no number, and the cursor {:?} is one",
                        self.name
                    )));
                }
                value.clone()
            }
            Native::Null | Native::Bit | Native::Bytes | Native::Geometry => {
                return Err(Error::config(format!(
                    "incremental.cursor: {:?} is of a type that cannot be one; use a number, a \
                     time or a text",
                    self.name
                )));
            }
            _ => quote::text(value),
        };
        Ok(Some(literal))
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
        let state = State { cursor: self.name, value };
        let json = serde_json::to_string(&state)
            .map_err(|error| Error::internal(format!("the state is no JSON: {error}")))?;
        ctx.save_state(&json)
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

fn saved(state: &str, cursor: &str) -> Result<String> {
    let state: State = serde_json::from_str(state)
        .map_err(|error| Error::config(format!("the saved state cannot be read: {error}")))?;
    if state.cursor != cursor {
        return Err(Error::config(format!(
            "the saved state says how far the cursor {:?} came, and incremental.cursor is \
             {cursor:?}; remove the state of this step to begin anew",
            state.cursor
        )));
    }
    Ok(state.value)
}

fn start(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(Error::config("incremental.start: a number or a text")),
    }
}
