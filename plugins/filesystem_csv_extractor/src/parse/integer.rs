//! Whole numbers.

/// Returns whether a number is written as a program writes it: no plus, no
/// leading zeros, no `-0`. What is not may be an identifier, like `007`.
#[inline]
pub(crate) fn canonical(text: &[u8]) -> bool {
    match text {
        [b'0'] => true,
        [b'-', first, ..] | [first, ..] => matches!(first, b'1'..=b'9'),
        [] => false,
    }
}

/// A number that fits 64 bits with a sign. A plus and leading zeros are fine.
#[inline]
pub(crate) fn i64_of(text: &[u8]) -> Option<i64> {
    let (negative, digits) = sign(text);
    let size = digits_of(digits)?;
    if negative { 0i64.checked_sub_unsigned(size) } else { i64::try_from(size).ok() }
}

/// A number that fits 64 bits without a sign.
#[inline]
pub(crate) fn u64_of(text: &[u8]) -> Option<u64> {
    match sign(text) {
        (false, digits) => digits_of(digits),
        (true, digits) => digits_of(digits).filter(|size| *size == 0),
    }
}

#[inline]
fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    }
}

#[inline]
fn digits_of(text: &[u8]) -> Option<u64> {
    let mut rest = text;
    let mut size = 0u64;
    // Up to 16 digits cannot overflow, so they go eight at a time.
    while let Some((eight, after)) = rest.split_first_chunk::<8>() {
        if text.len() - after.len() > 16 {
            break;
        }
        size = size * 100_000_000 + eight_digits(*eight)?;
        rest = after;
    }
    if text.len() <= 19 {
        for byte in rest {
            size = size * 10 + digit(*byte)?;
        }
        return if text.is_empty() { None } else { Some(size) };
    }
    rest.iter().try_fold(size, |size, byte| size.checked_mul(10)?.checked_add(digit(*byte)?))
}

#[inline]
fn digit(byte: u8) -> Option<u64> {
    let digit = byte.wrapping_sub(b'0');
    (digit < 10).then_some(u64::from(digit))
}

/// Eight digits at once: neighbours are joined to pairs, pairs to fours, fours
/// to eight, each in one multiplication.
#[inline]
pub(super) fn eight_digits(text: [u8; 8]) -> Option<u64> {
    let word = u64::from_le_bytes(text);
    let digits = word.wrapping_sub(0x3030_3030_3030_3030);
    // A byte below '0' borrows, one above '9' carries into its high bit.
    let above = word.wrapping_add(0x4646_4646_4646_4646);
    if (digits | above) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn smallest_and_largest_integers_parse() {
        assert_eq!(i64_of(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(i64_of(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!(i64_of(b"9223372036854775808"), None);
        assert_eq!(i64_of(b"-9223372036854775809"), None);
        assert_eq!(u64_of(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(u64_of(b"18446744073709551616"), None);
        assert_eq!(u64_of(b"-1"), None);
        assert_eq!(i64_of(b"00000000000000000000000007"), Some(7));
        for text in [b"".as_slice(), b"-", b"+", b"1 ", b"1_0", b"--1", b"12345678x", b"1234567:"] {
            assert_eq!(i64_of(text), None);
        }
    }

    #[test]
    fn identifiers_are_not_canonical() {
        for text in ["0", "7", "-7", "10"] {
            assert!(canonical(text.as_bytes()), "{text}");
        }
        for text in ["", "-", "007", "-0", "+7", "00"] {
            assert!(!canonical(text.as_bytes()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_integer_parses(signed: i64, unsigned: u64) {
            prop_assert_eq!(i64_of(signed.to_string().as_bytes()), Some(signed));
            prop_assert_eq!(u64_of(unsigned.to_string().as_bytes()), Some(unsigned));
        }

        #[test]
        fn integer_parsing_agrees_with_std(text in "[-+]?[0-9a/:]{0,21}") {
            prop_assert_eq!(i64_of(text.as_bytes()), text.parse::<i64>().ok());
        }
    }
}
