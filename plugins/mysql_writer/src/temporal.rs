//! Dates and times of Arrow as the server writes them.

use csv_common::{Civil, civil};
use osiris_sdk::{DataType, TimeUnit};

use crate::holds::Holds;
use crate::literal::Misfit;
use crate::target::TargetColumn;

const DAY: i64 = 86_400;
const MICROS: i64 = 1_000_000;

pub(crate) fn date(days: i64, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let Civil { year, month, day } = civil(days);
    if !(0..=9999).contains(&year) {
        return Err(format!("the year {year}, and dates go from 0000 to 9999"));
    }
    digits(out, 4, year);
    out.push(b'-');
    digits(out, 2, month.into());
    out.push(b'-');
    digits(out, 2, day.into());
    Ok(())
}

pub(crate) fn time(
    count: i64,
    data_type: &DataType,
    target: &TargetColumn,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let micros = micros(count, data_type)?;
    if !(0..DAY * MICROS).contains(&micros) {
        return Err(format!("{count} is no time of a day"));
    }
    target.syntax.quote(out);
    clock(micros, target, out)?;
    target.syntax.quote(out);
    Ok(())
}

pub(crate) fn timestamp(
    count: i64,
    data_type: &DataType,
    target: &TargetColumn,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let micros = micros(count, data_type)?;
    target.syntax.quote(out);
    date(micros.div_euclid(DAY * MICROS), out)?;
    out.push(b' ');
    clock(micros.rem_euclid(DAY * MICROS), target, out)?;
    target.syntax.quote(out);
    Ok(())
}

/// Writes a time of a day, in microseconds.
fn clock(micros: i64, target: &TargetColumn, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let (seconds, fraction) = (micros / MICROS, micros % MICROS);
    digits(out, 2, seconds / 3600);
    out.push(b':');
    digits(out, 2, seconds / 60 % 60);
    out.push(b':');
    digits(out, 2, seconds % 60);
    if fraction == 0 {
        return Ok(());
    }
    if let Holds::DateTime { decimals, .. }
    | Holds::Timestamp { decimals }
    | Holds::Time { decimals } = target.holds
        && fraction % 10_i64.pow(6 - u32::from(decimals.min(6))) != 0
    {
        return Err(format!(
            "the time has more digits after the seconds than the {decimals} of the column"
        ));
    }
    out.push(b'.');
    digits(out, 6, fraction);
    Ok(())
}

/// Writes so many digits of a number that has no more. Formatting takes ten
/// times as long.
fn digits(out: &mut Vec<u8>, count: usize, mut number: i64) {
    let start = out.len();
    out.resize(start + count, b'0');
    for digit in out[start..].iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
}

/// The finest that MySQL has.
fn micros(count: i64, data_type: &DataType) -> Result<i64, Misfit> {
    let (DataType::Timestamp(unit, _) | DataType::Time32(unit) | DataType::Time64(unit)) =
        data_type
    else {
        return Ok(count);
    };
    let per_unit = match unit {
        TimeUnit::Second => MICROS,
        TimeUnit::Millisecond => 1000,
        TimeUnit::Microsecond => 1,
        TimeUnit::Nanosecond if count % 1000 == 0 => return Ok(count / 1000),
        TimeUnit::Nanosecond => {
            return Err("nanoseconds, and MySQL's times end at microseconds".to_owned());
        }
    };
    count.checked_mul(per_unit).ok_or_else(|| "a time far beyond the year 9999".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_zero_padded() {
        let of = |count, number| {
            let mut out = b"x".to_vec();
            digits(&mut out, count, number);
            String::from_utf8(out).expect("digits")
        };
        assert_eq!(of(4, 0), "x0000");
        assert_eq!(of(4, 987), "x0987");
        assert_eq!(of(2, 59), "x59");
        assert_eq!(of(6, 999_999), "x999999");
    }
}
