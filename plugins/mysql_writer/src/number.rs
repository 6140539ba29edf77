//! Numbers as texts, which say more than a float can hold.

/// A decimal number, as its digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number<'a> {
    /// Digits before the point.
    whole: &'a [u8],
    /// Digits after the point.
    fraction: &'a [u8],
    /// The power of ten that multiplies it.
    exponent: i64,
    negative: bool,
}

impl<'a> Number<'a> {
    /// Reads a text like `-12.50` or `1e6`; none if it is anything else, has
    /// zeros in front or spaces around it.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        let (whole, rest) = digits(rest);
        let (fraction, rest) = match rest {
            [b'.', rest @ ..] => digits(rest),
            rest => (&[][..], rest),
        };
        let exponent = match rest {
            [] => 0,
            [b'e' | b'E', exponent @ ..] => {
                let unsigned = exponent.strip_prefix(b"-").or(exponent.strip_prefix(b"+"));
                let (count, end) = digits(unsigned.unwrap_or(exponent));
                // More digits than these are beyond every type.
                if count.is_empty() || count.len() > 9 || !end.is_empty() {
                    return None;
                }
                std::str::from_utf8(exponent).ok()?.parse().ok()?
            }
            _ => return None,
        };
        let is_padded = whole.len() > 1 && whole[0] == b'0';
        if whole.is_empty() && fraction.is_empty() || is_padded {
            return None;
        }
        Some(Self { whole, fraction, exponent, negative })
    }

    /// Returns how many digits after the point it needs.
    pub(crate) fn decimals(&self) -> u64 {
        self.last().map_or(0, |last| u64::try_from(-last).unwrap_or(0))
    }

    /// Returns whether both are the same number.
    pub(crate) fn equals(&self, other: &Number<'_>) -> bool {
        match (self.last(), other.last()) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                a == b
                    && self.negative == other.negative
                    && self.significant().eq(other.significant())
            }
            _ => false,
        }
    }

    /// The digits from the first to the last that is not zero.
    fn significant(&self) -> impl Iterator<Item = u8> {
        let all = || self.whole.iter().chain(self.fraction).copied();
        let end = all().rev().skip_while(|digit| *digit == b'0').count();
        all().take(end).skip_while(|digit| *digit == b'0')
    }

    /// The power of ten of the last digit that is not zero; none for zero.
    fn last(&self) -> Option<i64> {
        let all = self.whole.iter().chain(self.fraction).rev();
        let zeros = all.take_while(|digit| **digit == b'0').count();
        if zeros == self.whole.len() + self.fraction.len() {
            return None;
        }
        Some(zeros as i64 - self.fraction.len() as i64 + self.exponent)
    }
}

/// The digits in front, and the rest.
fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

/// Returns whether a text is an integer as a number is written: no zeros in
/// front, no plus.
pub(crate) fn is_integer(text: &[u8]) -> bool {
    let (digits, rest) = digits(text.strip_prefix(b"-").unwrap_or(text));
    rest.is_empty() && !digits.is_empty() && (digits[0] != b'0' || text == b"0")
}

/// Makes a float of a number if the float's own digits are that number again.
/// `single` asks for one of 32 bits.
pub(crate) fn float(text: &[u8], single: bool) -> Option<f64> {
    let number = Number::parse(text)?;
    let text = std::str::from_utf8(text).ok()?;
    let (value, shortest) = if single {
        let value: f32 = text.parse().ok()?;
        (f64::from(value), format!("{value:e}"))
    } else {
        let value: f64 = text.parse().ok()?;
        (value, format!("{value:e}"))
    };
    Number::parse(shortest.as_bytes())?.equals(&number).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimals(text: &str) -> Option<u64> {
        Number::parse(text.as_bytes()).map(|number| number.decimals())
    }

    #[test]
    fn decimals_are_counted() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1.50", Some(1)),
            ("-1.239", Some(3)),
            ("1500e-2", Some(0)),
            ("1500e-3", Some(1)),
            ("1.25e1", Some(1)),
            ("1e-400", Some(400)),
            ("0.000", Some(0)),
            (".5", Some(1)),
            ("5.", Some(0)),
            ("007", None),
            ("+5", None),
            (" 5", None),
            ("5 ", None),
            ("", None),
            (".", None),
            ("-", None),
            ("1e", None),
            ("1e+-5", None),
            ("0x1F", None),
            ("NaN", None),
        ] {
            assert_eq!(decimals(text), expected, "{text}");
        }
    }

    #[test]
    fn exact_floats_are_recognized() {
        for (text, double, single) in [
            ("0.1", true, true),
            ("16777216", true, true),
            ("16777217", true, false),
            ("16777217.5", true, false),
            ("9007199254740993", false, false),
            ("12345678901234567.89", false, false),
            ("0.30000000000000004", true, false),
            ("-1.50", true, true),
            ("1e-400", false, false),
            ("1e400", false, false),
            ("-0", true, true),
        ] {
            assert_eq!(float(text.as_bytes(), false).is_some(), double, "{text}");
            assert_eq!(float(text.as_bytes(), true).is_some(), single, "{text}");
        }
    }

    #[test]
    fn canonical_integers_are_recognized() {
        for text in ["0", "-1", "12"] {
            assert!(is_integer(text.as_bytes()), "{text}");
        }
        for text in ["", "-", "-0", "007", "+1", "1.0", "1e3", " 1", "1x"] {
            assert!(!is_integer(text.as_bytes()), "{text}");
        }
    }
}
