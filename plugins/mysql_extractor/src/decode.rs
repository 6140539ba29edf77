//! From rows on the wire to the builders of columns.

use mysql_common::{Column, Native, ZeroDates};
use osiris_sdk::{BatchBuilder, BytesBuilder, ColumnBuilder as B, Error, Result};

use crate::value::{Bad, Moment, bytes, decimal, moment, take, time};

/// The flag of a shape of EWKB that says its SRID.
const HAS_SRID: u32 = 0x2000_0000;

/// Decodes rows of these columns.
#[derive(Debug)]
pub(crate) struct Decoder {
    columns: Vec<Column>,
    zero_dates: ZeroDates,
    /// The number of rows so far, for messages.
    rows: u64,
}

impl Decoder {
    pub(crate) fn new(columns: Vec<Column>, zero_dates: ZeroDates) -> Self {
        Self { columns, zero_dates, rows: 0 }
    }

    /// Adds a row to a batch.
    #[inline]
    pub(crate) fn row(&mut self, row: &[u8], batch: &mut BatchBuilder) -> Result<()> {
        self.rows += 1;
        let (nulls, mut rest) = split(row, self.columns.len()).ok_or_else(cut_off)?;
        for (index, (column, builder)) in self.columns.iter().zip(&mut batch.columns).enumerate() {
            if is_null(nulls, index) {
                builder.push_null();
            } else if let Err(bad) = value(column.native, self.zero_dates, &mut rest, builder) {
                return Err(self.explain(index, bad));
            }
        }
        Ok(())
    }

    /// Returns how many rows there were.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns the column with the largest value of a row, and the bytes of that.
    pub(crate) fn largest(&self, row: &[u8]) -> Option<(&str, usize)> {
        let (nulls, mut rest) = split(row, self.columns.len())?;
        let mut sizes = Vec::new();
        for (index, column) in
            self.columns.iter().enumerate().filter(|(at, _)| !is_null(nulls, *at))
        {
            sizes.push((skip(column.native, &mut rest).ok()?, index));
        }
        let (size, index) = sizes.into_iter().max()?;
        Some((self.columns[index].name.as_str(), size))
    }

    fn explain(&self, index: usize, bad: Bad) -> Error {
        let what = match bad {
            Bad::CutOff => return cut_off(),
            Bad::ZeroDate(text) => format!(
                "{text} is no date of the calendar; `zero_dates: null` reads it as a missing \
                 value, `zero_dates: text` reads dates as text"
            ),
            Bad::Text => "the value is not UTF-8; read it as bytes with CAST(... AS BINARY)".into(),
            Bad::Boolean(value) => format!(
                "{value} is neither true nor false; `tinyint1: integer` reads it as a number"
            ),
            Bad::Decimal(text) => format!("{text:?} is no decimal of the column's size"),
        };
        let name = &self.columns[index].name;
        Error::data(format!("row {}, column {name:?}: {what}", self.rows))
    }
}

fn cut_off() -> Error {
    Error::network("the server sent a row that is cut off").retryable(false)
}

/// The bitmap of nulls, and the values.
fn split(row: &[u8], columns: usize) -> Option<(&[u8], &[u8])> {
    row.split_at_checked((columns + 9) / 8)
}

/// The first two bits mean nothing.
#[inline]
fn is_null(nulls: &[u8], index: usize) -> bool {
    nulls[(index + 2) / 8] >> ((index + 2) % 8) & 1 == 1
}

/// Takes a value and adds it to its column.
#[inline]
fn value(native: Native, zero: ZeroDates, rest: &mut &[u8], builder: &mut B) -> Result<(), Bad> {
    match (native, builder) {
        (Native::Int { .. }, B::Int8(column)) => column.push(i8::from_le_bytes(take(rest)?)),
        (Native::Int { .. }, B::UInt8(column)) => column.push(u8::from_le_bytes(take(rest)?)),
        (Native::Int { .. } | Native::Year, B::Int16(column)) => {
            column.push(i16::from_le_bytes(take(rest)?));
        }
        (Native::Int { .. }, B::UInt16(column)) => column.push(u16::from_le_bytes(take(rest)?)),
        (Native::Int { .. }, B::Int32(column)) => column.push(i32::from_le_bytes(take(rest)?)),
        (Native::Int { .. }, B::UInt32(column)) => column.push(u32::from_le_bytes(take(rest)?)),
        (Native::Int { .. }, B::Int64(column)) => column.push(i64::from_le_bytes(take(rest)?)),
        (Native::Int { .. }, B::UInt64(column)) => column.push(u64::from_le_bytes(take(rest)?)),
        (Native::Float, B::Float32(column)) => column.push(f32::from_le_bytes(take(rest)?)),
        (Native::Double, B::Float64(column)) => column.push(f64::from_le_bytes(take(rest)?)),
        (Native::Decimal { precision, scale }, B::Decimal128(column)) => {
            column.push(decimal(bytes(rest)?, precision, scale)?);
        }
        (Native::Bit, B::Bool(column)) => column.push(bytes(rest)?.iter().any(|byte| *byte != 0)),
        (Native::Boolean, B::Bool(column)) => match take::<1>(rest)? {
            [value @ (0 | 1)] => column.push(value == 1),
            [other] => return Err(Bad::Boolean(i8::from_le_bytes([other]))),
        },
        (Native::Time { decimals }, B::Utf8(column)) => column.push_str(&time(rest, decimals)?),
        (Native::Date | Native::DateTime { .. } | Native::Timestamp { .. }, B::Utf8(column)) => {
            column.push_str(&moment(rest)?.text(native))
        }
        (Native::Date, B::Date32(column)) => {
            let date = moment(rest)?;
            column.push_option(real(date, date.days(), native, zero)?);
        }
        (_, B::Timestamp(column)) => {
            let moment = moment(rest)?;
            column.push_option(real(moment, moment.micros(), native, zero)?);
        }
        (_, B::Utf8(column)) => {
            let text = bytes(rest)?;
            simdutf8::basic::from_utf8(text).map_err(|_| Bad::Text)?;
            column.push(text);
        }
        (Native::Geometry, B::Binary(column)) => shape(bytes(rest)?, column)?,
        (Native::Vector, B::List(column)) => {
            let B::Float32(values) = &mut *column.values else { return Err(Bad::CutOff) };
            let (numbers, []) = bytes(rest)?.as_chunks::<4>() else { return Err(Bad::CutOff) };
            numbers.iter().for_each(|number| values.push(f32::from_le_bytes(*number)));
            column.push();
        }
        (_, B::Binary(column)) => column.push(bytes(rest)?),
        // The builders are made of the same natives, and a null has no value.
        _ => return Err(Bad::CutOff),
    }
    Ok(())
}

/// Adds a shape as WKB, or as EWKB if it has an SRID.
fn shape(bytes: &[u8], column: &mut BytesBuilder) -> Result<(), Bad> {
    let (srid, wkb) = bytes.split_first_chunk::<4>().ok_or(Bad::CutOff)?;
    if *srid == [0; 4] {
        column.push(wkb);
        return Ok(());
    }
    let (order, rest) = wkb.split_first().ok_or(Bad::CutOff)?;
    let (kind, rest) = rest.split_first_chunk::<4>().ok_or(Bad::CutOff)?;
    // The server stores shapes in this order of bytes alone.
    let kind = u32::from_le_bytes(*kind) | HAS_SRID;
    column.push(&[&[*order], &kind.to_le_bytes()[..], srid, rest].concat());
    Ok(())
}

/// A date of the calendar, or what the configuration makes of another one.
#[inline]
fn real<T>(
    moment: Moment,
    value: Option<T>,
    native: Native,
    zero: ZeroDates,
) -> Result<Option<T>, Bad> {
    match value {
        None if zero != ZeroDates::Null => Err(Bad::ZeroDate(moment.text(native))),
        value => Ok(value),
    }
}

/// Passes over a value, and returns its bytes; [`crate::cursor`] looks for one
/// that comes later.
pub(crate) fn skip(native: Native, rest: &mut &[u8]) -> Result<usize, Bad> {
    Ok(match native {
        Native::Null => 0,
        Native::Int { bytes: 1, .. } | Native::Boolean => take::<1>(rest)?.len(),
        Native::Int { bytes: 2, .. } | Native::Year => take::<2>(rest)?.len(),
        Native::Int { bytes: 4, .. } | Native::Float => take::<4>(rest)?.len(),
        Native::Int { .. } | Native::Double => take::<8>(rest)?.len(),
        _ => bytes(rest)?.len(),
    })
}

/// The rest of a row from a column on; none if that column is null.
pub(crate) fn seek<'a>(
    row: &'a [u8],
    columns: &[Column],
    index: usize,
) -> Result<Option<&'a [u8]>, Bad> {
    let (nulls, mut rest) = split(row, columns.len()).ok_or(Bad::CutOff)?;
    for (place, column) in columns.iter().enumerate().take(index) {
        if !is_null(nulls, place) {
            skip(column.native, &mut rest)?;
        }
    }
    Ok((!is_null(nulls, index)).then_some(rest))
}
