//! Strategies for arbitrary schemas and batches.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayData, BinaryArray, BooleanArray, LargeBinaryArray, LargeStringArray, RecordBatch,
    RecordBatchOptions, StringArray, make_array,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow::datatypes::{DataType, Field, Fields, IntervalUnit, Schema, TimeUnit};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Generates two batches of one schema with columns of these types.
pub(crate) fn of(
    types: BoxedStrategy<DataType>,
    columns: std::ops::Range<usize>,
) -> impl Strategy<Value = Vec<RecordBatch>> {
    let rows = (0..12_usize, 0..6_usize);
    (fields(types, columns), rows).prop_flat_map(|(fields, (first, second))| {
        let schema = Arc::new(Schema::new(fields));
        // The driver treats the first batch differently from the second.
        (batch(schema.clone(), first), batch(schema, second)).prop_map(|(a, b)| vec![a, b])
    })
}

fn batch(schema: Arc<Schema>, rows: usize) -> BoxedStrategy<RecordBatch> {
    columns(schema.fields(), rows)
        .prop_map(move |columns| {
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let columns = columns.into_iter().map(make_array).collect();
            RecordBatch::try_new_with_options(schema.clone(), columns, &options).unwrap()
        })
        .boxed()
}

/// Generates fields with names, metadata, and with or without nulls.
fn fields(
    types: BoxedStrategy<DataType>,
    count: std::ops::Range<usize>,
) -> impl Strategy<Value = Vec<Field>> {
    let metadata = prop_oneof![
        4 => Just(HashMap::new()),
        1 => ("\\PC{1,8}", "\\PC{0,8}").prop_map(|(key, value)| HashMap::from([(key, value)])),
    ];
    vec(("\\PC{0,6}", types, any::<bool>(), metadata), count).prop_map(|parts| {
        let fields = parts.into_iter().enumerate();
        let field = |(index, (name, data_type, nullable, metadata))| {
            // The index makes the column names unique.
            let name = format!("{name}{index}");
            let nullable = nullable || data_type == DataType::Null;
            Field::new(name, data_type, nullable).with_metadata(metadata)
        };
        fields.map(field).collect()
    })
}

/// Generates the item field of a list.
fn item(types: BoxedStrategy<DataType>) -> BoxedStrategy<Arc<Field>> {
    fields(types, 1..2).prop_map(|mut one| Arc::new(one.remove(0))).boxed()
}

/// Generates every type that can cross the boundary.
pub(crate) fn contract() -> BoxedStrategy<DataType> {
    use DataType::*;
    let more = prop_oneof![
        select(vec![Float16, LargeUtf8, LargeBinary, Date64]),
        select(UNITS.map(Duration).to_vec()),
        select(INTERVALS.map(Interval).to_vec()),
        (0..20).prop_map(FixedSizeBinary),
        (1..=9_u8, -2..9_i8).prop_map(|(p, s)| Decimal32(p, s.min(p as i8))),
        (1..=18_u8, -2..9_i8).prop_map(|(p, s)| Decimal64(p, s.min(p as i8))),
        (1..=76_u8, -2..9_i8).prop_map(|(p, s)| Decimal256(p, s.min(p as i8))),
    ];
    let flat = prop_oneof![flat(), more];
    flat.prop_recursive(3, 10, 3, |inner| {
        let item = item(inner.clone().boxed());
        prop_oneof![
            item.clone().prop_map(List),
            item.clone().prop_map(LargeList),
            (item, 0..4).prop_map(|(item, size)| FixedSizeList(item, size)),
            fields(inner.boxed(), 0..3).prop_map(|parts| Struct(Fields::from(parts))),
        ]
    })
    .boxed()
}

/// Generates every type that the Rust SDK has.
pub(crate) fn sdk() -> BoxedStrategy<DataType> {
    flat()
        .prop_recursive(3, 10, 3, |inner| {
            prop_oneof![
                item(inner.clone().boxed()).prop_map(DataType::List),
                fields(inner.boxed(), 0..3).prop_map(|parts| DataType::Struct(Fields::from(parts))),
            ]
        })
        .boxed()
}

const UNITS: [TimeUnit; 4] =
    [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];
const INTERVALS: [IntervalUnit; 3] =
    [IntervalUnit::YearMonth, IntervalUnit::DayTime, IntervalUnit::MonthDayNano];

fn flat() -> BoxedStrategy<DataType> {
    use DataType::*;
    let plain = vec![
        Null, Boolean, Int8, Int16, Int32, Int64, UInt8, UInt16, UInt32, UInt64, Float32, Float64,
        Utf8, Binary, Date32,
    ];
    let times = vec![
        Time32(TimeUnit::Second),
        Time32(TimeUnit::Millisecond),
        Time64(TimeUnit::Microsecond),
        Time64(TimeUnit::Nanosecond),
    ];
    let zones = [None, Some("UTC"), Some("+01:00"), Some("Europe/Prague")];
    prop_oneof![
        4 => select(plain),
        1 => select(times),
        2 => (select(UNITS.to_vec()), select(zones.to_vec()))
            .prop_map(|(unit, zone)| Timestamp(unit, zone.map(Into::into))),
        1 => (1..=38_u8, -2..9_i8).prop_map(|(p, s)| Decimal128(p, s.min(p as i8))),
    ]
    .boxed()
}

/// Generates one array per field, all of this length.
fn columns(fields: &Fields, length: usize) -> BoxedStrategy<Vec<ArrayData>> {
    let arrays: Vec<_> = fields.iter().map(|field| array(field, length)).collect();
    arrays.boxed()
}

fn array(field: &Field, length: usize) -> BoxedStrategy<ArrayData> {
    use DataType as T;
    let data_type = field.data_type().clone();
    let some = if field.is_nullable() { 0.7 } else { 1.0 };
    let valid = move || vec(proptest::bool::weighted(some), length);
    match &data_type {
        T::Null => Just(ArrayData::new_null(&data_type, length)).boxed(),
        T::Boolean => options(any::<bool>(), some, length)
            .prop_map(|values| BooleanArray::from(values).to_data())
            .boxed(),
        T::Utf8 | T::LargeUtf8 => options("\\PC{0,9}", some, length)
            .prop_map(move |values| match data_type {
                T::Utf8 => StringArray::from(values).to_data(),
                _ => LargeStringArray::from(values).to_data(),
            })
            .boxed(),
        T::Binary | T::LargeBinary => {
            let value = vec(any::<u8>(), 0..9);
            options(value, some, length)
                .prop_map(move |values| match data_type {
                    T::Binary => BinaryArray::from_iter(values).to_data(),
                    _ => LargeBinaryArray::from_iter(values).to_data(),
                })
                .boxed()
        }
        T::List(item) | T::LargeList(item) => {
            let item = item.clone();
            (vec(0..4_i64, length), valid())
                .prop_flat_map(move |(lengths, valid)| {
                    let data_type = data_type.clone();
                    let ends = lengths.iter().scan(0, |end, length| {
                        *end += length;
                        Some(*end)
                    });
                    let offsets: Vec<i64> = std::iter::once(0).chain(ends).collect();
                    let values = array(&item, *offsets.last().unwrap() as usize);
                    values.prop_map(move |values| {
                        let offsets = match data_type {
                            T::List(_) => Buffer::from_iter(offsets.iter().map(|at| *at as i32)),
                            _ => Buffer::from_vec(offsets.clone()),
                        };
                        built(&data_type, &valid, vec![offsets], vec![values])
                    })
                })
                .boxed()
        }
        T::FixedSizeList(item, size) => (array(item, length * *size as usize), valid())
            .prop_map(move |(values, valid)| built(&data_type, &valid, vec![], vec![values]))
            .boxed(),
        T::Struct(parts) => (columns(parts, length), valid())
            .prop_map(move |(parts, valid)| built(&data_type, &valid, vec![], parts))
            .boxed(),
        T::Decimal32(digits, _)
        | T::Decimal64(digits, _)
        | T::Decimal128(digits, _)
        | T::Decimal256(digits, _) => {
            let max = 10_i128.pow((*digits).min(38).into()) - 1;
            let width = data_type.primitive_width().unwrap();
            (vec(-max..=max, length), valid())
                .prop_map(move |(values, valid)| {
                    let bytes: Vec<u8> =
                        values.iter().flat_map(|value| wide(*value, width)).collect();
                    built(&data_type, &valid, vec![Buffer::from(bytes)], vec![])
                })
                .boxed()
        }
        // Any bits are a valid value, including NaN.
        _ => {
            let width = match &data_type {
                T::FixedSizeBinary(width) => *width as usize,
                other => other.primitive_width().unwrap(),
            };
            (vec(any::<u8>(), length * width), valid())
                .prop_map(move |(bytes, valid)| {
                    built(&data_type, &valid, vec![Buffer::from(bytes)], vec![])
                })
                .boxed()
        }
    }
}

/// Generates optional values, of which the share `some` is present.
fn options<T: std::fmt::Debug + Clone>(
    value: impl Strategy<Value = T>,
    some: f64,
    length: usize,
) -> impl Strategy<Value = Vec<Option<T>>> {
    vec((value, proptest::bool::weighted(some)), length).prop_map(|values| {
        values.into_iter().map(|(value, valid)| valid.then_some(value)).collect()
    })
}

/// Encodes a number in `width` bytes.
fn wide(value: i128, width: usize) -> Vec<u8> {
    let sign = if value < 0 { 0xff } else { 0 };
    let mut bytes = value.to_le_bytes().to_vec();
    bytes.resize(width, sign);
    bytes
}

fn built(
    data_type: &DataType,
    valid: &[bool],
    buffers: Vec<Buffer>,
    children: Vec<ArrayData>,
) -> ArrayData {
    let nulls = NullBuffer::new(BooleanBuffer::from(valid));
    ArrayData::builder(data_type.clone())
        .len(valid.len())
        .nulls(Some(nulls).filter(|nulls| nulls.null_count() > 0))
        .buffers(buffers)
        .child_data(children)
        .align_buffers(true)
        .build()
        .unwrap()
}
