//! Conversion of cells from and to JSON, in the form of
//! [`Table::from_rows`](super::Table::from_rows).

use std::fmt::Write;

use serde_json::{Number, Value};

use crate::{Column, ColumnBuilder, DataType};

/// Adds a cell. Returns `None` if the cell is invalid for the column.
pub(super) fn push(column: &mut ColumnBuilder, data_type: &DataType, cell: &Value) -> Option<()> {
    use ColumnBuilder as B;
    if cell.is_null() {
        column.push_null();
        return Some(());
    }
    match column {
        B::Null(_) => return None,
        B::Bool(column) => column.push(cell.as_bool()?),
        B::Int8(column) => column.push(cell.as_i64()?.try_into().ok()?),
        B::Int16(column) => column.push(cell.as_i64()?.try_into().ok()?),
        B::Int32(column) | B::Date32(column) | B::Time32(column) => {
            column.push(cell.as_i64()?.try_into().ok()?);
        }
        B::Int64(column) | B::Time64(column) | B::Timestamp(column) => {
            column.push(cell.as_i64()?);
        }
        B::UInt8(column) => column.push(cell.as_u64()?.try_into().ok()?),
        B::UInt16(column) => column.push(cell.as_u64()?.try_into().ok()?),
        B::UInt32(column) => column.push(cell.as_u64()?.try_into().ok()?),
        B::UInt64(column) => column.push(cell.as_u64()?),
        B::Float32(column) => column.push(float(cell)? as f32),
        B::Float64(column) => column.push(float(cell)?),
        B::Utf8(column) => column.push_str(cell.as_str()?),
        B::Binary(column) => column.push(&bytes(cell.as_str()?)?),
        B::Decimal128(column) => {
            let DataType::Decimal128(_, scale) = *data_type else { return None };
            column.push(digits(cell.as_str()?, scale)?);
        }
        B::List(column) => {
            for item in cell.as_array()? {
                push(&mut column.values, &data_type.children().first()?.data_type, item)?;
            }
            column.push();
        }
        B::Struct(column) => {
            let cells = cell.as_object()?;
            for (part, field) in column.fields.iter_mut().zip(data_type.children()) {
                push(part, &field.data_type, cells.get(&field.name)?)?;
            }
            column.push();
        }
    }
    Some(())
}

/// Returns the cell of a row.
pub(super) fn get(column: &Column, data_type: &DataType, row: usize) -> Value {
    use Column as C;
    let cell = match column {
        C::Null(_) => None,
        C::Bool(column) => column.get(row).map(Value::from),
        C::Int8(column) => column.get(row).map(Value::from),
        C::Int16(column) => column.get(row).map(Value::from),
        C::Int32(column) | C::Date32(column) | C::Time32(column) => {
            column.get(row).map(Value::from)
        }
        C::Int64(column) | C::Time64(column) | C::Timestamp(column) => {
            column.get(row).map(Value::from)
        }
        C::UInt8(column) => column.get(row).map(Value::from),
        C::UInt16(column) => column.get(row).map(Value::from),
        C::UInt32(column) => column.get(row).map(Value::from),
        C::UInt64(column) => column.get(row).map(Value::from),
        C::Float32(column) => column.get(row).map(|value| from_float(value.into())),
        C::Float64(column) => column.get(row).map(from_float),
        C::Utf8(column) => column.get_str(row).map(Value::from),
        C::Binary(column) => column.get(row).map(|bytes| from_bytes(bytes).into()),
        C::Decimal128(column) => column.get(row).map(|digits| {
            let scale = if let DataType::Decimal128(_, scale) = *data_type { scale } else { 0 };
            from_digits(digits, scale).into()
        }),
        C::List(column) => column.get(row).map(|range| {
            let item = &data_type.children()[0].data_type;
            range.map(|index| get(column.values(), item, index)).collect()
        }),
        C::Struct(column) => (!column.is_null(row)).then(|| {
            let fields = column.fields().iter().zip(data_type.children());
            let cell = |(part, field): (_, &crate::Field)| {
                (field.name.clone(), get(part, &field.data_type, row))
            };
            Value::Object(fields.map(cell).collect())
        }),
    };
    cell.unwrap_or(Value::Null)
}

fn float(cell: &Value) -> Option<f64> {
    match cell.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("inf") => Some(f64::INFINITY),
        Some("-inf") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => cell.as_f64(),
    }
}

fn from_float(value: f64) -> Value {
    match Number::from_f64(value) {
        Some(number) => number.into(),
        None => value.to_string().into(),
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

fn from_bytes(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Parses a decimal: `"1.50"` at scale 2 is 150, `"1500"` at scale -2 is 15.
fn digits(text: &str, scale: i8) -> Option<i128> {
    if scale < 0 {
        let zeros = "0".repeat(scale.unsigned_abs().into());
        return if text == "0" { Some(0) } else { text.strip_suffix(&zeros)?.parse().ok() };
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fits = fraction.len() == usize::from(scale.unsigned_abs());
    fits.then(|| format!("{whole}{fraction}").parse().ok())?
}

fn from_digits(digits: i128, scale: i8) -> String {
    let width = usize::from(scale.unsigned_abs());
    if scale < 0 && digits != 0 {
        return format!("{digits}{}", "0".repeat(width));
    }
    if scale <= 0 {
        return digits.to_string();
    }
    let sign = if digits < 0 { "-" } else { "" };
    let text = format!("{:0>1$}", digits.unsigned_abs(), width + 1);
    let (whole, fraction) = text.split_at(text.len() - width);
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_survive_as_text() {
        for (value, scale, text) in [
            (150, 2, "1.50"),
            (-5, 2, "-0.05"),
            (0, 2, "0.00"),
            (7, 0, "7"),
            (15, -2, "1500"),
            (0, -2, "0"),
            (i128::MIN, 38, "-1.70141183460469231731687303715884105728"),
        ] {
            assert_eq!(from_digits(value, scale), text);
            assert_eq!(digits(text, scale), Some(value));
        }
        assert_eq!(digits("1.5", 2), None);
        assert_eq!(digits("15", -1), None);
    }
}
