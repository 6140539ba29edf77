//! The ways in which values of a type are written to columns of another one.

use osiris_sdk::{DataType, TimeUnit};
use tokio_postgres::types::{Kind, Type};

/// The treatment of values that a column cannot hold as they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    /// Whether a value that would be rounded is an error.
    pub(crate) exact: bool,
    /// Whether characters of code 0 are left out.
    pub(crate) remove_nul: bool,
}

/// The way in which a value is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Feed {
    /// Always missing.
    Null,
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4 {
        exact: bool,
    },
    Float8 {
        exact: bool,
    },
    /// Digits; the scale of the values, and the last digit that the column keeps, counted from
    /// the point.
    Numeric {
        scale: i8,
        limit: Option<i32>,
    },
    /// The bytes as they are.
    Bytes,
    /// Text; the most characters that the column takes.
    Text {
        limit: Option<usize>,
        remove_nul: bool,
    },
    /// Any value, as text.
    Display {
        limit: Option<usize>,
    },
    Json {
        remove_nul: bool,
    },
    Jsonb {
        remove_nul: bool,
    },
    Uuid,
    Date,
    /// In that unit, to a column that counts in so many microseconds, or rounds.
    Time {
        unit: TimeUnit,
        step: Option<i64>,
    },
    Timestamp {
        unit: TimeUnit,
        step: Option<i64>,
    },
    /// A date as the timestamp at its midnight.
    Midnight,
    /// Values of that type.
    Array {
        oid: u32,
        item: Box<Self>,
    },
}

/// Returns the way in which values of a type are written to a column without loss, or `None` if
/// there is none.
pub(crate) fn feed(source: &DataType, target: &Type, modifier: i32, rules: Rules) -> Option<Feed> {
    if *source == DataType::Null {
        return Some(Feed::Null);
    }
    match (target.kind(), source) {
        (Kind::Domain(base), _) => feed(source, base, modifier, rules),
        (Kind::Enum(_), DataType::Utf8) => Some(Feed::Bytes),
        (Kind::Array(native), DataType::List(item)) => {
            let inner = feed(&item.data_type, native, modifier, rules)?;
            let known = !matches!(inner, Feed::Array { .. });
            known.then(|| Feed::Array { oid: native.oid(), item: Box::new(inner) })
        }
        (Kind::Simple, _) => simple(source, target, modifier, rules),
        _ => None,
    }
}

fn simple(source: &DataType, target: &Type, modifier: i32, rules: Rules) -> Option<Feed> {
    use DataType as D;
    let Rules { exact, remove_nul } = rules;
    let scale = if let D::Decimal128(_, scale) = source { *scale } else { 0 };
    let integer = is_integer(source);
    let whole = integer || *source == D::Bool;
    let number = integer || matches!(source, D::Float32 | D::Float64 | D::Decimal128(..) | D::Utf8);
    let is_text = *source == D::Utf8;
    Some(match *target {
        Type::BOOL if *source == D::Bool => Feed::Bool,
        Type::INT2 if whole => Feed::Int2,
        Type::INT4 if whole => Feed::Int4,
        Type::INT8 if whole => Feed::Int8,
        Type::OID if integer => Feed::Oid,
        Type::FLOAT4 if number => Feed::Float4 { exact },
        Type::FLOAT8 if number => Feed::Float8 { exact },
        Type::NUMERIC if number => {
            let limit = if exact { last_digit(modifier) } else { None };
            Feed::Numeric { scale, limit }
        }
        Type::VARCHAR | Type::BPCHAR if is_text => {
            Feed::Text { limit: characters(modifier), remove_nul }
        }
        Type::TEXT | Type::NAME if is_text => Feed::Text { limit: None, remove_nul },
        Type::JSON if is_text => Feed::Json { remove_nul },
        Type::TEXT | Type::VARCHAR if is_displayed(source) => {
            Feed::Display { limit: characters(modifier) }
        }
        Type::JSONB if is_text => Feed::Jsonb { remove_nul },
        Type::UUID if is_text || *source == D::Binary => Feed::Uuid,
        Type::BYTEA if *source == D::Binary => Feed::Bytes,
        Type::DATE if *source == D::Date32 => Feed::Date,
        Type::TIMESTAMP if *source == D::Date32 => Feed::Midnight,
        Type::TIME => match source {
            D::Time32(unit) | D::Time64(unit) => {
                Feed::Time { unit: *unit, step: step(modifier, exact) }
            }
            _ => return None,
        },
        Type::TIMESTAMP => match source {
            D::Timestamp(unit, None) => {
                Feed::Timestamp { unit: *unit, step: step(modifier, exact) }
            }
            _ => return None,
        },
        Type::TIMESTAMPTZ => match source {
            D::Timestamp(unit, Some(_)) => {
                Feed::Timestamp { unit: *unit, step: step(modifier, exact) }
            }
            _ => return None,
        },
        _ if target.name() == "citext" && is_text => Feed::Text { limit: None, remove_nul },
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

/// Returns true if text shows all of a value.
fn is_displayed(source: &DataType) -> bool {
    use DataType as D;
    is_integer(source)
        || matches!(
            source,
            D::Bool
                | D::Float32
                | D::Float64
                | D::Decimal128(..)
                | D::Date32
                | D::Time32(_)
                | D::Time64(_)
                | D::Timestamp(..)
        )
}

/// The last digit that a numeric keeps, counted from the point: 2 is hundredths, -2 is hundreds.
/// It would round the others.
pub(crate) fn last_digit(modifier: i32) -> Option<i32> {
    let bits = modifier.checked_sub(4).filter(|bits| *bits >= 0)?;
    // An 11-bit number with a sign.
    Some(((bits & 0x7ff) ^ 0x400) - 0x400)
}

/// Characters that a varchar or a char takes; they would cut spaces beyond.
pub(crate) fn characters(modifier: i32) -> Option<usize> {
    usize::try_from(modifier.checked_sub(4)?).ok()
}

/// Microseconds in the smallest step of timestamp(p), unless values may be rounded to it.
fn step(modifier: i32, exact: bool) -> Option<i64> {
    exact.then(|| match u32::try_from(modifier) {
        Ok(digits @ 0..=6) => 10_i64.pow(6 - digits),
        _ => 1,
    })
}
