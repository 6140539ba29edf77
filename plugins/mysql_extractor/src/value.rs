//! Values as the binary protocol has them.

use csv_common::{Civil, days};
use mysql_common::{Native, lenenc};

const DAY: i64 = 86_400;
const MICROS: i64 = 1_000_000;

/// The fault of a value.
#[derive(Debug)]
pub(crate) enum Bad {
    /// The row ends within it.
    CutOff,
    /// A date that the calendar does not have.
    ZeroDate(String),
    /// A text that is not UTF-8.
    Text,
    /// An integer that is neither 0 nor 1.
    Boolean(i8),
    /// A decimal that is none, or has other digits than announced.
    Decimal(String),
}

/// A date and a time as the server has them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    micros: u32,
}

/// Takes so many bytes.
#[inline]
pub(crate) fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Bad> {
    let (value, after) = rest.split_first_chunk::<N>().ok_or(Bad::CutOff)?;
    *rest = after;
    Ok(*value)
}

/// Takes bytes that say how many they are.
#[inline]
pub(crate) fn bytes<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Bad> {
    lenenc::bytes(rest).ok_or(Bad::CutOff)
}

/// Takes a date, or a date and a time. The server leaves out what is zero.
#[inline]
pub(crate) fn moment(rest: &mut &[u8]) -> Result<Moment, Bad> {
    let (&length, after) = rest.split_first().ok_or(Bad::CutOff)?;
    let (value, after) = after.split_at_checked(length.into()).ok_or(Bad::CutOff)?;
    *rest = after;
    let mut moment = Moment::default();
    if let [a, b, month, day, time @ ..] = value {
        moment.year = u16::from_le_bytes([*a, *b]);
        (moment.month, moment.day) = (*month, *day);
        if let [hour, minute, second, micros @ ..] = time {
            (moment.hour, moment.minute, moment.second) = (*hour, *minute, *second);
            if let Ok(micros) = micros.try_into() {
                moment.micros = u32::from_le_bytes(micros);
            }
        }
    }
    Ok(moment)
}

impl Moment {
    /// Days since 1970-01-01, if there is such a date.
    #[inline]
    pub(crate) fn days(self) -> Option<i32> {
        let Self { year, month, day, .. } = self;
        i32::try_from(days(Civil { year: year.into(), month, day })?).ok()
    }

    /// Microseconds since 1970-01-01 00:00, if there is such a date.
    #[inline]
    pub(crate) fn micros(self) -> Option<i64> {
        let seconds = i64::from(self.days()?) * DAY
            + i64::from(self.hour) * 3600
            + i64::from(self.minute) * 60
            + i64::from(self.second);
        Some(seconds * MICROS + i64::from(self.micros))
    }

    /// As the server writes it.
    pub(crate) fn text(self, native: Native) -> String {
        let Self { year, month, day, hour, minute, second, micros } = self;
        let date = format!("{year:04}-{month:02}-{day:02}");
        match native {
            Native::DateTime { decimals } | Native::Timestamp { decimals } => {
                format!("{date} {hour:02}:{minute:02}:{second:02}{}", fraction(micros, decimals))
            }
            _ => date,
        }
    }
}

/// Takes a time, as the server writes it.
pub(crate) fn time(rest: &mut &[u8], decimals: u8) -> Result<String, Bad> {
    let (&length, after) = rest.split_first().ok_or(Bad::CutOff)?;
    let (value, after) = after.split_at_checked(length.into()).ok_or(Bad::CutOff)?;
    *rest = after;
    let (mut sign, mut hours, mut minute, mut second, mut micros) = ("", 0, 0, 0, 0);
    if let [negative, a, b, c, d, hour, m, s, fraction @ ..] = value {
        sign = if *negative == 1 { "-" } else { "" };
        hours = u32::from_le_bytes([*a, *b, *c, *d]) * 24 + u32::from(*hour);
        (minute, second) = (*m, *s);
        if let Ok(fraction) = fraction.try_into() {
            micros = u32::from_le_bytes(fraction);
        }
    }
    Ok(format!("{sign}{hours:02}:{minute:02}:{second:02}{}", fraction(micros, decimals)))
}

fn fraction(micros: u32, decimals: u8) -> String {
    if decimals == 0 {
        return String::new();
    }
    let digits = format!("{micros:06}");
    format!(".{}", &digits[..usize::from(decimals.min(6))])
}

/// The digits of a decimal like `-12.50`, without the point.
#[inline]
pub(crate) fn decimal(text: &[u8], precision: u8, scale: u8) -> Result<i128, Bad> {
    let bad = || Bad::Decimal(String::from_utf8_lossy(text).into_owned());
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    // Nine in ten fit into 64 bits, which are several times faster.
    let short = digits.len() <= 18;
    let (mut small, mut large, mut after) = (0_u64, 0_i128, None);
    let mut significant = 0;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            if short {
                small = small * 10 + u64::from(digit);
            } else {
                significant += u8::from(significant > 0 || digit > 0);
                if significant > 38 {
                    return Err(bad());
                }
                large = large * 10 + i128::from(digit);
            }
            after = after.map(|count: u8| count + 1);
        } else if byte == b'.' && after.is_none() {
            after = Some(0);
        } else {
            return Err(bad());
        }
    }
    let value = if short { i128::from(small) } else { large };
    let missing = scale.checked_sub(after.unwrap_or(0)).ok_or_else(bad)?;
    let value = value.checked_mul(10_i128.pow(missing.into())).ok_or_else(bad)?;
    if value >= 10_i128.pow(precision.into()) {
        return Err(bad());
    }
    Ok(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_decoded() {
        let of = |text: &str, precision, scale| decimal(text.as_bytes(), precision, scale).ok();
        assert_eq!(of("-12.50", 4, 2), Some(-1250));
        assert_eq!(of("0.00", 4, 2), Some(0));
        assert_eq!(of("7", 4, 2), Some(700));
        assert_eq!(of("0000000000000000000000000000000000000000001", 38, 0), Some(1));
        let most = "9".repeat(38);
        assert_eq!(of(&most, 38, 0), most.parse().ok());
        assert_eq!(of(&format!("1{most}"), 38, 0), None);
        assert_eq!(of("1.234", 4, 2), None);
        assert_eq!(of("123.45", 4, 2), None);
        assert_eq!(of("1e5", 38, 0), None);
    }

    #[test]
    fn times_are_decoded() {
        let of = |bytes: &[u8], decimals| time(&mut &*bytes, decimals).ok();
        assert_eq!(of(&[0], 0), Some("00:00:00".to_owned()));
        assert_eq!(of(&[8, 1, 34, 0, 0, 0, 22, 59, 58], 0), Some("-838:59:58".to_owned()));
        let late = [12, 0, 0, 0, 0, 0, 1, 2, 3, 0x20, 0xA1, 7, 0];
        assert_eq!(of(&late, 3), Some("01:02:03.500".to_owned()));
    }
}
