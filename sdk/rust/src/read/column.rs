//! A column of any type.

use super::buffers::Buffers;
use super::validity::Validity;
use super::{BoolColumn, BytesColumn, ListColumn, PrimitiveColumn, StructColumn};
use crate::macros::{for_each_array, len_methods, new_array};
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
        Ok(new_array!(data_type,
            numbers => PrimitiveColumn::read(buffers)?,
            bytes => BytesColumn::read(buffers)?,
            DataType::Null => Self::Null(buffers.node(0)?.0),
            DataType::Bool => Self::Bool(BoolColumn::read(buffers)?),
            DataType::List(item) => Self::List(ListColumn::read(item, buffers)?),
            DataType::Struct(fields) => Self::Struct(StructColumn::read(fields, buffers)?),
        ))
    }

    len_methods!("values, including nulls", |column| column.parts().0);

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
        for_each_array!(
            self,
            array => (array.len(), Some(&array.validity)),
            Self::Null(len) => (*len, None),
        )
    }
}
