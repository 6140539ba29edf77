//! Floats as text: the fewest digits that read back as the same float, laid
//! out as Python's `repr` does, which most CSV files with floats follow.

/// Metadata key of a float column that says how its whole numbers are written.
/// Without it they are written as `7.0`.
pub const INTEGRAL: &str = "osiris.csv.integral";
/// The value of [`INTEGRAL`] for `7`.
pub const BARE: &str = "bare";

/// The notation of a float that is a whole number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Integral {
    /// `7.0`.
    #[default]
    Dotted,
    /// `7`.
    Bare,
}

/// Turns floats into text, without an allocation each.
pub struct FloatText {
    digits: zmij::Buffer,
    rewritten: String,
}

impl Default for FloatText {
    fn default() -> Self {
        Self { digits: zmij::Buffer::new(), rewritten: String::with_capacity(32) }
    }
}

impl FloatText {
    /// The text of a double: `0.1`, `7.0` (or `7`), `1e-07`, `1e+16`, `nan`,
    /// `inf`.
    pub fn f64(&mut self, value: f64, integral: Integral) -> &str {
        if let Some(text) = special(value) {
            return text;
        }
        // Outside of this range repr uses an exponent; only there does the text need a rewrite.
        let size = value.abs();
        let plain = value == 0.0 || (1e-4..1e16).contains(&size);
        let text = self.digits.format_finite(value);
        if plain { fit(text, integral) } else { scientific(text, &mut self.rewritten) }
    }

    /// The text of a single, with as few digits as a single needs and an
    /// exponent from where these are no longer exact.
    pub fn f32(&mut self, value: f32, integral: Integral) -> &str {
        if let Some(text) = special(f64::from(value)) {
            return text;
        }
        let size = f64::from(value.abs());
        let plain = value == 0.0 || (1e-4..1e16).contains(&size);
        let text = self.digits.format_finite(value);
        if plain && !text.contains('e') {
            fit(text, integral)
        } else {
            scientific(text, &mut self.rewritten)
        }
    }
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_finite() {
        None
    } else if value.is_nan() {
        Some("nan")
    } else if value > 0.0 {
        Some("inf")
    } else {
        Some("-inf")
    }
}

fn fit(text: &str, integral: Integral) -> &str {
    match integral {
        Integral::Dotted => text,
        Integral::Bare => text.strip_suffix(".0").unwrap_or(text),
    }
}

/// Writes any decimal text as `d[.ddd]e±dd`.
fn scientific<'a>(text: &str, out: &'a mut String) -> &'a str {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let significant = digits.trim_matches('0');
    let exponent = exponent + whole.len() as i32 - 1 - leading as i32;
    out.clear();
    out.push_str(sign);
    let (first, rest) = significant.split_at(significant.len().min(1));
    out.push_str(first);
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    out.push_str(if exponent < 0 { "e-" } else { "e+" });
    if exponent.unsigned_abs() < 10 {
        out.push('0');
    }
    out.push_str(&exponent.unsigned_abs().to_string());
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: f64) -> String {
        FloatText::default().f64(value, Integral::Dotted).to_owned()
    }

    #[test]
    fn floats_are_formatted_like_python() {
        for (value, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (7.0, "7.0"),
            (0.1, "0.1"),
            (1.0 / 3.0, "0.3333333333333333"),
            (1e-4, "0.0001"),
            (1e-5, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (-1e-7, "-1e-07"),
            (9_999_999_999_999_998.0, "9999999999999998.0"),
            (1e16, "1e+16"),
            (12_345_678_901_234_567_890.0, "1.2345678901234567e+19"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
            (f64::NAN, "nan"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    #[test]
    fn whole_floats_are_formatted_bare_or_dotted() {
        let mut floats = FloatText::default();
        assert_eq!(floats.f64(7.0, Integral::Bare), "7");
        assert_eq!(floats.f64(7.5, Integral::Bare), "7.5");
        assert_eq!(floats.f32(7.0, Integral::Bare), "7");
        assert_eq!(floats.f32(0.1, Integral::Dotted), "0.1");
        assert_eq!(floats.f32(1e-5, Integral::Dotted), "1e-05");
        assert_eq!(floats.f32(1e15, Integral::Dotted), "1e+15");
    }

    proptest! {
        #[test]
        fn any_f64_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(text(value).parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
        }

        #[test]
        fn any_f32_reads_back(bits: u32) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = FloatText::default().f32(value, Integral::Bare).to_owned();
            prop_assert_eq!(text.parse::<f32>().map(f32::to_bits), Ok(value.to_bits()));
        }
    }
}
