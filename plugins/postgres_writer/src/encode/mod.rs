//! Values of columns in the server's binary form.

mod display;
mod integer;
mod moment;
mod number;
mod uuid;

use osiris_sdk::Column;

pub(crate) use display::display;

use crate::feed::Feed;

/// Why a value does not fit its column.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Misfit(pub(crate) String);

impl Misfit {
    fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// Adds a value with its length in front.
#[inline]
pub(crate) fn encode(
    feed: &Feed,
    column: &Column,
    row: usize,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    if column.is_null(row) {
        out.extend((-1_i32).to_be_bytes());
        return Ok(());
    }
    match (feed, column) {
        (Feed::Bytes, Column::Utf8(values) | Column::Binary(values)) => {
            let value = values.get(row).unwrap_or_default();
            length(value.len(), out)?;
            out.extend_from_slice(value);
        }
        (Feed::Int8, Column::Int64(values)) => fixed(values.values()[row].to_be_bytes(), out),
        (Feed::Int4, Column::Int32(values)) => fixed(values.values()[row].to_be_bytes(), out),
        (Feed::Float8, Column::Float64(values)) => fixed(values.values()[row].to_be_bytes(), out),
        (Feed::Float4, Column::Float32(values)) => fixed(values.values()[row].to_be_bytes(), out),
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
        (Feed::Float4, _) => fixed(integer::float4(column, row)?.to_be_bytes(), out),
        (Feed::Float8, _) => fixed(integer::float8(column, row)?.to_be_bytes(), out),
        (Feed::Date, Column::Date32(values)) => {
            fixed(moment::date(values.values()[row])?.to_be_bytes(), out);
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
        _ => return sized(out, |out| varying(feed, column, row, out)),
    }
    Ok(())
}

/// Values whose length is known once they are written.
fn varying(feed: &Feed, column: &Column, row: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
    match (feed, column) {
        (Feed::Numeric { limit, .. }, Column::Utf8(values)) => {
            number::text(values.get(row).unwrap_or_default(), *limit, out)
        }
        (Feed::Numeric { scale, limit }, Column::Decimal128(values)) => {
            number::decimal(values.values()[row], *scale, *limit, out)
        }
        (Feed::Numeric { limit, .. }, Column::Float32(_) | Column::Float64(_)) => {
            number::text(display(column, row, 0).as_bytes(), *limit, out)
        }
        (Feed::Numeric { limit, .. }, _) => match integer::value(column, row) {
            Some(value) => number::decimal(value, 0, *limit, out),
            None => Err(Misfit::new("is no number")),
        },
        (Feed::Jsonb, Column::Utf8(values)) => {
            out.push(1);
            out.extend_from_slice(values.get(row).unwrap_or_default());
            Ok(())
        }
        (Feed::Uuid, Column::Utf8(values)) => {
            out.extend(uuid::parse(values.get(row).unwrap_or_default())?);
            Ok(())
        }
        (Feed::Display { scale }, _) => {
            out.extend_from_slice(display(column, row, *scale).as_bytes());
            Ok(())
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
            range.into_iter().try_for_each(|index| encode(item, lists.values(), index, out))
        }
        _ => Err(Misfit::new("is of another type than its column")),
    }
}

#[inline]
fn fixed<const N: usize>(bytes: [u8; N], out: &mut Vec<u8>) {
    out.extend((N as u32).to_be_bytes());
    out.extend(bytes);
}

#[inline]
fn length(length: usize, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let length = i32::try_from(length)
        .map_err(|_| Misfit::new(format!("has {length} bytes; PostgreSQL takes up to 1 GB")))?;
    out.extend(length.to_be_bytes());
    Ok(())
}

fn sized(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), Misfit>,
) -> Result<(), Misfit> {
    let place = out.len();
    out.extend([0; 4]);
    write(out)?;
    let mut head = Vec::with_capacity(4);
    length(out.len() - place - 4, &mut head)?;
    out[place..place + 4].copy_from_slice(&head);
    Ok(())
}
