//! Values as text, for columns of text and for messages.

use osiris_sdk::{Column, DataType};

use super::{calendar, integer};

/// Returns a value of that type as PostgreSQL writes it.
#[inline(never)]
pub(crate) fn display(column: &Column, row: usize, data_type: &DataType) -> String {
    if column.is_null(row) {
        return "NULL".to_owned();
    }
    if let Some(value) = integer::value(column, row) {
        return value.to_string();
    }
    match (column, data_type) {
        (Column::Bool(values), _) => (values.get(row) == Some(true)).to_string(),
        (Column::Utf8(values), _) => {
            String::from_utf8_lossy(values.get(row).unwrap_or_default()).into_owned()
        }
        (Column::Binary(values), _) => {
            let bytes = values.get(row).unwrap_or_default();
            bytes.iter().fold("\\x".to_owned(), |text, byte| format!("{text}{byte:02x}"))
        }
        (Column::Float32(values), _) => float(values.values()[row].into(), || {
            zmij::Buffer::new().format_finite(values.values()[row]).to_owned()
        }),
        (Column::Float64(values), _) => float(values.values()[row], || {
            zmij::Buffer::new().format_finite(values.values()[row]).to_owned()
        }),
        (Column::Decimal128(values), DataType::Decimal128(_, scale)) => {
            decimal(values.values()[row], *scale)
        }
        (Column::Date32(values), _) => calendar::date(values.values()[row].into()),
        (Column::Time32(values), DataType::Time32(unit)) => {
            calendar::time(values.values()[row].into(), *unit)
        }
        (Column::Time64(values), DataType::Time64(unit)) => {
            calendar::time(values.values()[row], *unit)
        }
        (Column::Timestamp(values), DataType::Timestamp(unit, zone)) => {
            let zone = if zone.is_some() { "+00" } else { "" };
            calendar::timestamp(values.values()[row], *unit, zone)
        }
        (Column::List(lists), DataType::List(item)) => {
            let range = lists.get(row).unwrap_or_default();
            let items = range.map(|index| display(lists.values(), index, &item.data_type));
            format!("{{{}}}", items.collect::<Vec<_>>().join(","))
        }
        _ => "a value".to_owned(),
    }
}

/// Returns a float, with the names that PostgreSQL has for those that are no numbers.
fn float(value: f64, finite: impl FnOnce() -> String) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        let text = finite();
        text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
    }
}

fn decimal(value: i128, scale: i8) -> String {
    let width = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        return if value == 0 { "0".to_owned() } else { format!("{value}{}", "0".repeat(width)) };
    }
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>1$}", value.unsigned_abs(), width + 1);
    let (whole, fraction) = digits.split_at(digits.len() - width);
    format!("{sign}{whole}.{fraction}")
}
