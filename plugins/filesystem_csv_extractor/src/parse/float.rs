//! Floats, and whether they hold the number that was written.

use std::fmt::Write as _;

/// The reason that a text cannot become a float.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Inexact {
    /// It is no number.
    NoNumber,
    /// It is larger than any float.
    Large,
    /// It is nearer to zero than any float but zero.
    Small,
    /// The nearest float is this one.
    Rounded(String),
}

/// A type of floats.
pub(crate) trait Float: Copy + PartialEq + Default {
    /// Decimal digits that it always keeps.
    const DIGITS: usize;
    /// The nearest float.
    fn nearest(text: &[u8]) -> Option<Self>;
    /// Returns whether the float is neither zero, nor so small that it has
    /// fewer digits, nor infinite, nor no number.
    fn is_normal(self) -> bool;
    fn is_finite(self) -> bool;
    /// Returns whether this text is the float with the fewest digits.
    fn is_written(self, text: &[u8]) -> bool;
    /// The fewest digits that read back as this float.
    fn shortest(self) -> String;
    /// So many digits, with an exponent.
    fn digits(self, count: usize) -> String;
}

macro_rules! float {
    ($float:ty, $digits:literal) => {
        impl Float for $float {
            const DIGITS: usize = $digits;

            #[inline]
            fn nearest(text: &[u8]) -> Option<Self> {
                fast_float2::parse(text).ok()
            }

            #[inline]
            fn is_normal(self) -> bool {
                <$float>::is_normal(self)
            }

            fn is_finite(self) -> bool {
                <$float>::is_finite(self)
            }

            #[inline]
            fn is_written(self, text: &[u8]) -> bool {
                zmij::Buffer::new().format_finite(self).as_bytes() == text
            }

            fn shortest(self) -> String {
                format!("{self:?}")
            }

            fn digits(self, count: usize) -> String {
                let mut text = String::new();
                // Writing to a text does not fail.
                let _ = write!(text, "{self:.*e}", count - 1);
                text
            }
        }
    };
}

float!(f64, 15);
float!(f32, 6);

/// The float of a text, if it is written with the same digits: as many as the
/// text has, or the fewest that tell it from its neighbours.
#[inline]
pub(crate) fn exact<F: Float>(text: &[u8]) -> Result<F, Inexact> {
    let value = F::nearest(text).ok_or(Inexact::NoNumber)?;
    // Nearly all are short, or written by a program that keeps the digits and no more.
    let kept = text.len() <= F::DIGITS + 2 && significant(text) <= F::DIGITS;
    if value.is_normal() && (kept || value.is_written(text)) {
        return Ok(value);
    }
    checked(text, value, true)
}

/// The float nearest to a text. Infinity for a number, or zero for another, is
/// not near.
#[inline]
pub(crate) fn nearest<F: Float>(text: &[u8]) -> Result<F, Inexact> {
    let value = F::nearest(text).ok_or(Inexact::NoNumber)?;
    if value.is_normal() { Ok(value) } else { checked(text, value, false) }
}

fn checked<F: Float>(text: &[u8], value: F, exact: bool) -> Result<F, Inexact> {
    if !value.is_finite() {
        let number = text.iter().any(u8::is_ascii_digit);
        return if number { Err(Inexact::Large) } else { Ok(value) };
    }
    let written = mantissa(&String::from_utf8_lossy(text));
    if value == F::default() {
        return if written.is_empty() { Ok(value) } else { Err(Inexact::Small) };
    }
    let kept = !exact
        || (written.len() <= F::DIGITS && value.is_normal())
        || mantissa(&value.shortest()) == written
        || mantissa(&value.digits(written.len())) == written;
    if kept { Ok(value) } else { Err(Inexact::Rounded(value.shortest())) }
}

/// Counts the digits of a short number, without zeros in front.
#[inline]
fn significant(text: &[u8]) -> usize {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit());
    digits.skip_while(|byte| **byte == b'0').count()
}

/// The significant digits of a number, without zeros around them.
fn mantissa(text: &str) -> String {
    let digits = text.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn number_that_a_float_would_round_is_rejected() {
        for text in ["9007199254740993", "0.1234567890123456789", "3.14159265358979323846"] {
            let found = exact::<f64>(text.as_bytes());
            assert!(matches!(found, Err(Inexact::Rounded(_))), "{text}: {found:?}");
            assert!(nearest::<f64>(text.as_bytes()).is_ok(), "{text}");
        }
        for text in ["16777217", "3.1415926535", "0.123456789"] {
            let found = exact::<f32>(text.as_bytes());
            assert!(matches!(found, Err(Inexact::Rounded(_))), "{text}: {found:?}");
        }
        for (text, why) in [
            ("1e400", Inexact::Large),
            ("-1e400", Inexact::Large),
            ("1e-400", Inexact::Small),
            ("-0.1e-400", Inexact::Small),
            ("x", Inexact::NoNumber),
        ] {
            assert_eq!(exact::<f64>(text.as_bytes()), Err(why.clone()), "{text}");
            assert_eq!(nearest::<f64>(text.as_bytes()), Err(why), "{text}");
        }
        assert_eq!(nearest::<f32>(b"1.7976931348623157e+308"), Err(Inexact::Large));
        assert_eq!(nearest::<f32>(b"1e-60"), Err(Inexact::Small));
    }

    #[test]
    fn digits_written_by_common_programs_are_accepted() {
        for text in [
            "0",
            "-0.0",
            "0.00",
            "1.10",
            "1e300",
            "5e-324",
            "0.1",
            "0.3333333333333333",
            // 17 and more, as C, R and NumPy write them.
            "0.10000000000000001",
            "-5.871153289887625082e-01",
            "1.7976931348623157e+308",
            "0.1000000000000000055511151231257827021181583404541015625",
            "9007199254740992",
            "nan",
            "inf",
            "-Infinity",
            "1e22",
            "100000000000000000000",
        ] {
            assert!(exact::<f64>(text.as_bytes()).is_ok(), "{text}");
        }
        assert_eq!(exact::<f32>(b"0.1"), Ok(0.1));
        assert_eq!(exact::<f32>(b"16777216"), Ok(16_777_216.0));
    }

    proptest! {
        #[test]
        fn any_float_parses_from_its_digits(bits: u64, more in 17usize..30) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            for text in [format!("{value}"), format!("{value:e}"), value.digits(more)] {
                prop_assert_eq!(exact::<f64>(text.as_bytes()).map(f64::to_bits), Ok(bits));
            }
            let single = value as f32;
            if single.is_finite() && single != 0.0 {
                prop_assert_eq!(exact::<f32>(format!("{single}").as_bytes()), Ok(single));
            }
        }
    }
}
