//! A column of any type.

use super::buffers::Buffers;
use super::validity::Validity;
use super::{BoolColumn, BytesColumn, ListColumn, PrimitiveColumn, StructColumn};
use crate::{DataType, Result};

/// One column of a batch. The variant corresponds to the column's [`DataType`], whose parameters
/// (units, zone, precision, scale) are only in the schema.
///
/// ```
/// use osiris_sdk::Column;
///
/// /// Formats a value as text. Returns `None` for nulls and for types not handled here.
/// fn text(column: &Column, row: usize) -> Option<String> {
///     match column {
///         Column::Bool(values) => values.get(row).map(|value| value.to_string()),
///         Column::Int64(values) => values.get(row).map(|value| value.to_string()),
///         Column::Utf8(values) => values.get_str(row).map(str::to_owned),
///         _ => None,
///     }
/// }
/// # use osiris_sdk::{DataType, Field, Schema, testing};
/// # let schema = Schema::new(vec![Field::new("c", DataType::Int64, true)]);
/// # let table = testing::Table::from_rows(&schema, &serde_json::json!([[7], [null]]));
/// # let column = table.batches()[0].column(0).unwrap();
///
/// assert_eq!((text(&column, 0), text(&column, 1)), (Some("7".into()), None));
/// assert!(column.is_null(1)); // of whatever type it is
/// assert_eq!((column.len(), column.null_count()), (2, 1));
/// ```
#[derive(Debug, Clone)]
pub enum Column {
    /// A number of nulls.
    Null(usize),
    /// Booleans.
    Bool(BoolColumn),
    /// Signed, 8 bits.
    Int8(PrimitiveColumn<i8>),
    /// Signed, 16 bits.
    Int16(PrimitiveColumn<i16>),
    /// Signed, 32 bits.
    Int32(PrimitiveColumn<i32>),
    /// Signed, 64 bits.
    Int64(PrimitiveColumn<i64>),
    /// Unsigned, 8 bits.
    UInt8(PrimitiveColumn<u8>),
    /// Unsigned, 16 bits.
    UInt16(PrimitiveColumn<u16>),
    /// Unsigned, 32 bits.
    UInt32(PrimitiveColumn<u32>),
    /// Unsigned, 64 bits.
    UInt64(PrimitiveColumn<u64>),
    /// IEEE 754, 32 bits.
    Float32(PrimitiveColumn<f32>),
    /// IEEE 754, 64 bits.
    Float64(PrimitiveColumn<f64>),
    /// Text.
    Utf8(BytesColumn),
    /// Bytes.
    Binary(BytesColumn),
    /// Days since 1970-01-01.
    Date32(PrimitiveColumn<i32>),
    /// Units since midnight.
    Time32(PrimitiveColumn<i32>),
    /// Units since midnight.
    Time64(PrimitiveColumn<i64>),
    /// Units since 1970-01-01 00:00:00.
    Timestamp(PrimitiveColumn<i64>),
    /// The digits without the decimal point: 1.50 at scale 2 is 150.
    Decimal128(PrimitiveColumn<i128>),
    /// Lists.
    List(ListColumn),
    /// Structs.
    Struct(StructColumn),
}

impl Column {
    pub(super) fn read(data_type: &DataType, buffers: &mut Buffers<'_>) -> Result<Self> {
        Ok(match data_type {
            DataType::Null => Self::Null(buffers.node(0)?.length),
            DataType::Bool => Self::Bool(BoolColumn::read(buffers)?),
            DataType::Int8 => Self::Int8(PrimitiveColumn::read(buffers)?),
            DataType::Int16 => Self::Int16(PrimitiveColumn::read(buffers)?),
            DataType::Int32 => Self::Int32(PrimitiveColumn::read(buffers)?),
            DataType::Int64 => Self::Int64(PrimitiveColumn::read(buffers)?),
            DataType::UInt8 => Self::UInt8(PrimitiveColumn::read(buffers)?),
            DataType::UInt16 => Self::UInt16(PrimitiveColumn::read(buffers)?),
            DataType::UInt32 => Self::UInt32(PrimitiveColumn::read(buffers)?),
            DataType::UInt64 => Self::UInt64(PrimitiveColumn::read(buffers)?),
            DataType::Float32 => Self::Float32(PrimitiveColumn::read(buffers)?),
            DataType::Float64 => Self::Float64(PrimitiveColumn::read(buffers)?),
            DataType::Utf8 => Self::Utf8(BytesColumn::read(buffers)?),
            DataType::Binary => Self::Binary(BytesColumn::read(buffers)?),
            DataType::Date32 => Self::Date32(PrimitiveColumn::read(buffers)?),
            DataType::Time32(_) => Self::Time32(PrimitiveColumn::read(buffers)?),
            DataType::Time64(_) => Self::Time64(PrimitiveColumn::read(buffers)?),
            DataType::Timestamp(..) => Self::Timestamp(PrimitiveColumn::read(buffers)?),
            DataType::Decimal128(..) => Self::Decimal128(PrimitiveColumn::read(buffers)?),
            DataType::List(item) => Self::List(ListColumn::read(item, buffers)?),
            DataType::Struct(fields) => Self::Struct(StructColumn::read(fields, buffers)?),
        })
    }

    /// Returns the number of values, including nulls.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts().0
    }

    /// Returns whether the column is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether a value is null.
    ///
    /// # Panics
    /// Can panic if `index` is out of bounds.
    #[must_use]
    pub fn is_null(&self, index: usize) -> bool {
        self.parts().1.is_none_or(|validity| validity.is_null(index))
    }

    /// Returns the number of nulls.
    #[must_use]
    pub fn null_count(&self) -> usize {
        let (len, validity) = self.parts();
        validity.map_or(len, Validity::nulls)
    }

    /// Returns the length and the validity bitmap. The bitmap is `None` for a null column.
    // Otherwise `is_null`, which drivers call for every value, would compute the length as well.
    #[inline(always)]
    fn parts(&self) -> (usize, Option<&Validity>) {
        match self {
            Self::Null(len) => (*len, None),
            Self::Bool(array) => (array.len(), Some(&array.validity)),
            Self::Int8(array) => (array.len(), Some(&array.validity)),
            Self::Int16(array) => (array.len(), Some(&array.validity)),
            Self::Int32(array) | Self::Date32(array) | Self::Time32(array) => {
                (array.len(), Some(&array.validity))
            }
            Self::Int64(array) | Self::Time64(array) | Self::Timestamp(array) => {
                (array.len(), Some(&array.validity))
            }
            Self::UInt8(array) => (array.len(), Some(&array.validity)),
            Self::UInt16(array) => (array.len(), Some(&array.validity)),
            Self::UInt32(array) => (array.len(), Some(&array.validity)),
            Self::UInt64(array) => (array.len(), Some(&array.validity)),
            Self::Float32(array) => (array.len(), Some(&array.validity)),
            Self::Float64(array) => (array.len(), Some(&array.validity)),
            Self::Utf8(array) | Self::Binary(array) => (array.len(), Some(&array.validity)),
            Self::Decimal128(array) => (array.len(), Some(&array.validity)),
            Self::List(array) => (array.len(), Some(&array.validity)),
            Self::Struct(array) => (array.len(), Some(&array.validity)),
        }
    }
}
