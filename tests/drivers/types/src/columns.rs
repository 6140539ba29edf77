//! A column of every type in the contract, with its most awkward values.

use std::sync::Arc;

use arrow_array::builder::{FixedSizeBinaryBuilder, FixedSizeListBuilder, Int8Builder};
use arrow_array::types::{Float16Type, Int32Type};
use arrow_array::*;
use arrow_buffer::{IntervalDayTime, IntervalMonthDayNano, NullBuffer, OffsetBuffer, i256};
use arrow_schema::{DataType, Fields};

use crate::bindings::osiris::driver::arrow::Field;

/// Rows of each column.
const ROWS: usize = 5;

/// A column: its array, and its fields as the contract defines them.
pub(crate) struct Column {
    pub(crate) fields: Vec<Field>,
    pub(crate) array: ArrayRef,
}

/// Returns all columns. The `extreme` dates and times exceed the range of most libraries.
pub(crate) fn columns(extreme: bool) -> Vec<Column> {
    let mut columns = numbers();
    columns.extend(texts());
    columns.extend(moments(extreme));
    columns.extend(nested());
    for (index, column) in columns.iter_mut().enumerate() {
        column.fields[0].name = format!("c{index} {}", column.fields[0].format);
        assert_eq!(column.array.len(), ROWS, "{}", column.fields[0].name);
    }
    // One column has metadata, and one has no nulls.
    columns[5].fields[0].metadata = vec![("a".into(), "1".into()), ("unit".into(), "kg".into())];
    let ids = Int64Array::from_iter_values(0..ROWS as i64);
    columns.push(Column {
        fields: vec![Field { nullable: false, ..field("id", "l", 0) }],
        array: Arc::new(ids),
    });
    columns
}

fn field(name: &str, format: &str, children: u32) -> Field {
    Field {
        name: name.into(),
        format: format.into(),
        nullable: true,
        metadata: Vec::new(),
        children,
    }
}

fn leaf(format: &str, array: impl Array + 'static) -> Column {
    Column { fields: vec![field("", format, 0)], array: Arc::new(array) }
}

fn numbers() -> Vec<Column> {
    macro_rules! integers {
        ($format:literal, $array:ident, $number:ident) => {
            leaf(
                $format,
                $array::from(vec![Some($number::MIN), None, Some(0), Some(1), Some($number::MAX)]),
            )
        };
    }
    let halves = [1.5, -0.0, 65504.0, f32::INFINITY].map(|value| Some(half(value)));
    vec![
        leaf("n", NullArray::new(ROWS)),
        leaf("b", BooleanArray::from(vec![Some(true), None, Some(false), Some(true), None])),
        integers!("c", Int8Array, i8),
        integers!("s", Int16Array, i16),
        integers!("i", Int32Array, i32),
        integers!("l", Int64Array, i64),
        integers!("C", UInt8Array, u8),
        integers!("S", UInt16Array, u16),
        integers!("I", UInt32Array, u32),
        integers!("L", UInt64Array, u64),
        leaf("e", halves.into_iter().chain([None]).collect::<PrimitiveArray<Float16Type>>()),
        leaf(
            "f",
            Float32Array::from(vec![
                Some(f32::MIN),
                None,
                Some(-0.0),
                Some(f32::NAN),
                Some(f32::INFINITY),
            ]),
        ),
        leaf(
            "g",
            Float64Array::from(vec![Some(0.1), None, Some(-0.0), Some(f64::NAN), Some(5e-324)]),
        ),
        leaf(
            "d:10,2",
            decimal(vec![Some(150), None, Some(-9_999_999_999), Some(0), Some(1)], 10, 2),
        ),
        leaf(
            "d:38,0",
            decimal(
                vec![Some(10_i128.pow(38) - 1), Some(1 - 10_i128.pow(38)), None, Some(1), None],
                38,
                0,
            ),
        ),
        leaf("d:5,-3", decimal(vec![Some(12), None, Some(-99_999), Some(0), None], 5, -3)),
        leaf(
            "d:9,9,32",
            Decimal32Array::from(vec![Some(123_456_789), None, Some(-1), Some(0), None])
                .with_precision_and_scale(9, 9)
                .unwrap(),
        ),
        leaf(
            "d:18,4,64",
            Decimal64Array::from(vec![
                Some(123_456_789_012_345_678),
                None,
                Some(-1),
                Some(0),
                None,
            ])
            .with_precision_and_scale(18, 4)
            .unwrap(),
        ),
        leaf(
            "d:76,30,256",
            Decimal256Array::from(vec![
                i256::from_string(&"7".repeat(76)),
                None,
                Some(i256::MINUS_ONE),
                Some(i256::ZERO),
                None,
            ])
            .with_precision_and_scale(76, 30)
            .unwrap(),
        ),
    ]
}

fn half(value: f32) -> <Float16Type as ArrowPrimitiveType>::Native {
    <Float16Type as ArrowPrimitiveType>::Native::from_f32(value)
}

fn decimal(values: Vec<Option<i128>>, precision: u8, scale: i8) -> Decimal128Array {
    Decimal128Array::from(values).with_precision_and_scale(precision, scale).unwrap()
}

fn texts() -> Vec<Column> {
    let words = vec![Some("001"), None, Some(""), Some("naïve 🦀"), Some("a\0b")];
    let bytes: Vec<Option<&[u8]>> = vec![Some(b"\0\xff"), None, Some(b""), Some(b"abc"), None];
    let mut fixed = FixedSizeBinaryBuilder::new(3);
    for value in [Some(b"abc"), None, Some(b"\0\0\xff"), None, Some(b"xyz")] {
        match value {
            Some(value) => fixed.append_value(value).unwrap(),
            None => fixed.append_null(),
        }
    }
    vec![
        leaf("u", StringArray::from(words.clone())),
        leaf("U", LargeStringArray::from(words)),
        leaf("z", BinaryArray::from(bytes.clone())),
        leaf("Z", LargeBinaryArray::from(bytes)),
        leaf("w:3", fixed.finish()),
    ]
}

fn moments(extreme: bool) -> Vec<Column> {
    macro_rules! moments {
        ($format:literal, $array:ident, $number:ident, $low:expr, $high:expr) => {{
            let (low, high) = if extreme { ($number::MIN, $number::MAX) } else { ($low, $high) };
            $array::from(vec![Some(low), None, Some(0), Some($high), Some(high)])
        }};
    }
    // From the year 1 to 9999 in days, and in seconds.
    let (first, last) = (-719_162, 2_932_896);
    let (early, late) = (-62_135_596_800, 253_402_300_799);
    let day = 86_400;
    vec![
        leaf("tdD", moments!("tdD", Date32Array, i32, first, last)),
        leaf(
            "tdm",
            moments!("tdm", Date64Array, i64, first as i64 * 86_400_000, last as i64 * 86_400_000),
        ),
        leaf("tts", moments!("tts", Time32SecondArray, i32, 1, day - 1)),
        leaf("ttm", moments!("ttm", Time32MillisecondArray, i32, 1, day * 1000 - 1)),
        leaf("ttu", moments!("ttu", Time64MicrosecondArray, i64, 1, day as i64 * 1_000_000 - 1)),
        leaf("ttn", moments!("ttn", Time64NanosecondArray, i64, 1, day as i64 * 1_000_000_000 - 1)),
        leaf("tss:", moments!("tss", TimestampSecondArray, i64, early, late)),
        leaf(
            "tsm:",
            moments!("tsm", TimestampMillisecondArray, i64, early * 1000 + 1, late * 1000),
        ),
        leaf(
            "tsu:UTC",
            moments!(
                "tsu",
                TimestampMicrosecondArray,
                i64,
                early * 1_000_000 + 1,
                late * 1_000_000
            )
            .with_timezone("UTC"),
        ),
        leaf(
            "tsn:Europe/Prague",
            moments!("tsn", TimestampNanosecondArray, i64, -1, 1_711_846_800_000_000_001)
                .with_timezone("Europe/Prague"),
        ),
        leaf(
            "tss:+01:00",
            moments!("tss", TimestampSecondArray, i64, early, late).with_timezone("+01:00"),
        ),
        leaf("tDs", moments!("tDs", DurationSecondArray, i64, -1, 86_400 * 999_999_999)),
        leaf("tDm", moments!("tDm", DurationMillisecondArray, i64, -1, 1)),
        leaf("tDu", moments!("tDu", DurationMicrosecondArray, i64, -1, 1)),
        leaf("tDn", moments!("tDn", DurationNanosecondArray, i64, i64::MIN, i64::MAX)),
        leaf("tiM", moments!("tiM", IntervalYearMonthArray, i32, i32::MIN, i32::MAX)),
        leaf(
            "tiD",
            IntervalDayTimeArray::from(vec![
                Some(IntervalDayTime::new(-1, i32::MAX)),
                None,
                Some(IntervalDayTime::new(i32::MIN, 0)),
                Some(IntervalDayTime::new(0, 0)),
                None,
            ]),
        ),
        leaf(
            "tin",
            IntervalMonthDayNanoArray::from(vec![
                Some(IntervalMonthDayNano::new(i32::MIN, i32::MAX, i64::MIN)),
                None,
                Some(IntervalMonthDayNano::new(1, -2, i64::MAX)),
                Some(IntervalMonthDayNano::new(0, 0, 0)),
                None,
            ]),
        ),
    ]
}

fn nested() -> Vec<Column> {
    let item = |data_type| Arc::new(arrow_schema::Field::new("item", data_type, true));
    let nulls = || Some(NullBuffer::from(vec![true, false, true, true, false]));
    let lists = vec![Some(vec![Some(1), None]), None, Some(vec![]), Some(vec![Some(3)]), None];
    let large = ListArray::from_iter_primitive::<Int32Type, _, _>(lists.clone());
    let words = Arc::new(StringArray::from(vec![Some("á"), None, Some("")])) as ArrayRef;
    let inner = LargeListArray::new(
        item(DataType::Utf8),
        OffsetBuffer::from_lengths([2, 0, 1]),
        words,
        None,
    );
    let outer = ListArray::new(
        item(inner.data_type().clone()),
        OffsetBuffer::from_lengths([1, 0, 0, 2, 0]),
        Arc::new(inner),
        nulls(),
    );
    let mut pairs = FixedSizeListBuilder::new(Int8Builder::new(), 2);
    for row in 0..ROWS {
        pairs.values().append_value(row as i8);
        pairs.values().append_null();
        pairs.append(row != 1);
    }
    let parts: Fields = vec![
        arrow_schema::Field::new("a", DataType::Int64, true),
        arrow_schema::Field::new("b", large.data_type().clone(), true),
    ]
    .into();
    let numbers = Int64Array::from(vec![Some(1), None, None, Some(i64::MAX), None]);
    let whole =
        StructArray::new(parts, vec![Arc::new(numbers.clone()), Arc::new(large.clone())], nulls());
    let alike: Fields = vec![
        arrow_schema::Field::new("x", DataType::Int64, true),
        arrow_schema::Field::new("x", DataType::Int64, true),
    ]
    .into();
    let alike = StructArray::new(alike, vec![Arc::new(numbers.clone()), Arc::new(numbers)], None);
    let tree = |fields: Vec<Field>, array: ArrayRef| Column { fields, array };
    vec![
        tree(vec![field("", "+l", 1), field("item", "i", 0)], Arc::new(large)),
        tree(
            vec![field("", "+l", 1), field("item", "+L", 1), field("item", "u", 0)],
            Arc::new(outer),
        ),
        tree(vec![field("", "+w:2", 1), field("item", "c", 0)], Arc::new(pairs.finish())),
        tree(
            vec![
                field("", "+s", 2),
                field("a", "l", 0),
                field("b", "+l", 1),
                field("item", "i", 0),
            ],
            Arc::new(whole),
        ),
        tree(vec![field("", "+s", 2), field("x", "l", 0), field("x", "l", 0)], Arc::new(alike)),
        tree(vec![field("", "+s", 0)], Arc::new(StructArray::new_empty_fields(ROWS, nulls()))),
    ]
}
