//! Columns of numbers.

use csv_common::{BARE, FloatText, INTEGRAL, Integral};
use osiris_sdk::{DataType, Field};

use crate::parse::{self, short};

/// Decimal digits that a double always keeps.
const EXACT_DIGITS: usize = 15;
/// Decimal digits that 128 bits hold.
const MAX_DIGITS: usize = 38;

/// The notation of the numbers of a column so far.
#[derive(Debug, Clone)]
pub(super) struct Number {
    /// There are numbers like `7`.
    whole: bool,
    /// There are numbers like `7.0` or `7.5`.
    pointed: bool,
    /// There are whole numbers like `7.0`.
    dotted: bool,
    /// There are numbers that only a float can be: `1e-07`, `inf`.
    float_only: bool,
    negative: bool,
    fits_i64: bool,
    fits_u64: bool,
    /// Each would be written from a float as it stands there.
    fits_f64: bool,
    whole_digits: usize,
    scale: usize,
    same_scale: bool,
}

impl Default for Number {
    fn default() -> Self {
        Self {
            whole: false,
            pointed: false,
            dotted: false,
            float_only: false,
            negative: false,
            fits_i64: true,
            fits_u64: true,
            fits_f64: true,
            whole_digits: 0,
            scale: 0,
            same_scale: true,
        }
    }
}

/// A number like `-12.50`, taken apart.
struct Plain<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: Option<&'a [u8]>,
}

impl Number {
    /// Does what [`observe`](Self::observe) does if the number is a short one
    /// of the usual kind. False if it is not; then nothing has been done.
    #[inline(always)]
    pub(super) fn observe_short(&mut self, window: &[u8; short::WIDTH], len: usize) -> bool {
        if len == 0 || len > EXACT_DIGITS || (window[0] == b'0' && len > 1) {
            return false;
        }
        let others = short::others(window, len);
        let point = others.trailing_zeros() as usize;
        if others == 0 {
            self.whole = true;
            self.whole_digits = self.whole_digits.max(len);
            return true;
        }
        if !others.is_power_of_two() || window[point] != b'.' || point == 0 || point + 1 == len {
            return false;
        }
        let scale = len - point - 1;
        let zero = window[len - 1] == b'0';
        self.whole_digits = self.whole_digits.max(point);
        self.same_scale &= !self.pointed || self.scale == scale;
        self.scale = self.scale.max(scale);
        self.pointed = true;
        self.dotted |= zero && scale == 1;
        self.fits_f64 &= !zero || scale == 1;
        true
    }

    /// Looks at a value, and returns whether the column can still be one of
    /// numbers.
    #[inline]
    pub(super) fn observe(&mut self, text: &[u8]) -> bool {
        let Some(plain) = plain(text) else { return self.observe_float(text) };
        self.negative |= plain.negative;
        self.whole_digits = self.whole_digits.max(plain.whole.len());
        match plain.fraction {
            None => self.observe_whole(&plain, text),
            Some(fraction) => self.observe_pointed(&plain, fraction, text),
        }
        true
    }

    #[inline(always)]
    fn observe_whole(&mut self, plain: &Plain<'_>, text: &[u8]) {
        self.whole = true;
        if plain.whole.len() > EXACT_DIGITS {
            self.fits_f64 = false;
            self.fits_i64 = self.fits_i64 && parse::i64_of(text).is_some();
            self.fits_u64 = self.fits_u64 && parse::u64_of(text).is_some();
        }
    }

    #[inline(always)]
    fn observe_pointed(&mut self, plain: &Plain<'_>, fraction: &[u8], text: &[u8]) {
        self.same_scale &= !self.pointed || self.scale == fraction.len();
        self.scale = self.scale.max(fraction.len());
        self.pointed = true;
        self.dotted |= fraction == b"0";
        self.fits_f64 = self.fits_f64
            && (fraction == b"0" || fraction.last() != Some(&b'0'))
            // Below 0.0001 a float is written with an exponent.
            && !(plain.whole == b"0" && fraction.starts_with(b"0000"))
            && (plain.whole.len() + fraction.len() <= EXACT_DIGITS || survives(text));
    }

    /// Anything that is not digits and a point.
    #[cold]
    fn observe_float(&mut self, text: &[u8]) -> bool {
        self.float_only = true;
        self.dotted |= text.ends_with(b".0");
        survives(text)
    }

    /// The column.
    pub(super) fn field(self, name: String) -> Field {
        let mut field = Field::new(name, self.data_type(), true);
        if field.data_type == DataType::Float64 && self.whole {
            field.metadata.push((INTEGRAL.to_owned(), BARE.to_owned()));
        }
        field
    }

    /// Returns the reason for a column of numbers that is text.
    pub(super) fn reason(&self) -> Option<String> {
        let reason = match (self.data_type(), self.whole && self.dotted) {
            (DataType::Utf8, true) => "whole numbers are written both like `7` and like `7.0`",
            (DataType::Utf8, false) => "no type would write all of its numbers back as they are",
            _ => return None,
        };
        Some(reason.to_owned())
    }

    fn data_type(&self) -> DataType {
        if !self.pointed && !self.float_only {
            return self.integer();
        }
        let mixed = self.whole && self.dotted;
        if self.fits_f64 && !mixed && (self.whole || self.pointed) {
            return DataType::Float64;
        }
        let digits = self.whole_digits + self.scale;
        if self.same_scale && !self.whole && !self.float_only && digits <= MAX_DIGITS {
            // Two sizes only, so that a few more digits tomorrow do not change the table.
            let precision = if digits <= 18 { 18 } else { MAX_DIGITS as u8 };
            return DataType::Decimal128(precision, self.scale as i8);
        }
        DataType::Utf8
    }

    fn integer(&self) -> DataType {
        if self.fits_i64 {
            DataType::Int64
        } else if self.fits_u64 && !self.negative {
            DataType::UInt64
        } else if self.whole_digits <= MAX_DIGITS {
            DataType::Decimal128(MAX_DIGITS as u8, 0)
        } else {
            DataType::Utf8
        }
    }
}

/// Returns whether the nearest float is written as this very text.
fn survives(text: &[u8]) -> bool {
    let written = |value| FloatText::default().f64(value, Integral::Dotted).as_bytes() == text;
    parse::f64_of(text).is_some_and(written)
}

/// Takes a number apart that has no needless zeros in front and no sign but a
/// minus.
#[inline]
fn plain(text: &[u8]) -> Option<Plain<'_>> {
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (whole, rest) = rest.split_at(digits);
    let fraction = match rest {
        [] => None,
        [b'.', fraction @ ..] if !fraction.is_empty() => {
            if !fraction.iter().all(u8::is_ascii_digit) {
                return None;
            }
            Some(fraction)
        }
        _ => return None,
    };
    let padded = whole.first() == Some(&b'0') && whole.len() > 1;
    // Of negative zeros only a float's `-0.0` is left to `survives`.
    let negative_zero = negative && rest_is_zero(whole, fraction);
    if whole.is_empty() || padded || negative_zero {
        return None;
    }
    Some(Plain { negative, whole, fraction })
}

fn rest_is_zero(whole: &[u8], fraction: Option<&[u8]>) -> bool {
    whole == b"0" && fraction.unwrap_or_default().iter().all(|byte| *byte == b'0')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(values: &[&str]) -> Option<Field> {
        let mut number = Number::default();
        let numbers = values.iter().all(|value| number.observe(value.as_bytes()));
        numbers.then(|| number.field("n".to_owned()))
    }

    fn data_type(values: &[&str]) -> DataType {
        field(values).map_or(DataType::Utf8, |field| field.data_type)
    }

    proptest! {
        #[test]
        fn short_and_long_inference_agree(texts in prop::collection::vec("[0-9]{0,4}[.x-]?[0-9]{0,4}", 1..4)) {
            let (mut short, mut long) = (Number::default(), Number::default());
            for text in &texts {
                let mut window = [b','; short::WIDTH];
                window[..text.len()].copy_from_slice(text.as_bytes());
                if short.observe_short(&window, text.len()) {
                    prop_assert!(long.observe(text.as_bytes()));
                }
            }
            prop_assert_eq!(format!("{short:?}"), format!("{long:?}"));
        }
    }

    #[test]
    fn integers_of_every_size_are_inferred() {
        assert_eq!(data_type(&["1", "-9223372036854775808"]), DataType::Int64);
        assert_eq!(data_type(&["0", "9223372036854775808"]), DataType::UInt64);
        assert_eq!(data_type(&["-1", "9223372036854775808"]), DataType::Decimal128(38, 0));
        assert_eq!(data_type(&["18446744073709551616"]), DataType::Decimal128(38, 0));
        assert_eq!(data_type(&["9".repeat(39).as_str()]), DataType::Utf8);
    }

    #[test]
    fn floats_are_inferred_only_if_the_text_survives() {
        assert_eq!(data_type(&["8.5", "7.0", "9.25"]), DataType::Float64);
        assert_eq!(data_type(&["1e-07", "1e+16", "0.5", "-inf"]), DataType::Float64);
        assert_eq!(data_type(&["0.3333333333333333"]), DataType::Float64);
        assert_eq!(data_type(&["-0.0", "1.5"]), DataType::Float64);
        assert_eq!(data_type(&["0.0001"]), DataType::Float64);
        assert_eq!(data_type(&["0.00001"]), DataType::Decimal128(18, 5));
        assert_eq!(data_type(&["1e5"]), DataType::Utf8);
        assert_eq!(data_type(&["nan"]), DataType::Utf8);
    }

    #[test]
    fn float_column_keeps_bare_whole_numbers() {
        let bare = field(&["8.5", "7"]).expect("a column of numbers");
        assert_eq!(bare.data_type, DataType::Float64);
        assert_eq!(bare.metadata, [(INTEGRAL.to_owned(), BARE.to_owned())]);
        assert!(field(&["8.5", "7.0"]).is_some_and(|field| field.metadata.is_empty()));
        assert_eq!(data_type(&["8.5", "7", "7.0"]), DataType::Utf8);
    }

    #[test]
    fn decimals_of_one_scale_are_inferred() {
        assert_eq!(data_type(&["1.50", "2.25", "-10.00"]), DataType::Decimal128(18, 2));
        assert_eq!(data_type(&["0.1234567890123456789"]), DataType::Decimal128(38, 19));
        assert_eq!(data_type(&["1.50", "2.2"]), DataType::Utf8);
        assert_eq!(data_type(&["1.50", "2"]), DataType::Utf8);
    }

    #[test]
    fn non_numbers_are_inferred_as_text() {
        for text in
            ["", "-", "007", "-0", "+1", ".5", "5.", "1.2.3", " 1", "0x10", "1_000", "-0.00"]
        {
            assert_eq!(data_type(&[text]), DataType::Utf8, "{text}");
        }
    }
}
