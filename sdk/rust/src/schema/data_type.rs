//! Types of the values in tables.

use super::Field;
use crate::{Error, Result};

/// Maximum digits that fit into a 128-bit decimal.
pub(super) const MAX_DIGITS: u8 = 38;

/// An Arrow type. Choose a type that holds every value exactly: decimals for money, text for values
/// that only look like numbers (`001`).
///
/// ```
/// use osiris_sdk::{DataType, Field, TimeUnit};
///
/// let types = [
///     DataType::Decimal128(10, 2),
///     DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
///     DataType::list_of(DataType::Utf8),
///     DataType::Struct(vec![Field::new("x", DataType::Int64, false)]),
/// ];
/// let names = types.map(|data_type| data_type.to_string());
/// assert_eq!(names, ["decimal128(10, 2)", "timestamp[us, UTC]", "list<utf8>", "struct<x: int64>"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataType {
    /// Only nulls.
    Null,
    /// True or false.
    Bool,
    /// Signed, 8 bits.
    Int8,
    /// Signed, 16 bits.
    Int16,
    /// Signed, 32 bits.
    Int32,
    /// Signed, 64 bits.
    Int64,
    /// Unsigned, 8 bits.
    UInt8,
    /// Unsigned, 16 bits.
    UInt16,
    /// Unsigned, 32 bits.
    UInt32,
    /// Unsigned, 64 bits.
    UInt64,
    /// IEEE 754, 32 bits.
    Float32,
    /// IEEE 754, 64 bits.
    Float64,
    /// UTF-8 text.
    Utf8,
    /// Bytes.
    Binary,
    /// Days since 1970-01-01.
    Date32,
    /// Time since midnight in 32 bits: seconds or milliseconds only.
    Time32(TimeUnit),
    /// Time since midnight in 64 bits: microseconds or nanoseconds only.
    Time64(TimeUnit),
    /// Time since 1970-01-01 00:00:00. With a time zone (`UTC`, `+01:00`, `Europe/Prague`), the
    /// count is in UTC and the zone is for display; without a zone, the count is a wall-clock time.
    Timestamp(TimeUnit, Option<String>),
    /// An integer of up to `.0` digits (1 to 38), of which `.1` are after the decimal point.
    Decimal128(u8, i8),
    /// Any number of values of one type. The field's name is `item` by convention.
    List(Box<Field>),
    /// One value of each field.
    Struct(Vec<Field>),
}

/// Unit of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// 1 s.
    Second,
    /// 1/1,000 s.
    Millisecond,
    /// 1/1,000,000 s.
    Microsecond,
    /// 1/1,000,000,000 s.
    Nanosecond,
}

impl DataType {
    /// Returns the type of a list of nullable values of this type.
    ///
    /// ```
    /// use osiris_sdk::DataType;
    ///
    /// assert!(DataType::list_of(DataType::Int64).children()[0].nullable);
    /// ```
    #[must_use]
    pub fn list_of(item: Self) -> Self {
        Self::List(Box::new(Field::new("item", item, true)))
    }

    /// Returns the children of a nested type, in order. Returns an empty slice for other types.
    #[must_use]
    pub fn children(&self) -> &[Field] {
        match self {
            Self::List(item) => std::slice::from_ref(item),
            Self::Struct(fields) => fields,
            _ => &[],
        }
    }

    /// Checks the parameters of the type and of its children.
    ///
    /// # Errors
    /// Returns an error of kind `internal` if a parameter is invalid, because the driver created
    /// the type.
    pub(crate) fn check(&self) -> Result<()> {
        use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
        match self {
            Self::Time32(Microsecond | Nanosecond) => {
                return Err(Error::internal(format!("{self}: 32 bits are for s and ms")));
            }
            Self::Time64(Second | Millisecond) => {
                return Err(Error::internal(format!("{self}: 64 bits are for us and ns")));
            }
            Self::Decimal128(precision, scale)
                if !(1..=MAX_DIGITS).contains(precision)
                    || i16::from(*scale) > i16::from(*precision) =>
            {
                return Err(Error::internal(format!(
                    "{self}: a precision is 1 to {MAX_DIGITS}, a scale no more than it"
                )));
            }
            _ => {}
        }
        self.children().iter().try_for_each(|child| child.data_type.check())
    }
}
