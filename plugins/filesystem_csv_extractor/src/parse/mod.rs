//! Reads the text of one value.
//!
//! Each function takes a value without spaces around it and gives none when it
//! is not one; the caller knows the file and the line.

mod decimal;
pub(crate) mod float;
mod format;
mod integer;
mod moment;
mod notation;
pub(crate) mod short;

pub(crate) use decimal::decimal;
pub(crate) use format::Format;
pub(crate) use integer::{canonical, i64_of, u64_of};
pub(crate) use moment::{Moment, date, moment, time};
pub(crate) use notation::Notation;

/// The number nearest to a text like `-1.5e3`, `inf` or `nan`.
#[inline]
pub(crate) fn f64_of(text: &[u8]) -> Option<f64> {
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

/// The words of a column that is declared to be one of true and false.
#[derive(Debug, Default)]
pub(crate) struct Bools {
    yes: Vec<String>,
    no: Vec<String>,
}

impl Bools {
    /// The words that the configuration adds.
    pub(crate) fn new(yes: &[String], no: &[String]) -> Self {
        Self { yes: yes.to_vec(), no: no.to_vec() }
    }

    /// One of the words that were added, or of `true`, `t`, `1`, `false`, `f`
    /// and `0`.
    pub(crate) fn of(&self, text: &[u8]) -> Option<bool> {
        let is_one_of = |words: &[String]| words.iter().any(|word| word.as_bytes() == text);
        if is_one_of(&self.yes) {
            return Some(true);
        }
        if is_one_of(&self.no) {
            return Some(false);
        }
        let is = |word: &str| text.eq_ignore_ascii_case(word.as_bytes());
        if is("true") || is("t") || is("1") {
            Some(true)
        } else if is("false") || is("f") || is("0") {
            Some(false)
        } else {
            None
        }
    }
}
