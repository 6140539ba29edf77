//! The server's types, and what tables have for them.

use osiris_sdk::{DataType, TimeUnit};
use tokio_postgres::types::{Kind, Type};

/// The key of a field's metadata that says its type in the PostgreSQL database that it is from.
pub const SQL_TYPE: &str = "osiris:postgres_type";
/// The most digits that a decimal of a table has.
const MAX_DIGITS: i32 = 38;

/// The binary form in which the server writes a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wire {
    /// One byte.
    Bool,
    /// 16 bits.
    Int2,
    /// 32 bits.
    Int4,
    /// 64 bits.
    Int8,
    /// 32 bits without a sign.
    Oid,
    /// 32 bits.
    Float4,
    /// 64 bits.
    Float8,
    /// Digits to the base 10,000, which fit a decimal of that precision and scale.
    Decimal(u8, u8),
    /// Digits to the base 10,000, as many as there are.
    Numeric,
    /// The text itself.
    Text,
    /// A version and the text.
    Jsonb,
    /// 16 bytes.
    Uuid,
    /// The bytes themselves.
    Bytea,
    /// Days since 2000-01-01.
    Date,
    /// Microseconds since midnight.
    Time,
    /// Microseconds since 2000-01-01.
    Timestamp,
    /// An array of one dimension.
    Array(Box<Self>),
}

/// The form of a column in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// Its type in a table.
    pub data_type: DataType,
    /// The form in which its values come.
    pub wire: Wire,
    /// Whether the server has to be asked for text.
    pub cast: bool,
}

impl Mapped {
    fn new(data_type: DataType, wire: Wire) -> Self {
        Self { data_type, wire, cast: false }
    }
}

/// Returns the form of a column of that type and type modifier. Domains are their base types; values
/// that tables have no exact type for are text.
#[must_use]
pub fn map(native: &Type, modifier: i32) -> Mapped {
    simple(native, modifier).unwrap_or(Mapped {
        data_type: DataType::Utf8,
        wire: Wire::Text,
        cast: true,
    })
}

fn simple(native: &Type, modifier: i32) -> Option<Mapped> {
    let us = TimeUnit::Microsecond;
    let (data_type, wire) = match native.kind() {
        Kind::Domain(base) => return simple(base, modifier),
        Kind::Enum(_) => (DataType::Utf8, Wire::Text),
        // Their binary form is another one than that of arrays.
        Kind::Array(_) if *native == Type::INT2_VECTOR || *native == Type::OID_VECTOR => {
            return None;
        }
        Kind::Array(item) => {
            let item = simple(item, modifier)?;
            (DataType::list_of(item.data_type), Wire::Array(Box::new(item.wire)))
        }
        Kind::Simple => match *native {
            Type::BOOL => (DataType::Bool, Wire::Bool),
            Type::INT2 => (DataType::Int16, Wire::Int2),
            Type::INT4 => (DataType::Int32, Wire::Int4),
            Type::INT8 => (DataType::Int64, Wire::Int8),
            Type::OID => (DataType::UInt32, Wire::Oid),
            Type::FLOAT4 => (DataType::Float32, Wire::Float4),
            Type::FLOAT8 => (DataType::Float64, Wire::Float8),
            Type::NUMERIC => return Some(numeric(modifier)),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON => {
                (DataType::Utf8, Wire::Text)
            }
            Type::JSONB => (DataType::Utf8, Wire::Jsonb),
            Type::UUID => (DataType::Utf8, Wire::Uuid),
            Type::BYTEA => (DataType::Binary, Wire::Bytea),
            Type::DATE => (DataType::Date32, Wire::Date),
            Type::TIME => (DataType::Time64(us), Wire::Time),
            Type::TIMESTAMP => (DataType::Timestamp(us, None), Wire::Timestamp),
            Type::TIMESTAMPTZ => (DataType::Timestamp(us, Some("UTC".into())), Wire::Timestamp),
            // An extension's, so it has no number of its own.
            _ if native.name() == "citext" => (DataType::Utf8, Wire::Text),
            _ => return None,
        },
        _ => return None,
    };
    Some(Mapped::new(data_type, wire))
}

fn numeric(modifier: i32) -> Mapped {
    let text = Mapped::new(DataType::Utf8, Wire::Numeric);
    // Precision in the upper half, an 11-bit scale with a sign below, and 4 added.
    let Some(bits) = modifier.checked_sub(4).filter(|bits| *bits >= 0) else { return text };
    let (precision, scale) = (bits >> 16, ((bits & 0x7ff) ^ 0x400) - 0x400);
    // numeric(5,-2) holds up to seven digits before the point.
    let (precision, scale) = (precision - scale.min(0), scale.max(0));
    if precision > MAX_DIGITS || scale > precision {
        return text;
    }
    match (u8::try_from(precision), u8::try_from(scale)) {
        (Ok(precision), Ok(scale)) => Mapped::new(
            DataType::Decimal128(precision, scale.cast_signed()),
            Wire::Decimal(precision, scale),
        ),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numeric_maps_to_decimal_if_it_fits() {
        let of = |precision: i32, scale: i32| {
            map(&Type::NUMERIC, ((precision << 16) | (scale & 0x7ff)) + 4).data_type
        };
        assert_eq!(of(10, 2), DataType::Decimal128(10, 2));
        assert_eq!(of(38, 38), DataType::Decimal128(38, 38));
        assert_eq!(of(5, -2), DataType::Decimal128(7, 0));
        assert_eq!(of(39, 2), DataType::Utf8);
        assert_eq!(of(2, 5), DataType::Utf8);
        assert_eq!(map(&Type::NUMERIC, -1).data_type, DataType::Utf8);
    }

    #[test]
    fn types_without_a_mapping_are_text() {
        for native in [Type::INTERVAL, Type::INET, Type::INTERVAL_ARRAY, Type::INT2_VECTOR] {
            let mapped = map(&native, -1);
            assert!(mapped.cast && mapped.data_type == DataType::Utf8, "{native}");
        }
        let list = map(&Type::UUID_ARRAY, -1);
        assert_eq!(list.data_type, DataType::list_of(DataType::Utf8));
    }
}
