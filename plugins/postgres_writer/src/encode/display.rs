//! Values as text, for columns of text and for messages.

use osiris_sdk::Column;

use super::integer;

/// A value as PostgreSQL writes it; that of decimals at that scale.
pub(crate) fn display(column: &Column, row: usize, scale: i8) -> String {
    if column.is_null(row) {
        return "NULL".to_owned();
    }
    if let Some(value) = integer::value(column, row) {
        return value.to_string();
    }
    match column {
        Column::Bool(values) => (values.get(row) == Some(true)).to_string(),
        Column::Utf8(values) => {
            String::from_utf8_lossy(values.get(row).unwrap_or_default()).into_owned()
        }
        Column::Float32(values) => float(values.values()[row].into(), || {
            zmij::Buffer::new().format_finite(values.values()[row]).to_owned()
        }),
        Column::Float64(values) => float(values.values()[row], || {
            zmij::Buffer::new().format_finite(values.values()[row]).to_owned()
        }),
        Column::Decimal128(values) => decimal(values.values()[row], scale),
        Column::Date32(values) | Column::Time32(values) => values.values()[row].to_string(),
        Column::Time64(values) | Column::Timestamp(values) => values.values()[row].to_string(),
        _ => "a value".to_owned(),
    }
}

/// A float with the names that PostgreSQL has for those that are no numbers.
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
