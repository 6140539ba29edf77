//! Proptest strategies for schemas and matching rows.

use osiris_sdk::{DataType, Field, Schema, TimeUnit};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Number, Value, json};

/// Generates a schema of up to four columns, and up to 39 rows.
pub(crate) fn table() -> impl Strategy<Value = (Schema, Value)> {
    vec((data_type(), any::<bool>()), 1..5).prop_flat_map(|types| {
        let schema = Schema::new(fields(types));
        let row: Vec<_> = schema.fields.iter().map(cell).collect();
        (Just(schema), vec(row, 0..40).prop_map(|rows| json!(rows)))
    })
}

fn fields(types: Vec<(DataType, bool)>) -> Vec<Field> {
    let named = types.into_iter().enumerate().map(|(index, (data_type, nullable))| {
        let nullable = nullable || data_type == DataType::Null;
        Field::new(format!("c{index}"), data_type, nullable)
    });
    named.collect()
}

fn data_type() -> impl Strategy<Value = DataType> {
    use DataType::*;
    let unit = prop_oneof![
        Just(TimeUnit::Second),
        Just(TimeUnit::Millisecond),
        Just(TimeUnit::Microsecond),
        Just(TimeUnit::Nanosecond),
    ];
    let zone = prop_oneof![Just(None), Just(Some("UTC".to_owned())), Just(Some("+01:00".into()))];
    let flat = prop_oneof![
        Just(Null),
        Just(Bool),
        Just(Int8),
        Just(Int16),
        Just(Int32),
        Just(Int64),
        Just(UInt8),
        Just(UInt16),
        Just(UInt32),
        Just(UInt64),
        Just(Float32),
        Just(Float64),
        Just(Utf8),
        Just(Binary),
        Just(Date32),
        Just(Time32(TimeUnit::Second)),
        Just(Time32(TimeUnit::Millisecond)),
        Just(Time64(TimeUnit::Microsecond)),
        Just(Time64(TimeUnit::Nanosecond)),
        (unit, zone).prop_map(|(unit, zone)| Timestamp(unit, zone)),
        (1..=38_u8, -2..=6_i8).prop_map(|(precision, scale)| {
            Decimal128(precision, scale.min(i8::try_from(precision).unwrap_or(i8::MAX)))
        }),
    ];
    flat.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), any::<bool>()).prop_map(|(item, nullable)| {
                let nullable = nullable || item == Null;
                List(Box::new(Field::new("item", item, nullable)))
            }),
            vec((inner, any::<bool>()), 0..3).prop_map(|types| Struct(fields(types))),
        ]
    })
}

/// Generates a cell, sometimes null if the field is nullable.
fn cell(field: &Field) -> BoxedStrategy<Value> {
    let value = value(&field.data_type);
    match field.nullable {
        true => prop_oneof![1 => Just(Value::Null), 3 => value].boxed(),
        false => value,
    }
}

fn value(data_type: &DataType) -> BoxedStrategy<Value> {
    use DataType as T;
    match data_type {
        T::Null => Just(Value::Null).boxed(),
        T::Bool => any::<bool>().prop_map(Value::from).boxed(),
        T::Int8 => any::<i8>().prop_map(Value::from).boxed(),
        T::Int16 => any::<i16>().prop_map(Value::from).boxed(),
        T::Int32 | T::Date32 | T::Time32(_) => any::<i32>().prop_map(Value::from).boxed(),
        T::Int64 | T::Time64(_) | T::Timestamp(..) => any::<i64>().prop_map(Value::from).boxed(),
        T::UInt8 => any::<u8>().prop_map(Value::from).boxed(),
        T::UInt16 => any::<u16>().prop_map(Value::from).boxed(),
        T::UInt32 => any::<u32>().prop_map(Value::from).boxed(),
        T::UInt64 => any::<u64>().prop_map(Value::from).boxed(),
        T::Float32 => any::<f32>().prop_map(|value| float(value.into())).boxed(),
        T::Float64 => any::<f64>().prop_map(float).boxed(),
        T::Utf8 => "\\PC{0,12}".prop_map(Value::from).boxed(),
        T::Binary => "([0-9a-f]{2}){0,12}".prop_map(Value::from).boxed(),
        T::Decimal128(precision, scale) => decimal(*precision, *scale),
        T::List(item) => vec(cell(item), 0..4).prop_map(|items| json!(items)).boxed(),
        T::Struct(parts) => {
            let names: Vec<_> = parts.iter().map(|part| part.name.clone()).collect();
            let cells: Vec<_> = parts.iter().map(cell).collect();
            cells
                .prop_map(move |cells| Value::Object(names.iter().cloned().zip(cells).collect()))
                .boxed()
        }
    }
}

fn float(value: f64) -> Value {
    Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::from)
}

/// Generates decimals with up to `precision` digits, as text.
fn decimal(precision: u8, scale: i8) -> BoxedStrategy<Value> {
    let limit = 10_i128.pow(precision.into());
    let text = move |digits: i128| {
        let width = usize::from(scale.unsigned_abs());
        if scale <= 0 {
            let zeros = if digits == 0 { 0 } else { width };
            return format!("{digits}{}", "0".repeat(zeros));
        }
        let sign = if digits < 0 { "-" } else { "" };
        let mut text = format!("{:0>1$}", digits.unsigned_abs(), width + 1);
        text.insert(text.len() - width, '.');
        format!("{sign}{text}")
    };
    (1 - limit..limit).prop_map(move |digits| text(digits).into()).boxed()
}
