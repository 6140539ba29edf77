//! The values that a column takes as they are.

use osiris_sdk::DataType;

/// The values that a column takes as they are. The server would change others
/// without a word, so they are refused here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Integers.
    Whole,
    /// So many bits.
    Bits(u32),
    /// Years; those of two digits would get a century.
    Years,
    /// Floats, of 32 bits if `single`, rounded to so many decimals.
    Real {
        /// Of 32 bits and not of 64.
        single: bool,
        /// Digits after the point, if the column limits them.
        decimals: Option<u8>,
    },
    /// Decimals with so many digits after the point.
    Decimal(u8),
    /// Text.
    Text,
    /// Text without the spaces at its end.
    Char,
    /// Bytes.
    Bytes,
    /// So many bytes; fewer would get zeros at the end.
    FixedBytes(u64),
    /// One of these texts.
    Enum(Vec<String>),
    /// Some of these texts, between commas.
    Set(Vec<String>),
    /// Dates.
    Date,
    /// Dates with times.
    DateTime {
        /// Digits after the seconds.
        decimals: u8,
        /// True if its comment says that the times are those of UTC.
        utc: bool,
    },
    /// Points in time.
    Timestamp {
        /// Digits after the seconds.
        decimals: u8,
    },
    /// Times and spans.
    Time {
        /// Digits after the seconds.
        decimals: u8,
    },
    /// JSON, which MySQL keeps in a form of its own.
    Json,
    /// Shapes, of one SRID if the column has one.
    Shape(Option<u32>),
    /// Vectors of floats of 32 bits.
    Vector,
    /// Anything else, of which the server refuses what does not fit.
    Others,
}

/// A column as the server describes it.
#[derive(Debug)]
pub(crate) struct Description<'a> {
    /// The type's name alone.
    pub(crate) data_type: &'a str,
    /// The type with its size and its members.
    pub(crate) column_type: &'a str,
    /// Digits after the point.
    pub(crate) scale: Option<u8>,
    /// Digits after the seconds.
    pub(crate) time_decimals: u8,
    /// Bits of BIT.
    pub(crate) precision: u32,
    /// Bytes or characters.
    pub(crate) length: u64,
    /// The comment of the column.
    pub(crate) comment: &'a str,
    /// The SRID of all its shapes.
    pub(crate) srid: Option<u32>,
}

impl Holds {
    pub(crate) fn new(of: &Description<'_>) -> Self {
        let decimals = of.time_decimals;
        match of.data_type {
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" => Self::Whole,
            "bit" => Self::Bits(of.precision),
            "year" => Self::Years,
            "float" => Self::Real { single: true, decimals: of.scale },
            "double" => Self::Real { single: false, decimals: of.scale },
            "decimal" => Self::Decimal(of.scale.unwrap_or(0)),
            "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => Self::Text,
            "char" => Self::Char,
            "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => Self::Bytes,
            "binary" => Self::FixedBytes(of.length),
            "enum" => Self::Enum(members(of.column_type)),
            "set" => Self::Set(members(of.column_type)),
            "date" => Self::Date,
            "datetime" => Self::DateTime { decimals, utc: mysql_common::is_utc(of.comment) },
            "timestamp" => Self::Timestamp { decimals },
            "time" => Self::Time { decimals },
            "json" => Self::Json,
            "vector" => Self::Vector,
            "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
            | "multipolygon" | "geometrycollection" | "geomcollection" => Self::Shape(of.srid),
            _ => Self::Others,
        }
    }

    /// Returns whether the zone of a time would be lost in it.
    pub(crate) fn has_no_zone(&self) -> bool {
        matches!(self, Self::DateTime { utc: false, .. })
    }

    /// Returns whether values of a type can be written into it as they are.
    pub(crate) fn takes(&self, data_type: &DataType) -> bool {
        use DataType as D;
        let is_number = is_integer(data_type) || matches!(data_type, D::Bool | D::Decimal128(..));
        let is_text = matches!(data_type, D::Utf8);
        let is_bytes = matches!(data_type, D::Binary);
        let is_moment = matches!(data_type, D::Timestamp(..));
        if matches!(data_type, D::Null) {
            return true;
        }
        match self {
            Self::Whole | Self::Decimal(_) | Self::Enum(_) | Self::Set(_) => is_number || is_text,
            Self::Bits(_) => is_number || is_text || is_bytes,
            Self::Years => {
                is_integer(data_type) || matches!(data_type, D::Decimal128(..)) || is_text
            }
            Self::Real { .. } => {
                is_number || is_text || matches!(data_type, D::Float32 | D::Float64)
            }
            Self::Text | Self::Char | Self::Bytes => true,
            Self::FixedBytes(_) | Self::Shape(_) | Self::Others => is_text || is_bytes,
            Self::Vector => {
                let is_floats = matches!(data_type, D::List(item)
                    if matches!(item.data_type, D::Float32 | D::Float64));
                is_text || is_bytes || is_floats
            }
            Self::Date => is_text || matches!(data_type, D::Date32),
            Self::DateTime { .. } | Self::Timestamp { .. } => {
                is_text || is_moment || matches!(data_type, D::Date32)
            }
            Self::Time { .. } => is_text || matches!(data_type, D::Time32(_) | D::Time64(_)),
            Self::Json => {
                is_number || is_text || is_bytes || matches!(data_type, D::Float32 | D::Float64)
            }
        }
    }
}

fn is_integer(data_type: &DataType) -> bool {
    use DataType as D;
    matches!(
        data_type,
        D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32 | D::UInt64
    )
}

/// The texts of `enum('a','it''s')`.
fn members(column_type: &str) -> Vec<String> {
    let mut members = Vec::new();
    let mut rest = column_type.chars().peekable();
    while let Some(quote) = rest.next() {
        if quote != '\'' {
            continue;
        }
        let mut member = String::new();
        while let Some(next) = rest.next() {
            match next {
                '\'' if rest.next_if_eq(&'\'').is_none() => break,
                '\\' => member.extend(rest.next().map(|escaped| match escaped {
                    '0' => '\0',
                    'n' => '\n',
                    'r' => '\r',
                    other => other,
                })),
                other => member.push(other),
            }
        }
        members.push(member);
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enum_members_are_parsed() {
        assert_eq!(
            members(r"enum('a\\b','it''s','n\nl','č','')"),
            ["a\\b", "it's", "n\nl", "č", ""]
        );
        assert_eq!(members("set('')"), [""]);
    }
}
