//! Values from the server's binary form into columns.

mod array;
mod fixed;
mod misfit;
mod numeric;

use osiris_sdk::ColumnBuilder;
use postgres_common::Wire;

pub(crate) use misfit::Misfit;

/// Days from 1970-01-01 to 2000-01-01, which the server counts from.
const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// The rules that hold for all values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Whether texts may be anything but UTF-8.
    pub(crate) raw_text: bool,
    /// Whether dates and timestamps of infinity are missing values.
    pub(crate) infinity_is_null: bool,
    /// Whether decimals that are no number are missing values.
    pub(crate) nan_is_null: bool,
}

/// Adds a value to a column, or a missing one in place of what the column does not have.
// A call for every value has more arguments than a processor's registers, and costs a third of it.
#[inline(always)]
pub(crate) fn decode(
    wire: &Wire,
    bytes: &[u8],
    rules: Rules,
    column: &mut ColumnBuilder,
) -> Result<(), Misfit> {
    match add(wire, bytes, rules, column) {
        Ok(()) => Ok(()),
        Err(misfit) => null_instead(misfit, rules, column),
    }
}

#[cold]
#[inline(never)]
fn null_instead(misfit: Misfit, rules: Rules, column: &mut ColumnBuilder) -> Result<(), Misfit> {
    let is_null = misfit == Misfit::Infinity && rules.infinity_is_null
        || misfit == Misfit::NotANumber && rules.nan_is_null;
    if is_null {
        column.push_null();
        return Ok(());
    }
    Err(misfit)
}

#[inline(always)]
fn add(wire: &Wire, bytes: &[u8], rules: Rules, column: &mut ColumnBuilder) -> Result<(), Misfit> {
    use ColumnBuilder as B;
    match (wire, column) {
        (Wire::Text, B::Utf8(column)) => column.push(text(bytes, rules)?),
        (Wire::Int4, B::Int32(column)) => column.push(i32::from_be_bytes(array(bytes)?)),
        (Wire::Int8, B::Int64(column)) => column.push(i64::from_be_bytes(array(bytes)?)),
        (Wire::Decimal(precision, scale), B::Decimal128(column)) => {
            column.push(numeric::decimal(bytes, *precision, *scale)?);
        }
        (Wire::Timestamp, B::Timestamp(column)) => {
            column.push(fixed::timestamp(i64::from_be_bytes(array(bytes)?))?);
        }
        (Wire::Float8, B::Float64(column)) => column.push(f64::from_be_bytes(array(bytes)?)),
        (Wire::Bool, B::Bool(column)) => column.push(array::<1>(bytes)? != [0]),
        (Wire::Date, B::Date32(column)) => {
            column.push(fixed::date(i32::from_be_bytes(array(bytes)?))?);
        }
        (Wire::Int2, B::Int16(column)) => column.push(i16::from_be_bytes(array(bytes)?)),
        (Wire::Oid, B::UInt32(column)) => column.push(u32::from_be_bytes(array(bytes)?)),
        (Wire::Float4, B::Float32(column)) => column.push(f32::from_be_bytes(array(bytes)?)),
        (Wire::Numeric, B::Utf8(column)) => numeric::text(bytes, column)?,
        (Wire::Jsonb, B::Utf8(column)) => match bytes {
            [1, json @ ..] => column.push(text(json, rules)?),
            _ => return Err(Misfit::Malformed),
        },
        (Wire::Uuid, B::Utf8(column)) => column.push(&fixed::uuid(array(bytes)?)),
        (Wire::Bytea, B::Binary(column)) => column.push(bytes),
        (Wire::Time, B::Time64(column)) => column.push(i64::from_be_bytes(array(bytes)?)),
        (Wire::Array(item), B::List(column)) => array::list(item, bytes, rules, column)?,
        _ => return Err(Misfit::Malformed),
    }
    Ok(())
}

#[inline]
fn text(bytes: &[u8], rules: Rules) -> Result<&[u8], Misfit> {
    if rules.raw_text && simdutf8::basic::from_utf8(bytes).is_err() {
        return Err(Misfit::NotUtf8);
    }
    Ok(bytes)
}

#[inline]
fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Misfit> {
    bytes.try_into().map_err(|_| Misfit::Malformed)
}
