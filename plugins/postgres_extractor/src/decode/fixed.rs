//! Values of one size.

use super::{EPOCH_DAYS, EPOCH_MICROS, Misfit};

/// Days since 1970.
#[inline]
pub(super) fn date(days: i32) -> Result<i32, Misfit> {
    if days == i32::MAX || days == i32::MIN {
        return Err(Misfit::Infinity);
    }
    days.checked_add(EPOCH_DAYS).ok_or(Misfit::Malformed)
}

/// Microseconds since 1970.
#[inline]
pub(super) fn timestamp(micros: i64) -> Result<i64, Misfit> {
    if micros == i64::MAX || micros == i64::MIN {
        return Err(Misfit::Infinity);
    }
    micros.checked_add(EPOCH_MICROS).ok_or(Misfit::TooLate)
}

/// The canonical text.
pub(super) fn uuid(bytes: [u8; 16]) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [b'-'; 36];
    let mut at = 0;
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            at += 1;
        }
        text[at] = DIGITS[usize::from(byte >> 4)];
        text[at + 1] = DIGITS[usize::from(byte & 15)];
        at += 2;
    }
    text
}
