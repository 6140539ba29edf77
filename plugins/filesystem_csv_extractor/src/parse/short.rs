//! Numbers of a few bytes, which most are, looked at all at once.
//!
//! Each function gets a field's length and the bytes that begin with it, and
//! gives up on whatever is longer or otherwise unusual; the caller then takes
//! the long way, so giving up is never wrong.

use wide::u8x16;

use super::integer::eight_digits;

/// Number of bytes that are looked at.
pub(crate) const WIDTH: usize = 16;

/// Finds the bytes that are no digits among the first `len`: bit `i` is byte
/// `i`.
#[inline(always)]
pub(crate) fn others(window: &[u8; WIDTH], len: usize) -> u32 {
    let values = u8x16::new(*window) - u8x16::splat(b'0');
    let digits = values.min(u8x16::splat(9)).simd_eq(values).to_bitmask();
    !digits & ((1 << len) - 1)
}

/// A whole number without a sign or needless zeros.
#[inline(always)]
pub(crate) fn whole(window: &[u8; WIDTH], len: usize) -> Option<u64> {
    let (first, rest) = window.split_first_chunk::<8>()?;
    match len {
        2.. if window[0] == b'0' => None,
        1..=8 => eight_digits(keep(*first, len)),
        9..=16 => {
            let (high, low) = (eight_digits(*first)?, rest.first_chunk::<8>()?);
            Some(high * 10u64.pow(len as u32 - 8) + eight_digits(keep(*low, len - 8))?)
        }
        _ => None,
    }
}

/// The digits of a decimal like `12.50`, with exactly `scale` decimals.
#[inline(always)]
pub(crate) fn decimal(window: &[u8; WIDTH], len: usize, scale: usize) -> Option<u64> {
    let point = len.checked_sub(scale + 1)?;
    if len > 8 || point == 0 || window[point] != b'.' || (window[0] == b'0' && point > 1) {
        return None;
    }
    let word = u64::from_le_bytes(*window.first_chunk::<8>()?);
    let before = (1 << (8 * point)) - 1;
    let joined = (word & before) | ((word >> 8) & !before);
    eight_digits(keep(joined.to_le_bytes(), len - 1))
}

/// The first bytes, with zeros before them instead of what follows.
#[inline(always)]
fn keep(bytes: [u8; 8], len: usize) -> [u8; 8] {
    const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);
    let shift = 64 - 8 * len as u32;
    (((u64::from_le_bytes(bytes) ^ ZEROS) << shift) ^ ZEROS).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{canonical, decimal as any_decimal, u64_of};
    use super::*;

    fn window(text: &str, behind: u8) -> [u8; WIDTH] {
        let mut window = [behind; WIDTH];
        window[..text.len()].copy_from_slice(text.as_bytes());
        window
    }

    proptest! {
        #[test]
        fn short_and_long_parsers_agree(text in "[0-9]{0,3}[0-9./:a-]{0,3}[0-9]{0,10}", behind: u8) {
            let window = window(&text, behind);
            if let Some(value) = whole(&window, text.len()) {
                prop_assert!(canonical(text.as_bytes()));
                prop_assert_eq!(u64_of(text.as_bytes()), Some(value));
            }
            for scale in 1..4 {
                if let Some(value) = decimal(&window, text.len(), scale) {
                    let long = any_decimal(text.as_bytes(), 18, scale as u8);
                    prop_assert_eq!(long, Some(value.into()));
                }
            }
            let odd = (0..text.len()).filter(|at| !text.as_bytes()[*at].is_ascii_digit());
            prop_assert_eq!(others(&window, text.len()), odd.map(|at| 1 << at).sum::<u32>());
        }

        #[test]
        fn short_numbers_are_accepted(number in 0..10_000_000_000_000_000u64, cents in 0..1_000_000u64) {
            let text = number.to_string();
            prop_assert_eq!(whole(&window(&text, b','), text.len()), Some(number));
            let text = format!("{}.{:02}", cents / 100, cents % 100);
            prop_assert_eq!(decimal(&window(&text, b'\n'), text.len(), 2), Some(cents));
        }
    }
}
