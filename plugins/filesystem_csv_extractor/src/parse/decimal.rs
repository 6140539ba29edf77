//! Decimals, exact to the last digit.

/// The digits of a plain decimal like `-12.5` at a scale, so 1250 for scale 2.
/// None if it is no plain decimal, has more decimals than the scale holds
/// (zeros aside), or more digits than the precision.
#[inline]
pub(crate) fn decimal(text: &[u8], precision: u8, scale: u8) -> Option<i128> {
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (mut small, mut digits, mut decimals, mut dot) = (0u64, 0usize, 0usize, false);
    // 18 digits fit 64 bits, which holds for nearly all.
    if rest.len() + usize::from(scale) > 18 {
        return long(negative, rest, precision, scale);
    }
    for byte in rest {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            small = small * 10 + u64::from(digit);
            digits += 1;
            decimals += usize::from(dot);
        } else if *byte == b'.' && !dot {
            dot = true;
        } else {
            return None;
        }
    }
    let scale = usize::from(scale);
    if digits == 0 {
        return None;
    }
    while decimals > scale {
        if !small.is_multiple_of(10) {
            return None;
        }
        small /= 10;
        decimals -= 1;
    }
    small *= 10u64.pow((scale - decimals) as u32);
    if precision < 19 && small >= 10u64.pow(u32::from(precision)) {
        return None;
    }
    let value = i128::from(small);
    Some(if negative { -value } else { value })
}

#[cold]
fn long(negative: bool, text: &[u8], precision: u8, scale: u8) -> Option<i128> {
    let dot = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
    let (whole, fraction) = (&text[..dot], text.get(dot + 1..).unwrap_or_default());
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut value = 0i128;
    let fraction_digits = fraction.iter().copied().chain(std::iter::repeat(b'0'));
    for byte in whole.iter().copied().chain(fraction_digits.take(usize::from(scale))) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    let beyond = fraction.get(usize::from(scale)..).unwrap_or_default();
    let exact = beyond.iter().all(|byte| *byte == b'0');
    let fits = value < 10i128.pow(u32::from(precision.min(38)));
    (exact && fits).then_some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_parse_exactly_or_not_at_all() {
        let of = |text: &str, precision, scale| decimal(text.as_bytes(), precision, scale);
        assert_eq!(of("1.50", 38, 2), Some(150));
        assert_eq!(of("-1.5", 38, 2), Some(-150));
        assert_eq!(of("1.500", 38, 2), Some(150));
        assert_eq!(of("1.501", 38, 2), None);
        assert_eq!(of(".5", 3, 1), Some(5));
        assert_eq!(of("5.", 3, 1), Some(50));
        assert_eq!(of("99.9", 3, 1), Some(999));
        assert_eq!(of("100", 3, 1), None);
        assert_eq!(of("12345678901234567890.5", 38, 3), Some(12_345_678_901_234_567_890_500));
        assert_eq!(of(&"9".repeat(38), 38, 0), Some(10i128.pow(38) - 1));
        assert_eq!(of(&"9".repeat(39), 38, 0), None);
        assert_eq!(of(&"9".repeat(300), 38, 0), None);
        for text in ["", "-", ".", "1.2.3", "1e5", "1,5", " 1", "x", &".".repeat(40)] {
            assert_eq!(of(text, 38, 2), None, "{text}");
            assert_eq!(of(text, 38, 20), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_decimal_parses(digits in -(10i128.pow(37))..10i128.pow(37), scale in 0u8..=37) {
            let size = digits.unsigned_abs().to_string();
            let size = format!("{size:0>width$}", width = usize::from(scale) + 1);
            let (whole, fraction) = size.split_at(size.len() - usize::from(scale));
            let sign = if digits < 0 { "-" } else { "" };
            let text = format!("{sign}{whole}.{fraction}");
            prop_assert_eq!(decimal(text.as_bytes(), 38, scale), Some(digits));
        }
    }
}
