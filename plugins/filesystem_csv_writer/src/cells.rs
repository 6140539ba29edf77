//! The values of one column of a batch, ready to be written.

use std::borrow::Cow;

use csv_common::{BARE, FloatText, INTEGRAL, Integral};
use osiris_sdk::{BoolColumn, BytesColumn, Column, DataType, Field, TimeUnit};

use crate::buffer::Buffer;
use crate::clock;
use crate::decimal::decimal;
use crate::json;

/// The values of one column of a batch.
pub(crate) enum Cells<'a> {
    Null,
    Bool(&'a BoolColumn),
    Int(Cow<'a, [i64]>),
    UInt64(&'a [u64]),
    Float32(&'a [f32], Integral),
    Float64(&'a [f64], Integral),
    Text(&'a BytesColumn),
    Binary(&'a BytesColumn),
    Date(&'a [i32]),
    Time(Cow<'a, [i64]>, TimeUnit),
    Timestamp(&'a [i64], TimeUnit, Option<i16>),
    Decimal(&'a [i128], i8),
    Nested(&'a Column, &'a DataType),
}

/// Buffers to write numbers in without an allocation each.
#[derive(Default)]
pub(crate) struct Scratch {
    integers: itoa::Buffer,
    floats: FloatText,
}

impl<'a> Cells<'a> {
    /// The column must be of the field's type, as the SDK sees to.
    pub(crate) fn new(column: &'a Column, field: &'a Field) -> Self {
        let nested = Self::Nested(column, &field.data_type);
        match column {
            Column::Null(_) => Self::Null,
            Column::Bool(values) => Self::Bool(values),
            Column::Int8(values) => Self::Int(widen(values.values())),
            Column::Int16(values) => Self::Int(widen(values.values())),
            Column::Int32(values) => Self::Int(widen(values.values())),
            Column::Int64(values) => Self::Int(Cow::Borrowed(values.values())),
            Column::UInt8(values) => Self::Int(widen(values.values())),
            Column::UInt16(values) => Self::Int(widen(values.values())),
            Column::UInt32(values) => Self::Int(widen(values.values())),
            Column::UInt64(values) => Self::UInt64(values.values()),
            Column::Float32(values) => Self::Float32(values.values(), integral(field)),
            Column::Float64(values) => Self::Float64(values.values(), integral(field)),
            Column::Utf8(values) => Self::Text(values),
            Column::Binary(values) => Self::Binary(values),
            Column::Date32(values) => Self::Date(values.values()),
            Column::Time32(values) => match field.data_type {
                DataType::Time32(unit) => Self::Time(widen(values.values()), unit),
                _ => nested,
            },
            Column::Time64(values) => match field.data_type {
                DataType::Time64(unit) => Self::Time(Cow::Borrowed(values.values()), unit),
                _ => nested,
            },
            Column::Timestamp(values) => match &field.data_type {
                DataType::Timestamp(unit, zone) => {
                    Self::Timestamp(values.values(), *unit, zone.as_deref().map(clock::offset))
                }
                _ => nested,
            },
            Column::Decimal128(values) => match field.data_type {
                DataType::Decimal128(_, scale) => Self::Decimal(values.values(), scale),
                _ => nested,
            },
            Column::List(_) | Column::Struct(_) => nested,
        }
    }

    /// Returns whether the column is one of numbers, true and false.
    pub(crate) fn is_numeric(&self) -> bool {
        matches!(
            self,
            Self::Bool(_)
                | Self::Int(_)
                | Self::UInt64(_)
                | Self::Float32(..)
                | Self::Float64(..)
                | Self::Decimal(..)
        )
    }

    /// Returns whether values can have a point before decimals.
    pub(crate) fn has_decimals(&self) -> bool {
        matches!(self, Self::Float32(..) | Self::Float64(..) | Self::Decimal(..))
    }

    /// Returns whether a value can hold a delimiter, a quote or a line end. If
    /// not, [`write`](Self::write) writes it; if so, [`text`](Self::text) gives
    /// it.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Nested(..))
    }

    /// The characters that a value may hold, if it is not
    /// [`is_text`](Self::is_text): what decides, once for the column, whether
    /// its values can be taken for structure or for a missing value.
    pub(crate) fn alphabet(&self) -> &'static [u8] {
        match self {
            Self::Null | Self::Text(_) | Self::Nested(..) => b"",
            Self::Bool(_) => b"truefals",
            Self::Int(_) | Self::UInt64(_) => b"0123456789-",
            Self::Float32(..) | Self::Float64(..) => b"0123456789-+.einfa",
            Self::Binary(_) => b"0123456789abcdef",
            Self::Date(_) => b"0123456789-+",
            Self::Time(..) => b"0123456789:.",
            Self::Timestamp(..) => b"0123456789-+:. ",
            Self::Decimal(..) => b"0123456789-.",
        }
    }

    /// The text of a value that [`is_text`](Self::is_text).
    pub(crate) fn text(&self, row: usize) -> Cow<'_, [u8]> {
        match self {
            Self::Text(values) => Cow::Borrowed(values.get(row).unwrap_or_default()),
            Self::Nested(column, data_type) => {
                Cow::Owned(json::value(column, data_type, row).to_string().into_bytes())
            }
            _ => Cow::Borrowed(&[]),
        }
    }

    /// Writes a value that is not missing.
    #[inline]
    pub(crate) fn write(&self, row: usize, scratch: &mut Scratch, out: &mut Buffer) {
        match self {
            Self::Bool(values) => {
                out.put(if values.get(row) == Some(true) { b"true" } else { b"false" });
            }
            Self::Int(values) => out.put(scratch.integers.format(values[row]).as_bytes()),
            Self::UInt64(values) => out.put(scratch.integers.format(values[row]).as_bytes()),
            Self::Float32(values, integral) => {
                out.put(scratch.floats.f32(values[row], *integral).as_bytes());
            }
            Self::Float64(values, integral) => {
                out.put(scratch.floats.f64(values[row], *integral).as_bytes());
            }
            Self::Binary(values) => hex(values.get(row).unwrap_or_default(), out),
            Self::Date(values) => clock::date(i64::from(values[row]), out),
            Self::Time(values, unit) => clock::time(values[row], *unit, out),
            Self::Timestamp(values, unit, zone) => {
                clock::timestamp(values[row], *unit, *zone, out);
            }
            Self::Decimal(values, scale) => decimal(values[row], *scale, out),
            Self::Null => {}
            Self::Text(_) | Self::Nested(..) => out.put(&self.text(row)),
        }
    }
}

fn widen<T: Copy + Into<i64>>(values: &[T]) -> Cow<'static, [i64]> {
    Cow::Owned(values.iter().map(|value| (*value).into()).collect())
}

fn integral(field: &Field) -> Integral {
    let bare = field.metadata.iter().any(|(key, value)| key == INTEGRAL && value == BARE);
    if bare { Integral::Bare } else { Integral::Dotted }
}

fn hex(bytes: &[u8], out: &mut Buffer) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.byte(DIGITS[usize::from(byte >> 4)]);
        out.byte(DIGITS[usize::from(byte & 15)]);
    }
}
