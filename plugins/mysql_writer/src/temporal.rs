//! Dates and times of Arrow as the server writes them.

use csv_common::{Civil, civil};
use osiris_sdk::{DataType, TimeUnit};

use crate::holds::Holds;
use crate::literal::{Misfit, print};
use crate::target::TargetColumn;

const DAY: i64 = 86_400;
const MICROS: i64 = 1_000_000;

pub(crate) fn date(days: i64, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let Civil { year, month, day } = civil(days);
    if !(0..=9999).contains(&year) {
        return Err(format!("the year {year}, and dates go from 0000 to 9999"));
    }
    print(out, format_args!("{year:04}-{month:02}-{day:02}"));
    Ok(())
}

pub(crate) fn time(
    count: i64,
    data_type: &DataType,
    target: &TargetColumn,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let micros = micros(count, data_type)?;
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

fn clock(micros: i64, target: &TargetColumn, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let (seconds, fraction) = (micros.div_euclid(MICROS), micros.rem_euclid(MICROS));
    let (hours, minutes, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    print(out, format_args!("{hours:02}:{minutes:02}:{second:02}"));
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
    print(out, format_args!(".{fraction:06}"));
    Ok(())
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
