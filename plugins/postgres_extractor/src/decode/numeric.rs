//! Exact numbers: digits to the base 10,000, each in 16 bits.

use osiris_sdk::BytesBuilder;

use super::{Misfit, array};

const NEGATIVE: u16 = 0x4000;
const POSITIVE: u16 = 0;

/// The parts of a number.
struct Number<'a> {
    /// To the base 10,000, two bytes each.
    digits: &'a [u8],
    /// The power of 10,000 of the first digit.
    weight: i32,
    negative: bool,
    /// Decimal digits after the point.
    scale: usize,
}

impl<'a> Number<'a> {
    #[inline]
    fn new(bytes: &'a [u8]) -> Result<Self, Misfit> {
        let (head, digits) = bytes.split_at_checked(8).ok_or(Misfit::Malformed)?;
        let half = |at: usize| array(&head[at..at + 2]);
        let count = u16::from_be_bytes(half(0)?);
        let weight = i16::from_be_bytes(half(2)?);
        let sign = u16::from_be_bytes(half(4)?);
        let scale = u16::from_be_bytes(half(6)?);
        if digits.len() != usize::from(count) * 2 {
            return Err(Misfit::Malformed);
        }
        match sign {
            POSITIVE | NEGATIVE => Ok(Self {
                digits,
                weight: weight.into(),
                negative: sign == NEGATIVE,
                scale: scale.into(),
            }),
            _ => Err(Misfit::NotANumber),
        }
    }

    fn digits(&self) -> impl Iterator<Item = u16> {
        self.digits.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    }
}

/// A decimal of that precision and scale, which the column of the server has.
#[inline]
pub(super) fn decimal(bytes: &[u8], precision: u8, scale: u8) -> Result<i128, Misfit> {
    let number = Number::new(bytes)?;
    let value = if precision <= MAX_SHORT {
        short(&number, precision, scale)?.into()
    } else {
        long(&number, precision, scale)?
    };
    let value = value.cast_signed();
    Ok(if number.negative { -value } else { value })
}

/// The most digits that 64 bits hold for certain.
const MAX_SHORT: u8 = 18;

/// Powers of ten.
const POWERS: [u64; 19] = {
    let mut powers = [1; 19];
    let mut index = 1;
    while index < powers.len() {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

/// In 64 bits, which a sandbox multiplies many times faster than 128. What the
/// precision of the column allows does not wrap around.
#[inline]
fn short(number: &Number<'_>, precision: u8, scale: u8) -> Result<u64, Misfit> {
    let power_of = |power: i32| usize::try_from(power).ok().and_then(|at| POWERS.get(at));
    // The power of ten of the digit at hand, counted in units of the result.
    let mut power = number.weight * 4 + i32::from(scale);
    let mut value = 0_u64;
    for digit in number.digits() {
        let digit = u64::from(digit);
        if power >= 0 {
            value = value.wrapping_mul(10_000).wrapping_add(digit);
        } else {
            let cut = power_of(-power).filter(|cut| digit % **cut == 0).ok_or(Misfit::Malformed)?;
            value = value.wrapping_mul(10_000 / cut).wrapping_add(digit / cut);
        }
        power -= 4;
    }
    // What is left are zeros that the server does not send.
    if power + 4 > 0 && value != 0 {
        value = value.wrapping_mul(*power_of(power + 4).ok_or(Misfit::Malformed)?);
    }
    if value >= POWERS[usize::from(precision)] { Err(Misfit::Malformed) } else { Ok(value) }
}

/// The same in 128 bits.
fn long(number: &Number<'_>, precision: u8, scale: u8) -> Result<u128, Misfit> {
    let mut power = number.weight * 4 + i32::from(scale);
    let mut value = 0_u128;
    for digit in number.digits() {
        let digit = u128::from(digit);
        let (shift, part) = if power >= 0 {
            (10_000, digit)
        } else {
            let cut = 10_u128.checked_pow(power.unsigned_abs()).ok_or(Misfit::Malformed)?;
            if digit % cut != 0 {
                return Err(Misfit::Malformed);
            }
            ((10_000 / cut).max(1), digit / cut)
        };
        let shifted = value.checked_mul(shift).and_then(|value| value.checked_add(part));
        value = shifted.ok_or(Misfit::Malformed)?;
        power -= 4;
    }
    if let Ok(zeros) = u32::try_from(power + 4)
        && value != 0
    {
        let zeros = 10_u128.checked_pow(zeros).ok_or(Misfit::Malformed)?;
        value = value.checked_mul(zeros).ok_or(Misfit::Malformed)?;
    }
    if value >= 10_u128.pow(precision.into()) { Err(Misfit::Malformed) } else { Ok(value) }
}

/// The text that the server writes.
pub(super) fn text(bytes: &[u8], column: &mut BytesBuilder) -> Result<(), Misfit> {
    let number = match Number::new(bytes) {
        Ok(number) => number,
        Err(misfit) => {
            column.push(special(bytes).ok_or(misfit)?.as_bytes());
            return Ok(());
        }
    };
    let mut text = Vec::with_capacity(number.digits.len() * 2 + number.scale + 8);
    if number.negative {
        text.push(b'-');
    }
    let mut digits = number.digits();
    let start = text.len();
    for _ in 0..=number.weight {
        push(digits.next().unwrap_or_default(), &mut text);
    }
    let zeros = text[start..].iter().take_while(|byte| **byte == b'0').count();
    text.drain(start..start + zeros);
    if text.len() == start {
        text.push(b'0');
    }
    if number.scale > 0 {
        text.push(b'.');
        let point = text.len();
        for _ in number.weight..-1 {
            text.extend_from_slice(b"0000");
        }
        for digit in digits {
            push(digit, &mut text);
        }
        text.resize(point + number.scale, b'0');
    }
    column.push(&text);
    Ok(())
}

fn special(bytes: &[u8]) -> Option<&'static str> {
    match bytes.get(4..6)? {
        [0xc0, 0] => Some("NaN"),
        [0xd0, 0] => Some("Infinity"),
        [0xf0, 0] => Some("-Infinity"),
        _ => None,
    }
}

/// Four decimal digits.
fn push(digit: u16, text: &mut Vec<u8>) {
    let [high, low] = [digit / 100, digit % 100];
    for pair in [high, low] {
        // Each is below 100, so these are the characters of digits.
        text.extend([b'0' + (pair / 10) as u8, b'0' + (pair % 10) as u8]);
    }
}
