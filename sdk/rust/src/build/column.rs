//! A builder for a column of any type.

use super::{
    Array, BoolBuilder, BytesBuilder, ListBuilder, NullBuilder, PrimitiveBuilder, StructBuilder,
};
use crate::DataType;
use crate::macros::{for_each_array, new_array};

/// Builds one column. The variant corresponds to the column's [`DataType`], whose parameters
/// (units, zone, precision, scale) are only in the schema.
///
/// ```
/// use osiris_sdk::{ColumnBuilder, DataType, TimeUnit};
///
/// let mut price = ColumnBuilder::new(&DataType::Decimal128(10, 2));
/// let mut at = ColumnBuilder::new(&DataType::Timestamp(TimeUnit::Second, Some("UTC".into())));
/// if let (ColumnBuilder::Decimal128(price), ColumnBuilder::Timestamp(at)) = (&mut price, &mut at) {
///     price.push(1999); // 19.99
///     at.push(1_000_000_000); // 2001-09-09 01:46:40
/// }
/// price.push_null(); // of whatever type it is
/// assert_eq!((price.len(), at.len()), (2, 1));
/// ```
#[derive(Debug, Clone)]
pub enum ColumnBuilder {
    /// Only nulls.
    Null(NullBuilder),
    /// Booleans.
    Bool(BoolBuilder),
    /// Signed, 8 bits.
    Int8(PrimitiveBuilder<i8>),
    /// Signed, 16 bits.
    Int16(PrimitiveBuilder<i16>),
    /// Signed, 32 bits.
    Int32(PrimitiveBuilder<i32>),
    /// Signed, 64 bits.
    Int64(PrimitiveBuilder<i64>),
    /// Unsigned, 8 bits.
    UInt8(PrimitiveBuilder<u8>),
    /// Unsigned, 16 bits.
    UInt16(PrimitiveBuilder<u16>),
    /// Unsigned, 32 bits.
    UInt32(PrimitiveBuilder<u32>),
    /// Unsigned, 64 bits.
    UInt64(PrimitiveBuilder<u64>),
    /// IEEE 754, 32 bits.
    Float32(PrimitiveBuilder<f32>),
    /// IEEE 754, 64 bits.
    Float64(PrimitiveBuilder<f64>),
    /// Text.
    Utf8(BytesBuilder),
    /// Bytes.
    Binary(BytesBuilder),
    /// Days since 1970-01-01.
    Date32(PrimitiveBuilder<i32>),
    /// Units since midnight.
    Time32(PrimitiveBuilder<i32>),
    /// Units since midnight.
    Time64(PrimitiveBuilder<i64>),
    /// Units since 1970-01-01 00:00:00.
    Timestamp(PrimitiveBuilder<i64>),
    /// The digits without the decimal point: 1.50 at scale 2 is 150.
    Decimal128(PrimitiveBuilder<i128>),
    /// Lists.
    List(ListBuilder),
    /// Structs.
    Struct(StructBuilder),
}

impl ColumnBuilder {
    /// Creates an empty column of a type.
    #[must_use]
    pub fn new(data_type: &DataType) -> Self {
        new_array!(data_type,
            numbers => PrimitiveBuilder::default(),
            bytes => BytesBuilder::default(),
            DataType::Null => Self::Null(NullBuilder::default()),
            DataType::Bool => Self::Bool(BoolBuilder::default()),
            DataType::List(item) => Self::List(ListBuilder::new(item)),
            DataType::Struct(fields) => Self::Struct(StructBuilder::new(fields)),
        )
    }

    /// Adds a null.
    pub fn push_null(&mut self) {
        for_each_array!(self, array => array.push_null(), Self::Null(array) => array.push_null());
    }

    /// Returns the number of values, including nulls.
    #[must_use]
    pub fn len(&self) -> usize {
        for_each_array!(self, array => array.len(), Self::Null(array) => array.len())
    }

    /// Returns whether the column is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the estimated memory of the values, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.as_array().bytes()
    }

    /// Removes the values and keeps the memory.
    pub fn clear(&mut self) {
        self.as_array_mut().clear();
    }

    /// Returns whether the builder is one for a type.
    pub(crate) fn is_of(&self, data_type: &DataType) -> bool {
        match (self, data_type) {
            (Self::List(list), DataType::List(item)) => list.values.is_of(&item.data_type),
            (Self::Struct(parts), DataType::Struct(fields)) => {
                parts.fields.len() == fields.len()
                    && parts.fields.iter().zip(fields).all(|(part, f)| part.is_of(&f.data_type))
            }
            (Self::Null(_), DataType::Null)
            | (Self::Bool(_), DataType::Bool)
            | (Self::Int8(_), DataType::Int8)
            | (Self::Int16(_), DataType::Int16)
            | (Self::Int32(_), DataType::Int32)
            | (Self::Int64(_), DataType::Int64)
            | (Self::UInt8(_), DataType::UInt8)
            | (Self::UInt16(_), DataType::UInt16)
            | (Self::UInt32(_), DataType::UInt32)
            | (Self::UInt64(_), DataType::UInt64)
            | (Self::Float32(_), DataType::Float32)
            | (Self::Float64(_), DataType::Float64)
            | (Self::Utf8(_), DataType::Utf8)
            | (Self::Binary(_), DataType::Binary)
            | (Self::Date32(_), DataType::Date32)
            | (Self::Time32(_), DataType::Time32(_))
            | (Self::Time64(_), DataType::Time64(_))
            | (Self::Timestamp(_), DataType::Timestamp(..))
            | (Self::Decimal128(_), DataType::Decimal128(..)) => true,
            _ => false,
        }
    }

    pub(super) fn as_array(&self) -> &dyn Array {
        for_each_array!(self, array => array, Self::Null(array) => array)
    }

    pub(super) fn as_array_mut(&mut self) -> &mut dyn Array {
        for_each_array!(self, array => array, Self::Null(array) => array)
    }
}
