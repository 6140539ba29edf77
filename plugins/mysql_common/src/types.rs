//! Columns of an answer, and their types.

use osiris_sdk::{DataType, TimeUnit};
use protocol::constants::{ColumnFlags, ColumnType};
use protocol::packets::Column as Definition;
use serde::Deserialize;

use crate::{MysqlError, Session, cells, literal};

/// The server's number for the character set of bytes that are no text.
const BINARY: u16 = 63;
/// Digits of Arrow's decimal.
const MAX_DIGITS: u32 = 38;

/// A column of an answer.
#[derive(Debug, Clone)]
pub struct Column {
    /// As the query names it.
    pub name: String,
    /// The type of its values.
    pub native: Native,
    /// Whether a value may be missing.
    pub nullable: bool,
    /// Characters that it takes on a screen: the 1 of TINYINT(1).
    pub length: u32,
}

/// The server's types, as far as they differ on the wire or in Arrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Native {
    /// Only nulls.
    Null,
    /// An integer of so many bytes.
    Int {
        /// 1, 2, 4 or 8.
        bytes: u8,
        /// MEDIUMINT is one of 4 too.
        signed: bool,
    },
    /// True or false, as an integer of one byte.
    Boolean,
    /// A year.
    Year,
    /// 32 bits.
    Float,
    /// 64 bits.
    Double,
    /// A decimal that Arrow has.
    Decimal {
        /// All digits.
        precision: u8,
        /// Those after the point.
        scale: u8,
    },
    /// A decimal of more digits, as text.
    Digits,
    /// One bit.
    Bit,
    /// A date.
    Date,
    /// A date and a time, of no zone.
    DateTime {
        /// Digits after the seconds.
        decimals: u8,
    },
    /// A point in time.
    Timestamp {
        /// Digits after the seconds.
        decimals: u8,
    },
    /// A span of up to 838 hours, also a negative one.
    Time {
        /// Digits after the seconds.
        decimals: u8,
    },
    /// Text.
    Text,
    /// Members of an ENUM or a SET, in an order of their own.
    Members,
    /// JSON, as text.
    Json,
    /// Bytes.
    Bytes,
    /// A shape, behind the four bytes of its SRID.
    Geometry,
    /// A vector of floats of 32 bits.
    Vector,
}

/// The treatment of dates that the calendar does not have, like `0000-00-00`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZeroDates {
    /// The step fails.
    #[default]
    Error,
    /// The dates are missing values.
    Null,
    /// Columns of dates are text.
    Text,
}

/// Gives the columns of a table the types that only its definition tells:
/// points in time, which the comment says (see [`is_utc`]), and the vectors of
/// MariaDB.
///
/// # Errors
/// The server's.
pub fn declare(
    session: &mut Session,
    table: &str,
    columns: &mut [Column],
) -> Result<(), MysqlError> {
    let is_open =
        |column: &Column| matches!(column.native, Native::DateTime { .. } | Native::Bytes);
    if !columns.iter().any(is_open) {
        return Ok(());
    }
    let rows = session.texts(&format!(
        "SELECT column_name, column_type, column_comment FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND table_name = {}",
        literal(table)
    ))?;
    for row in rows {
        let [name, column_type, comment] = cells(row);
        if let Some(column) = columns.iter_mut().find(|column| column.name == name) {
            column.native = column.native.declared(&column_type, &comment);
        }
    }
    Ok(())
}

/// Returns whether the comment of a DATETIME says that its times are those of
/// UTC. The writer gives it to columns that it makes for times with a zone: a
/// TIMESTAMP would end in 2038.
#[must_use]
pub fn is_utc(comment: &str) -> bool {
    comment == "UTC"
}

impl Column {
    pub(crate) fn new(definition: &Definition) -> Self {
        Self {
            name: definition.name_str().into_owned(),
            native: Native::new(definition),
            nullable: !definition.flags().contains(ColumnFlags::NOT_NULL_FLAG),
            length: definition.column_length(),
        }
    }
}

impl Native {
    fn new(definition: &Definition) -> Self {
        use ColumnType as T;
        let signed = !definition.flags().contains(ColumnFlags::UNSIGNED_FLAG);
        // Beyond 6 it means that nobody knows.
        let decimals = if definition.decimals() > 6 { 6 } else { definition.decimals() };
        match definition.column_type() {
            T::MYSQL_TYPE_NULL => Self::Null,
            T::MYSQL_TYPE_TINY => Self::Int { bytes: 1, signed },
            T::MYSQL_TYPE_SHORT => Self::Int { bytes: 2, signed },
            T::MYSQL_TYPE_LONG | T::MYSQL_TYPE_INT24 => Self::Int { bytes: 4, signed },
            T::MYSQL_TYPE_LONGLONG => Self::Int { bytes: 8, signed },
            T::MYSQL_TYPE_YEAR => Self::Year,
            T::MYSQL_TYPE_FLOAT => Self::Float,
            T::MYSQL_TYPE_DOUBLE => Self::Double,
            T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => {
                Self::decimal(definition.column_length(), definition.decimals(), signed)
            }
            T::MYSQL_TYPE_BIT if definition.column_length() == 1 => Self::Bit,
            T::MYSQL_TYPE_BIT => Self::Bytes,
            T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => Self::Date,
            T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => Self::DateTime { decimals },
            T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => Self::Timestamp { decimals },
            T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => Self::Time { decimals },
            T::MYSQL_TYPE_GEOMETRY => Self::Geometry,
            T::MYSQL_TYPE_VECTOR => Self::Vector,
            // Its character set is said to be binary, and it is utf8mb4.
            T::MYSQL_TYPE_JSON => Self::Json,
            _ if definition.flags().intersects(ColumnFlags::ENUM_FLAG | ColumnFlags::SET_FLAG) => {
                Self::Members
            }
            _ if definition.character_set() == BINARY => Self::Bytes,
            _ => Self::Text,
        }
    }

    /// Returns the type of a column that was declared with that type and comment.
    pub(crate) fn declared(self, column_type: &str, comment: &str) -> Self {
        match self {
            Self::DateTime { decimals } if is_utc(comment) => Self::Timestamp { decimals },
            Self::Bytes if column_type.to_lowercase().starts_with("vector(") => Self::Vector,
            other => other,
        }
    }

    /// The length that the server tells counts the sign and the point too.
    fn decimal(length: u32, scale: u8, signed: bool) -> Self {
        let precision =
            length.saturating_sub(u32::from(signed)).saturating_sub(u32::from(scale > 0));
        let precision = precision.max(u32::from(scale)).max(1);
        match u8::try_from(precision) {
            Ok(precision) if u32::from(precision) <= MAX_DIGITS => {
                Self::Decimal { precision, scale }
            }
            _ => Self::Digits,
        }
    }

    /// Returns the Arrow type of the values.
    #[must_use]
    pub fn data_type(self, zero_dates: ZeroDates) -> DataType {
        let moment = |zone| DataType::Timestamp(TimeUnit::Microsecond, zone);
        match self {
            Self::Date | Self::DateTime { .. } | Self::Timestamp { .. }
                if zero_dates == ZeroDates::Text =>
            {
                DataType::Utf8
            }
            Self::Null => DataType::Null,
            Self::Int { bytes: 1, signed: true } => DataType::Int8,
            Self::Int { bytes: 1, signed: false } => DataType::UInt8,
            Self::Int { bytes: 2, signed: true } | Self::Year => DataType::Int16,
            Self::Int { bytes: 2, signed: false } => DataType::UInt16,
            Self::Int { bytes: 4, signed: true } => DataType::Int32,
            Self::Int { bytes: 4, signed: false } => DataType::UInt32,
            Self::Int { signed: true, .. } => DataType::Int64,
            Self::Int { signed: false, .. } => DataType::UInt64,
            Self::Float => DataType::Float32,
            Self::Double => DataType::Float64,
            Self::Decimal { precision, scale } => DataType::Decimal128(precision, scale as i8),
            Self::Bit | Self::Boolean => DataType::Bool,
            Self::Date => DataType::Date32,
            Self::DateTime { .. } => moment(None),
            Self::Timestamp { .. } => moment(Some("UTC".to_owned())),
            Self::Digits | Self::Time { .. } | Self::Text | Self::Members | Self::Json => {
                DataType::Utf8
            }
            Self::Bytes | Self::Geometry => DataType::Binary,
            Self::Vector => DataType::list_of(DataType::Float32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definition_refines_the_column_type() {
        let moment = Native::DateTime { decimals: 3 };
        assert_eq!(moment.declared("datetime(3)", "UTC"), Native::Timestamp { decimals: 3 });
        assert_eq!(moment.declared("datetime(3)", "when"), moment);
        assert_eq!(Native::Bytes.declared("vector(3)", ""), Native::Vector);
        assert_eq!(Native::Bytes.declared("varbinary(12)", ""), Native::Bytes);
        assert_eq!(Native::Text.declared("varchar(3)", "UTC"), Native::Text);
    }
}
