//! Tables for drivers that take rows.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, FixedSizeBinaryArray, FixedSizeListArray,
    Int64Array, IntervalDayTimeArray, IntervalMonthDayNanoArray, IntervalYearMonthArray,
    LargeListArray, ListArray, RecordBatch, StringArray, StructArray, new_null_array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Field, IntervalDayTime, IntervalMonthDayNano, IntervalUnit, Schema, SchemaRef,
    TimeUnit,
};
use osiris_core::yaml::Node;
use osiris_engine::table::{self, unflatten};

use super::cases::InputTable;

/// Rows of a table whose size does not matter.
const ROWS: usize = 100;

/// Returns the default input table.
pub(super) fn default_input() -> InputTable {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
        Field::new("amount", DataType::Float64, true),
    ]);
    InputTable { name: "input".to_owned(), schema: Arc::new(schema), rows: ROWS }
}

/// Parses a case's description of a table.
pub(super) fn parse(name: &str, node: &Node) -> Result<InputTable, String> {
    let columns = node.entry("columns").and_then(|entry| entry.value.as_map()).unwrap_or_default();
    let fields: Vec<table::Field> = columns
        .iter()
        .map(|column| table::Field {
            name: column.key.clone(),
            format: column.value.as_text().unwrap_or_default().to_owned(),
            nullable: true,
            metadata: Vec::new(),
            children: 0,
        })
        .collect();
    let rows = node.entry("rows").and_then(|entry| entry.value.as_u64());
    let rows = rows.and_then(|rows| usize::try_from(rows).ok()).unwrap_or(ROWS);
    Ok(InputTable { name: name.to_owned(), schema: unflatten(&fields)?, rows })
}

impl InputTable {
    /// Returns the rows in batches of one. Slices would not start at offset 0, which the contract
    /// requires.
    pub(super) fn one_by_one(&self) -> impl Iterator<Item = RecordBatch> + use<> {
        let schema = self.schema.clone();
        (0..self.rows).map(move |row| batch(&schema, row, 1))
    }
}

/// Returns the table's schema with one more column.
pub(super) fn with(schema: &Schema, name: &str, data_type: DataType) -> SchemaRef {
    let more = Arc::new(Field::new(name, data_type, true));
    Arc::new(Schema::new(schema.fields().iter().cloned().chain([more]).collect::<Vec<_>>()))
}

/// Returns rows of a schema; `from` is the number of the first. The rows are distinct as far as the
/// types have enough values, and every fifth value of a nullable column is null.
pub(super) fn batch(schema: &SchemaRef, from: usize, rows: usize) -> RecordBatch {
    let columns = schema
        .fields()
        .iter()
        .map(|field| {
            let all = values(field.data_type(), from, rows);
            if field.is_nullable() { with_nulls(&all, from) } else { all }
        })
        .collect();
    RecordBatch::try_new(schema.clone(), columns)
        .unwrap_or_else(|_| RecordBatch::new_empty(schema.clone()))
}

/// Replaces every fifth value with null.
fn with_nulls(all: &ArrayRef, from: usize) -> ArrayRef {
    let null_mask = BooleanArray::from_iter((from..from + all.len()).map(|row| Some(row % 5 == 3)));
    arrow::compute::nullif(all, &null_mask).unwrap_or_else(|_| all.clone())
}

fn values(data_type: &DataType, from: usize, rows: usize) -> ArrayRef {
    let numbers = || (from..from + rows).map(|row| row as i64);
    let texts = || numbers().map(|row| format!("text {row}"));
    match data_type {
        DataType::Boolean => {
            Arc::new(BooleanArray::from_iter(numbers().map(|row| Some(row % 2 == 0))))
        }
        DataType::Utf8 => Arc::new(StringArray::from_iter_values(texts())),
        DataType::Binary => {
            Arc::new(BinaryArray::from_iter_values(numbers().map(|row| [0, 255, row as u8])))
        }
        DataType::LargeBinary => {
            let bytes = values(&DataType::Binary, from, rows);
            cast(&bytes, data_type).unwrap_or_else(|_| new_null_array(data_type, rows))
        }
        DataType::FixedSizeBinary(width) => {
            let width = usize::try_from(*width).unwrap_or_default();
            let value = |row: i64| {
                Some(row.to_le_bytes().into_iter().cycle().take(width).collect::<Vec<_>>())
            };
            FixedSizeBinaryArray::try_from_sparse_iter_with_size(numbers().map(value), width as i32)
                .map_or_else(
                    |_| new_null_array(data_type, rows),
                    |array| Arc::new(array) as ArrayRef,
                )
        }
        DataType::Interval(IntervalUnit::YearMonth) => {
            Arc::new(IntervalYearMonthArray::from_iter_values(numbers().map(|row| row as i32)))
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            Arc::new(IntervalDayTimeArray::from_iter_values(
                numbers().map(|row| IntervalDayTime::new(row as i32, 1)),
            ))
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            Arc::new(IntervalMonthDayNanoArray::from_iter_values(
                numbers().map(|row| IntervalMonthDayNano::new(1, row as i32, 1)),
            ))
        }
        DataType::List(item) => {
            let items = values(item.data_type(), from, rows * 2);
            let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(2, rows));
            Arc::new(ListArray::new(item.clone(), offsets, items, None))
        }
        DataType::LargeList(item) => {
            let items = values(item.data_type(), from, rows * 2);
            let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(2, rows));
            Arc::new(LargeListArray::new(item.clone(), offsets, items, None))
        }
        DataType::FixedSizeList(item, size) => {
            let items =
                values(item.data_type(), from, rows * usize::try_from(*size).unwrap_or_default());
            Arc::new(FixedSizeListArray::new(item.clone(), *size, items, None))
        }
        DataType::Struct(fields) if !fields.is_empty() => {
            let parts = fields.iter().map(|field| values(field.data_type(), from, rows)).collect();
            Arc::new(StructArray::new(fields.clone(), parts, None))
        }
        // A day can have fewer seconds than the table has rows.
        DataType::Time32(_) | DataType::Time64(_) => {
            let day = DataType::Time32(TimeUnit::Second);
            let seconds = Int64Array::from_iter_values(numbers().map(|row| row % 86_400));
            converted(&(Arc::new(seconds) as ArrayRef), &[DataType::Int32, day, data_type.clone()])
        }
        DataType::Date32 => whole_days(&[DataType::Int32, data_type.clone()], from, rows),
        DataType::Date64 => {
            whole_days(&[DataType::Int32, DataType::Date32, data_type.clone()], from, rows)
        }
        DataType::Int8 | DataType::UInt8 => {
            let small = Int64Array::from_iter_values(numbers().map(|row| row % 128));
            converted(&(Arc::new(small) as ArrayRef), std::slice::from_ref(data_type))
        }
        DataType::Int16 | DataType::UInt16 | DataType::Float16 => {
            let small = Int64Array::from_iter_values(numbers().map(|row| row % 2048));
            converted(&(Arc::new(small) as ArrayRef), std::slice::from_ref(data_type))
        }
        _ => {
            let all = Int64Array::from_iter_values(numbers());
            converted(&(Arc::new(all) as ArrayRef), std::slice::from_ref(data_type))
        }
    }
}

fn whole_days(through: &[DataType], from: usize, rows: usize) -> ArrayRef {
    let days = Int64Array::from_iter_values((from..from + rows).map(|row| (row % 20_000) as i64));
    converted(&(Arc::new(days) as ArrayRef), through)
}

/// Casts step by step; the values are null if a cast is not supported.
fn converted(numbers: &ArrayRef, through: &[DataType]) -> ArrayRef {
    let steps = through.iter().try_fold(numbers.clone(), |array, next| cast(&array, next).ok());
    let last = through.last().unwrap_or(&DataType::Null);
    steps.unwrap_or_else(|| new_null_array(last, numbers.len()))
}

#[cfg(test)]
mod tests {
    use super::super::checks::types::FAMILIES;
    use super::*;

    #[test]
    fn every_type_has_values() {
        for data_type in FAMILIES.iter().flat_map(|family| family.types()) {
            let array = values(&data_type, 3, 7);
            assert_eq!(array.len(), 7, "{data_type}");
            assert_eq!(array.data_type(), &data_type);
            let expected = if data_type == DataType::Null { 7 } else { 0 };
            assert_eq!(array.logical_null_count(), expected, "{data_type}");
            assert_eq!(batch(&with(&Schema::empty(), "v", data_type), 0, 10).num_rows(), 10);
        }
    }
}
