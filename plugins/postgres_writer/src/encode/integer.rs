//! Integers of any width, to numbers of any other.

use osiris_sdk::Column;

use super::Misfit;

/// An integer that is there.
pub(super) fn value(column: &Column, row: usize) -> Option<i128> {
    Some(match column {
        Column::Int8(values) => values.values()[row].into(),
        Column::Int16(values) => values.values()[row].into(),
        Column::Int32(values) => values.values()[row].into(),
        Column::Int64(values) => values.values()[row].into(),
        Column::UInt8(values) => values.values()[row].into(),
        Column::UInt16(values) => values.values()[row].into(),
        Column::UInt32(values) => values.values()[row].into(),
        Column::UInt64(values) => values.values()[row].into(),
        _ => return None,
    })
}

/// An integer of another width.
#[inline]
pub(super) fn narrow<T: TryFrom<i128>>(
    column: &Column,
    row: usize,
    native: &str,
) -> Result<T, Misfit> {
    let value = value(column, row).and_then(|value| T::try_from(value).ok());
    value.ok_or_else(|| Misfit::new(format!("is out of the range of {native}")))
}

/// A double that is the same number.
#[expect(clippy::cast_precision_loss, reason = "the way back finds any loss")]
pub(super) fn float8(column: &Column, row: usize) -> Result<f64, Misfit> {
    if let Column::Float32(values) = column {
        return Ok(values.values()[row].into());
    }
    let exact = value(column, row).filter(|value| *value as f64 as i128 == *value);
    exact
        .map(|value| value as f64)
        .ok_or_else(|| Misfit::new("has more digits than double precision holds"))
}

/// A float that is the same number.
#[expect(clippy::cast_precision_loss, reason = "the way back finds any loss")]
#[expect(clippy::cast_possible_truncation, reason = "the way back finds any loss")]
pub(super) fn float4(column: &Column, row: usize) -> Result<f32, Misfit> {
    let exact = match column {
        Column::Float64(values) => {
            let value = values.values()[row];
            let narrow = value as f32;
            (f64::from(narrow) == value || value.is_nan()).then_some(narrow)
        }
        _ => value(column, row)
            .filter(|value| *value as f32 as i128 == *value)
            .map(|value| value as f32),
    };
    exact.ok_or_else(|| Misfit::new("has more digits than real holds"))
}
