//! Lists and structs as JSON, which is all that fits a CSV field.

use osiris_sdk::{Column, DataType, Field};
use serde_json::{Map, Number, Value};

use crate::buffer::Buffer;
use crate::cells::{Cells, Scratch};

/// One value as JSON. What JSON has no type for is text as in a CSV field:
/// dates, times, decimals, bytes, and floats that are no numbers.
pub(crate) fn value(column: &Column, data_type: &DataType, row: usize) -> Value {
    if column.is_null(row) {
        return Value::Null;
    }
    match (column, data_type) {
        (Column::List(lists), DataType::List(item)) => {
            let rows = lists.get(row).unwrap_or_default();
            rows.map(|row| value(lists.values(), &item.data_type, row)).collect()
        }
        (Column::Struct(parts), DataType::Struct(fields)) => {
            let part = |(column, field): (&Column, &Field)| {
                (field.name.clone(), value(column, &field.data_type, row))
            };
            Value::Object(parts.fields().iter().zip(fields).map(part).collect::<Map<_, _>>())
        }
        (Column::Bool(values), _) => values.get(row).into(),
        (Column::Float32(values), _) => float(f64::from(values.values()[row]), column, row),
        (Column::Float64(values), _) => float(values.values()[row], column, row),
        (Column::UInt64(values), _) => values.get(row).into(),
        _ => scalar(column, data_type, row),
    }
}

fn float(number: f64, column: &Column, row: usize) -> Value {
    match Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None => scalar(column, &DataType::Float64, row),
    }
}

fn scalar(column: &Column, data_type: &DataType, row: usize) -> Value {
    let field = Field::new("", data_type.clone(), true);
    let cells = Cells::new(column, &field);
    if let Cells::Int(values) = &cells {
        return values[row].into();
    }
    let mut text = Buffer::new(64);
    cells.write(row, &mut Scratch::default(), &mut text);
    Value::String(String::from_utf8_lossy(text.as_bytes()).into_owned())
}
