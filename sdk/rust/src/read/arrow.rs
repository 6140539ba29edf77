//! Conversion of batches to arrow-rs arrays, which take over the memory of the buffers.

use std::sync::Arc;

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, ListArray, NullArray, PrimitiveArray, RecordBatch,
    RecordBatchOptions, StringArray, StructArray,
};
use arrow_buffer::{
    ArrowNativeType, BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer,
};
use arrow_schema::{ArrowError, DataType as A, TimeUnit};

use super::primitive::Values;
use super::validity::Validity;
use super::{Batch, BytesColumn, Column, ListColumn, PrimitiveColumn, StructColumn};
use crate::{DataType, Error, Primitive, Result};

impl Batch {
    /// Converts the batch to arrow-rs arrays. Copies every column from the host.
    ///
    /// ```
    /// use arrow_array::{cast::AsArray, types::Int64Type};
    /// # use osiris_sdk::{DataType, Field, Schema, testing};
    /// # let schema = Schema::new(vec![Field::new("n", DataType::Int64, true)]);
    /// # let table = testing::Table::from_rows(&schema, &serde_json::json!([[1], [null]]));
    /// # let batch = table.batches().remove(0);
    ///
    /// let batch = batch.to_arrow().unwrap();
    /// let numbers = batch["n"].as_primitive::<Int64Type>();
    /// assert_eq!(numbers.iter().collect::<Vec<_>>(), [Some(1), None]);
    /// ```
    ///
    /// # Errors
    /// Returns an error of kind `internal` if the host's batch is inconsistent.
    pub fn to_arrow(&self) -> Result<RecordBatch> {
        let schema = Arc::new(arrow_schema::Schema::from(self.schema()));
        let columns = (0..schema.fields.len())
            .map(|index| self.column(index)?.into_arrow(&self.schema().fields[index].data_type));
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows()));
        RecordBatch::try_new_with_options(schema, columns.collect::<Result<_>>()?, &options)
            .map_err(inconsistent)
    }
}

impl Column {
    /// Converts the column to an arrow-rs array of a type, which must be the column's type in the
    /// schema.
    ///
    /// # Errors
    /// Returns an error of kind `internal` if the type differs or the values are invalid for the
    /// type.
    pub fn into_arrow(self, data_type: &DataType) -> Result<ArrayRef> {
        array(self, &A::from(data_type))
    }
}

fn array(column: Column, data_type: &A) -> Result<ArrayRef> {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    Ok(match (column, data_type) {
        (Column::Null(len), A::Null) => Arc::new(NullArray::new(len)),
        (Column::Bool(column), A::Boolean) => {
            let nulls = nulls(column.validity, column.len);
            let values = BooleanBuffer::new(Buffer::from_vec(column.bits), 0, column.len);
            Arc::new(BooleanArray::new(values, nulls))
        }
        (Column::Int8(column), A::Int8) => primitive::<Int8Type>(column, data_type),
        (Column::Int16(column), A::Int16) => primitive::<Int16Type>(column, data_type),
        (Column::Int32(column), A::Int32) => primitive::<Int32Type>(column, data_type),
        (Column::Int64(column), A::Int64) => primitive::<Int64Type>(column, data_type),
        (Column::UInt8(column), A::UInt8) => primitive::<UInt8Type>(column, data_type),
        (Column::UInt16(column), A::UInt16) => primitive::<UInt16Type>(column, data_type),
        (Column::UInt32(column), A::UInt32) => primitive::<UInt32Type>(column, data_type),
        (Column::UInt64(column), A::UInt64) => primitive::<UInt64Type>(column, data_type),
        (Column::Float32(column), A::Float32) => primitive::<Float32Type>(column, data_type),
        (Column::Float64(column), A::Float64) => primitive::<Float64Type>(column, data_type),
        (Column::Date32(column), A::Date32) => primitive::<Date32Type>(column, data_type),
        (Column::Time32(column), A::Time32(unit)) => match unit {
            Second => primitive::<Time32SecondType>(column, data_type),
            _ => primitive::<Time32MillisecondType>(column, data_type),
        },
        (Column::Time64(column), A::Time64(unit)) => match unit {
            Microsecond => primitive::<Time64MicrosecondType>(column, data_type),
            _ => primitive::<Time64NanosecondType>(column, data_type),
        },
        (Column::Timestamp(column), A::Timestamp(unit, _)) => match unit {
            Second => primitive::<TimestampSecondType>(column, data_type),
            Millisecond => primitive::<TimestampMillisecondType>(column, data_type),
            Microsecond => primitive::<TimestampMicrosecondType>(column, data_type),
            Nanosecond => primitive::<TimestampNanosecondType>(column, data_type),
        },
        (Column::Decimal128(column), A::Decimal128(..)) => {
            primitive::<Decimal128Type>(column, data_type)
        }
        (Column::Utf8(column), A::Utf8) => {
            let (offsets, values, nulls) = bytes(column);
            Arc::new(StringArray::try_new(offsets, values, nulls).map_err(inconsistent)?)
        }
        (Column::Binary(column), A::Binary) => {
            let (offsets, values, nulls) = bytes(column);
            Arc::new(BinaryArray::try_new(offsets, values, nulls).map_err(inconsistent)?)
        }
        (Column::List(column), A::List(item)) => {
            let len = column.len();
            let ListColumn { offsets, values, validity } = column;
            let values = array(*values, item.data_type())?;
            let offsets = OffsetBuffer::new(scalars(offsets));
            let nulls = nulls(validity, len);
            let list = ListArray::try_new(Arc::clone(item), offsets, values, nulls);
            Arc::new(list.map_err(inconsistent)?)
        }
        (Column::Struct(column), A::Struct(fields)) => {
            let StructColumn { fields: columns, len, validity } = column;
            let columns = columns
                .into_iter()
                .zip(fields)
                .map(|(column, field)| Ok(array(column, field.data_type())?.slice(0, len)));
            let columns = columns.collect::<Result<_>>()?;
            let nulls = nulls(validity, len);
            let array = StructArray::try_new_with_length(fields.clone(), columns, nulls, len);
            Arc::new(array.map_err(inconsistent)?)
        }
        (_, other) => {
            return Err(Error::internal(format!("the column is not one of {other}")));
        }
    })
}

fn primitive<T>(column: PrimitiveColumn<T::Native>, data_type: &A) -> ArrayRef
where
    T: ArrowPrimitiveType<Native: Primitive>,
{
    let nulls = nulls(column.validity.clone(), column.len());
    let array = PrimitiveArray::<T>::new(scalars(column.values), nulls);
    Arc::new(array.with_data_type(data_type.clone()))
}

fn bytes(column: BytesColumn) -> (OffsetBuffer<i32>, Buffer, Option<NullBuffer>) {
    let len = column.len();
    let BytesColumn { offsets, data, validity } = column;
    (OffsetBuffer::new(scalars(offsets)), Buffer::from_vec(data), nulls(validity, len))
}

fn scalars<T: Primitive + ArrowNativeType>(values: Values<T>) -> ScalarBuffer<T> {
    match values {
        Values::Bytes(bytes) => Buffer::from_vec(bytes).into(),
        Values::Aligned(values) => values.into(),
    }
}

fn nulls(validity: Validity, len: usize) -> Option<NullBuffer> {
    let bits = validity.into_bits()?;
    Some(BooleanBuffer::new(Buffer::from_vec(bits), 0, len).into())
}

fn inconsistent(error: ArrowError) -> Error {
    Error::internal(format!("the batch does not fit together: {error}"))
}
