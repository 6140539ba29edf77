//! Integers of any width, to those of any other.

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
    let flag = match column {
        Column::Bool(values) => values.get(row).map(i128::from),
        _ => None,
    };
    let value = flag.or_else(|| value(column, row)).and_then(|value| T::try_from(value).ok());
    value.ok_or_else(|| out_of_range(native))
}

/// A value of the most common type as one of a narrower type.
#[inline]
pub(super) fn fit<T: TryFrom<i64>>(value: i64, native: &str) -> Result<T, Misfit> {
    T::try_from(value).map_err(|_| out_of_range(native))
}

#[cold]
fn out_of_range(native: &str) -> Misfit {
    Misfit::new(format!("is out of the range of {native}"))
}
