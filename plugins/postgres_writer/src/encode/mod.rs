//! Values of columns in the server's binary form.

mod calendar;
mod display;
mod float;
mod integer;
mod json;
mod moment;
mod number;
mod uuid;

use osiris_sdk::{Column, DataType};

pub(crate) use display::display;

use crate::feed::Feed;

/// The reason why a value does not fit its column.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misfit(pub(crate) String);

impl Misfit {
    #[cold]
    fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }

    /// A value that would be rounded.
    #[cold]
    fn inexact(why: impl Into<String>) -> Self {
        Self(format!("{}; set `inexact: round` to round it", why.into()))
    }
}

/// Adds a missing value.
#[inline]
pub(crate) fn encode_null(out: &mut Vec<u8>) {
    out.extend_from_slice(&(-1_i32).to_be_bytes());
}

/// Adds a value of the type `source` that is not missing, with its length in front.
// A call for every value has more arguments than a processor's registers, and costs a third of it.
#[inline(always)]
pub(crate) fn encode(
    feed: &Feed,
    source: &DataType,
    column: &Column,
    row: usize,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    match (feed, column) {
        (Feed::Bytes, Column::Utf8(values) | Column::Binary(values)) => {
            let value = values.get(row).unwrap_or_default();
            length(value.len(), out)?;
            out.extend_from_slice(value);
        }
        (Feed::Text { limit, remove_nul: false }, Column::Utf8(values)) => {
            let value = values.get(row).unwrap_or_default();
            check_length(value, *limit)?;
            length(value.len(), out)?;
            out.extend_from_slice(value);
        }
        (Feed::Int8, Column::Int64(values)) => fixed(values.values()[row].to_be_bytes(), out),
        (Feed::Int4, Column::Int64(values)) => {
            fixed(integer::fit::<i32>(values.values()[row], "integer")?.to_be_bytes(), out);
        }
        (Feed::Int2, Column::Int64(values)) => {
            fixed(integer::fit::<i16>(values.values()[row], "smallint")?.to_be_bytes(), out);
        }
        (Feed::Int4, Column::Int32(values)) => fixed(values.values()[row].to_be_bytes(), out),
        (Feed::Float8 { .. }, Column::Float64(values)) => {
            fixed(values.values()[row].to_be_bytes(), out)
        }
        (Feed::Float4 { .. }, Column::Float32(values)) => {
            fixed(values.values()[row].to_be_bytes(), out)
        }
        (Feed::Bool, Column::Bool(values)) => {
            fixed([u8::from(values.get(row) == Some(true))], out);
        }
        (Feed::Int2, _) => {
            fixed(integer::narrow::<i16>(column, row, "smallint")?.to_be_bytes(), out)
        }
        (Feed::Int4, _) => {
            fixed(integer::narrow::<i32>(column, row, "integer")?.to_be_bytes(), out)
        }
        (Feed::Int8, _) => fixed(integer::narrow::<i64>(column, row, "bigint")?.to_be_bytes(), out),
        (Feed::Oid, _) => fixed(integer::narrow::<u32>(column, row, "oid")?.to_be_bytes(), out),
        (Feed::Float4 { exact }, _) => {
            fixed(float::float4(column, row, source, *exact)?.to_be_bytes(), out);
        }
        (Feed::Float8 { exact }, _) => {
            fixed(float::float8(column, row, source, *exact)?.to_be_bytes(), out);
        }
        (Feed::Date, Column::Date32(values)) => {
            fixed(moment::date(values.values()[row])?.to_be_bytes(), out);
        }
        (Feed::Midnight, Column::Date32(values)) => {
            fixed(moment::midnight(values.values()[row])?.to_be_bytes(), out);
        }
        (Feed::Time { unit, step }, Column::Time32(values)) => {
            let micros = moment::micros(values.values()[row].into(), *unit, *step)?;
            fixed(micros.to_be_bytes(), out);
        }
        (Feed::Time { unit, step }, Column::Time64(values)) => {
            fixed(moment::micros(values.values()[row], *unit, *step)?.to_be_bytes(), out);
        }
        (Feed::Timestamp { unit, step }, Column::Timestamp(values)) => {
            fixed(moment::timestamp(values.values()[row], *unit, *step)?.to_be_bytes(), out);
        }
        _ => return sized(out, |out| varying(feed, source, column, row, out)),
    }
    Ok(())
}

/// Values whose length is known once they are written.
#[inline(never)]
fn varying(
    feed: &Feed,
    source: &DataType,
    column: &Column,
    row: usize,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    match (feed, column) {
        (Feed::Text { limit, .. }, Column::Utf8(values)) => {
            let start = out.len();
            let value = values.get(row).unwrap_or_default();
            out.extend(value.iter().filter(|byte| **byte != 0));
            check_length(&out[start..], *limit)
        }
        (Feed::Json { remove_nul } | Feed::Jsonb { remove_nul }, Column::Utf8(values)) => {
            let value = values.get(row).unwrap_or_default();
            if matches!(feed, Feed::Jsonb { .. }) {
                out.push(1);
            }
            if *remove_nul {
                out.extend(json::without_nul(value));
            } else {
                out.extend_from_slice(value);
            }
            Ok(())
        }
        (Feed::Numeric { limit, .. }, Column::Utf8(values)) => {
            number::text(values.get(row).unwrap_or_default(), *limit, out)
        }
        (Feed::Numeric { scale, limit }, Column::Decimal128(values)) => {
            number::decimal(values.values()[row], *scale, *limit, out)
        }
        (Feed::Numeric { limit, .. }, Column::Float64(values))
            if values.values()[row].is_finite() =>
        {
            let mut buffer = zmij::Buffer::new();
            number::text(buffer.format_finite(values.values()[row]).as_bytes(), *limit, out)
        }
        (Feed::Numeric { limit, .. }, Column::Float32(_) | Column::Float64(_)) => {
            number::text(display(column, row, source).as_bytes(), *limit, out)
        }
        (Feed::Numeric { limit, .. }, _) => match integer::value(column, row) {
            Some(value) => number::decimal(value, 0, *limit, out),
            None => Err(Misfit::new("is no number")),
        },
        (Feed::Uuid, Column::Utf8(values)) => {
            out.extend(uuid::parse(values.get(row).unwrap_or_default())?);
            Ok(())
        }
        (Feed::Uuid, Column::Binary(values)) => {
            let bytes: [u8; 16] = values
                .get(row)
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or_else(|| Misfit::new("is no UUID, which has 16 bytes"))?;
            out.extend(bytes);
            Ok(())
        }
        (Feed::Display { limit }, _) => {
            let text = display(column, row, source);
            out.extend_from_slice(text.as_bytes());
            check_length(text.as_bytes(), *limit)
        }
        (Feed::Array { oid, item }, Column::List(lists)) => {
            let range = lists.get(row).unwrap_or_default();
            let nulls = range.clone().any(|index| lists.values().is_null(index));
            let dimensions = i32::from(!range.is_empty());
            out.extend(dimensions.to_be_bytes());
            out.extend(i32::from(nulls).to_be_bytes());
            out.extend(oid.to_be_bytes());
            if dimensions > 0 {
                length(range.len(), out)?;
                out.extend(1_i32.to_be_bytes());
            }
            let source = match source {
                DataType::List(item) => &item.data_type,
                _ => source,
            };
            range.into_iter().try_for_each(|index| {
                if lists.values().is_null(index) {
                    encode_null(out);
                    return Ok(());
                }
                encode(item, source, lists.values(), index, out)
            })
        }
        _ => Err(Misfit::new("is of another type than its column")),
    }
}

/// Checks that a column takes so many characters. The server would cut spaces at the end without a
/// word.
#[inline]
fn check_length(text: &[u8], limit: Option<usize>) -> Result<(), Misfit> {
    match limit {
        Some(limit) if text.len() > limit => check_characters(text, limit),
        _ => Ok(()),
    }
}

fn check_characters(text: &[u8], limit: usize) -> Result<(), Misfit> {
    // Every byte but those that go on with a character begins one.
    let count = text.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
    if count > limit {
        return Err(Misfit::new(format!(
            "is too long: it has {count} characters, and the column takes {limit}"
        )));
    }
    Ok(())
}

/// Adds up to 8 bytes, as one piece, so that the room for them is checked once.
#[inline(always)]
fn fixed<const N: usize>(bytes: [u8; N], out: &mut Vec<u8>) {
    let mut piece = [0; 12];
    piece[..4].copy_from_slice(&(N as u32).to_be_bytes());
    piece[4..4 + N].copy_from_slice(&bytes);
    out.extend_from_slice(&piece[..4 + N]);
}

#[inline(always)]
fn length(length: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
    out.extend_from_slice(&length_bytes(length)?);
    Ok(())
}

#[inline(always)]
fn length_bytes(length: usize) -> Result<[u8; 4], Misfit> {
    match i32::try_from(length) {
        Ok(length) => Ok(length.to_be_bytes()),
        Err(_) => Err(Misfit::new(format!("has {length} bytes; PostgreSQL takes up to 1 GB"))),
    }
}

fn sized(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    let place = out.len();
    out.extend([0; 4]);
    write(out)?;
    let length = length_bytes(out.len() - place - 4)?;
    out[place..place + 4].copy_from_slice(&length);
    Ok(())
}
