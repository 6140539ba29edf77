//! Exact numbers: digits to the base 10,000, each in 16 bits.

use super::Misfit;

const NEGATIVE: u16 = 0x4000;
/// No number has more digits than this on either side of the point.
const MAX_DIGITS: i64 = 131_072;

/// A decimal without its point.
pub(super) fn decimal(
    value: i128,
    scale: i8,
    limit: Option<i32>,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let mut buffer = [b'0'; 80];
    let mut start = 40;
    let mut rest = value.unsigned_abs();
    // 64 bits divide several times faster than 128.
    while u64::try_from(rest).is_err() {
        let mut low = (rest % 1_000_000_000) as u32;
        rest /= 1_000_000_000;
        for _ in 0..9 {
            start -= 1;
            buffer[start] = b'0' + (low % 10) as u8;
            low /= 10;
        }
    }
    let mut low = rest as u64;
    while low > 0 {
        start -= 1;
        buffer[start] = b'0' + (low % 10) as u8;
        low /= 10;
    }
    let shift = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        // The buffer has zeros behind the digits, as many as a scale can say.
        let zeros = vec![b'0'; shift.saturating_sub(40)];
        let digits = [&buffer[start..40 + shift.min(40)], &zeros].concat();
        return write(value < 0, &digits, &[], limit, out);
    }
    if shift <= 40 - start {
        let (whole, fraction) = buffer[start..40].split_at(40 - start - shift);
        return write(value < 0, whole, fraction, limit, out);
    }
    let fraction = [&vec![b'0'; shift - (40 - start)], &buffer[start..40]].concat();
    write(value < 0, &[], &fraction, limit, out)
}

/// A number as text: a sign, digits with or without a point, an exponent, or
/// one of NaN and Infinity.
pub(super) fn text(text: &[u8], limit: Option<i32>, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let no_number = || Misfit::new("is no number");
    let text = text.trim_ascii();
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if unsigned.first().is_some_and(u8::is_ascii_alphabetic) {
        let is = |text: &[u8], word: &str| text.eq_ignore_ascii_case(word.as_bytes());
        let sign = if is(unsigned, "infinity") || is(unsigned, "inf") {
            if negative { 0xf000 } else { 0xd000 }
        } else if is(text, "nan") {
            0xc000
        } else {
            return Err(no_number());
        };
        head(0, 0, sign, 0, out);
        return Ok(());
    }
    let exponent = unsigned.iter().position(|byte| matches!(byte, b'e' | b'E'));
    let (mantissa, exponent) = match exponent {
        Some(at) => {
            let digits = std::str::from_utf8(&unsigned[at + 1..]).map_err(|_| no_number())?;
            (&unsigned[..at], digits.parse::<i64>().map_err(|_| no_number())?)
        }
        None => (unsigned, 0),
    };
    let point = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
    let (whole, fraction) = (&mantissa[..point], mantissa.get(point + 1..).unwrap_or_default());
    let is_empty = whole.is_empty() && fraction.is_empty();
    if is_empty || !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return Err(no_number());
    }
    if exponent == 0 {
        return write(negative, whole, fraction, limit, out);
    }
    let mut digits = [whole, fraction].concat();
    let point = whole.len() as i64 + exponent;
    if point.abs() > MAX_DIGITS {
        return Err(Misfit::new("is out of the range of numeric"));
    }
    if let Ok(point) = usize::try_from(point) {
        digits.resize(digits.len().max(point), b'0');
        let (whole, fraction) = digits.split_at(point);
        return write(negative, whole, fraction, limit, out);
    }
    let mut fraction = vec![b'0'; point.unsigned_abs() as usize];
    fraction.extend(digits);
    write(negative, &[], &fraction, limit, out)
}

/// Writes decimal digits in groups of four.
fn write(
    negative: bool,
    whole: &[u8],
    fraction: &[u8],
    limit: Option<i32>,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let kept = limit.map_or(fraction.len(), |limit| usize::try_from(limit).unwrap_or(0));
    let (fraction, cut) = fraction.split_at(kept.min(fraction.len()));
    let is_zero = |digits: &[u8]| digits.iter().all(|digit| *digit == b'0');
    let rounded = limit.map_or(0, |limit| usize::try_from(-limit).unwrap_or(0));
    if !is_zero(&whole[whole.len().saturating_sub(rounded)..]) {
        return Err(Misfit::inexact(format!(
            "has digits in the last {rounded} places before the point, which the column rounds"
        )));
    }
    if !is_zero(cut) {
        return Err(Misfit::inexact(format!(
            "has more than the {kept} digits after the point that the column keeps"
        )));
    }
    let scale = u16::try_from(fraction.len())
        .ok()
        .filter(|scale| *scale < 0x4000)
        .ok_or_else(|| Misfit::new("has more digits after the point than numeric holds"))?;
    let place = out.len();
    head(0, 0, if negative { NEGATIVE } else { 0 }, scale, out);
    let (first, groups) = whole.split_at(whole.len() % 4);
    let mut weight = whole.len().div_ceil(4) as i64 - 1;
    let mut count = 0_u16;
    let first = (!first.is_empty()).then_some(first);
    let whole = first.into_iter().chain(groups.chunks(4)).map(|group| (group, 0));
    // Digits behind the point fill a group from its left.
    let fraction = fraction.chunks(4).map(|group| (group, 4 - group.len() as u32));
    for (group, missing) in whole.chain(fraction) {
        let value = group.iter().fold(0, |value, digit| value * 10 + u16::from(digit - b'0'));
        let value = value * 10_u16.pow(missing);
        if count == 0 && value == 0 {
            weight -= 1;
            continue;
        }
        count += 1;
        out.extend(value.to_be_bytes());
    }
    while count > 0 && out.ends_with(&[0, 0]) {
        out.truncate(out.len() - 2);
        count -= 1;
    }
    if count == 0 {
        weight = 0;
    }
    let weight =
        i16::try_from(weight).map_err(|_| Misfit::new("is out of the range of numeric"))?;
    out[place..place + 2].copy_from_slice(&count.to_be_bytes());
    out[place + 2..place + 4].copy_from_slice(&weight.to_be_bytes());
    Ok(())
}

fn head(count: u16, weight: i16, sign: u16, scale: u16, out: &mut Vec<u8>) {
    out.extend(count.to_be_bytes());
    out.extend(weight.to_be_bytes());
    out.extend(sign.to_be_bytes());
    out.extend(scale.to_be_bytes());
}
