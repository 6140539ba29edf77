//! Reads the text of one value.
//!
//! Each function takes a value without spaces around it and gives none when it
//! is not one; the caller knows the file and the line.

mod decimal;
mod integer;
mod moment;
pub(crate) mod short;

pub(crate) use decimal::decimal;
pub(crate) use integer::{canonical, i64_of, u64_of};
pub(crate) use moment::{Moment, date, moment, time};

/// The number nearest to a text like `-1.5e3`, `inf` or `nan`.
#[inline]
pub(crate) fn f64_of(text: &[u8]) -> Option<f64> {
    fast_float2::parse(text).ok()
}

/// The single nearest to it.
pub(crate) fn f32_of(text: &[u8]) -> Option<f32> {
    fast_float2::parse(text).ok()
}

/// `true` or `false`.
#[inline]
pub(crate) fn bool_of(text: &[u8]) -> Option<bool> {
    match text {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}
