//! Which values can be written to which columns.

use osiris_sdk::{DataType, TimeUnit};
use tokio_postgres::types::{Kind, Type};

/// How a value is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Feed {
    /// Always missing.
    Null,
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    /// Digits; the scale of the values, and the most that the column takes.
    Numeric {
        scale: i8,
        limit: Option<usize>,
    },
    /// The bytes as they are.
    Bytes,
    /// Any value, as text. The scale of decimals.
    Display {
        scale: i8,
    },
    Jsonb,
    Uuid,
    Date,
    /// In that unit, to a column that counts in so many microseconds.
    Time {
        unit: TimeUnit,
        step: i64,
    },
    Timestamp {
        unit: TimeUnit,
        step: i64,
    },
    /// Values of that type.
    Array {
        oid: u32,
        item: Box<Self>,
    },
}

/// How values of a type are written to a column without loss, if they can be.
pub(crate) fn feed(source: &DataType, target: &Type, modifier: i32) -> Option<Feed> {
    if *source == DataType::Null {
        return Some(Feed::Null);
    }
    match (target.kind(), source) {
        (Kind::Domain(base), _) => feed(source, base, modifier),
        (Kind::Enum(_), DataType::Utf8) => Some(Feed::Bytes),
        (Kind::Array(native), DataType::List(item)) => {
            let inner = feed(&item.data_type, native, modifier)?;
            let known = !matches!(inner, Feed::Array { .. });
            known.then(|| Feed::Array { oid: native.oid(), item: Box::new(inner) })
        }
        (Kind::Simple, _) => simple(source, target, modifier),
        _ => None,
    }
}

fn simple(source: &DataType, target: &Type, modifier: i32) -> Option<Feed> {
    use DataType as D;
    let scale = if let D::Decimal128(_, scale) = source { *scale } else { 0 };
    let integer = is_integer(source);
    let exact = integer || matches!(source, D::Decimal128(..));
    let float = matches!(source, D::Float32 | D::Float64);
    Some(match *target {
        Type::BOOL if *source == D::Bool => Feed::Bool,
        Type::INT2 if integer => Feed::Int2,
        Type::INT4 if integer => Feed::Int4,
        Type::INT8 if integer => Feed::Int8,
        Type::OID if integer => Feed::Oid,
        Type::FLOAT4 if integer || float => Feed::Float4,
        Type::FLOAT8 if integer || float => Feed::Float8,
        Type::NUMERIC if exact || float || *source == D::Utf8 => {
            Feed::Numeric { scale, limit: digits_after_point(modifier) }
        }
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON
            if *source == D::Utf8 =>
        {
            Feed::Bytes
        }
        Type::TEXT | Type::VARCHAR if exact || float || *source == D::Bool => {
            Feed::Display { scale }
        }
        Type::JSONB if *source == D::Utf8 => Feed::Jsonb,
        Type::UUID if *source == D::Utf8 => Feed::Uuid,
        Type::BYTEA if *source == D::Binary => Feed::Bytes,
        Type::DATE if *source == D::Date32 => Feed::Date,
        Type::TIME => match source {
            D::Time32(unit) | D::Time64(unit) => Feed::Time { unit: *unit, step: step(modifier) },
            _ => return None,
        },
        Type::TIMESTAMP => match source {
            D::Timestamp(unit, None) => Feed::Timestamp { unit: *unit, step: step(modifier) },
            _ => return None,
        },
        Type::TIMESTAMPTZ => match source {
            D::Timestamp(unit, Some(_)) => Feed::Timestamp { unit: *unit, step: step(modifier) },
            _ => return None,
        },
        _ if target.name() == "citext" && *source == D::Utf8 => Feed::Bytes,
        _ => return None,
    })
}

fn is_integer(source: &DataType) -> bool {
    use DataType as D;
    matches!(
        source,
        D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32 | D::UInt64
    )
}

/// Digits that a numeric keeps after the point; it would round the others.
fn digits_after_point(modifier: i32) -> Option<usize> {
    let bits = modifier.checked_sub(4).filter(|bits| *bits >= 0)?;
    // An 11-bit number with a sign.
    usize::try_from(((bits & 0x7ff) ^ 0x400) - 0x400).ok()
}

/// Microseconds in the smallest step of timestamp(p).
fn step(modifier: i32) -> i64 {
    match u32::try_from(modifier) {
        Ok(digits @ 0..=6) => 10_i64.pow(6 - digits),
        _ => 1,
    }
}
