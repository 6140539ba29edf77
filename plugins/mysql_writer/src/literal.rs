//! Values in SQL, in a session that is strict and takes backslashes.

use std::io::Write;

use csv_common::{Civil, civil};
use osiris_sdk::{Column, DataType, TimeUnit};

use crate::target::{Holds, TargetColumn};

const DAY: i64 = 86_400;
const MICROS: i64 = 1_000_000;
/// Beyond these, floats leave out integers.
const F32_EXACT: i128 = 1 << 24;
const F64_EXACT: i128 = 1 << 53;

/// Why a value cannot be written.
pub(crate) type Misfit = String;

/// Writes a value as its column takes it.
pub(crate) fn write(
    column: &Column,
    data_type: &DataType,
    target: &TargetColumn,
    row: usize,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    if column.is_null(row) {
        if !target.nullable {
            return Err("a missing value, and the column takes none".to_owned());
        }
        out.extend_from_slice(b"NULL");
        return Ok(());
    }
    // A value that is not null is there.
    match column {
        Column::Bool(values) => out.push(b'0' + u8::from(values.get(row) == Some(true))),
        Column::Int8(values) => integer(values.values()[row], target, out)?,
        Column::Int16(values) => integer(values.values()[row], target, out)?,
        Column::Int32(values) => integer(values.values()[row], target, out)?,
        Column::Int64(values) => integer(values.values()[row], target, out)?,
        Column::UInt8(values) => integer(values.values()[row], target, out)?,
        Column::UInt16(values) => integer(values.values()[row], target, out)?,
        Column::UInt32(values) => integer(values.values()[row], target, out)?,
        Column::UInt64(values) => integer(values.values()[row], target, out)?,
        Column::Float32(values) => float(values.values()[row].into(), target, out)?,
        Column::Float64(values) => float(values.values()[row], target, out)?,
        Column::Utf8(values) => text(values.get(row).unwrap_or_default(), target, out)?,
        Column::Binary(values) => {
            out.extend_from_slice(b"_binary");
            quoted(values.get(row).unwrap_or_default(), out);
        }
        Column::Date32(values) => {
            out.push(b'\'');
            date(values.values()[row].into(), out)?;
            out.push(b'\'');
        }
        Column::Time32(values) => time(values.values()[row].into(), data_type, target, out)?,
        Column::Time64(values) => time(values.values()[row], data_type, target, out)?,
        Column::Timestamp(values) => moment(values.values()[row], data_type, target, out)?,
        Column::Decimal128(values) => {
            let scale = if let DataType::Decimal128(_, scale) = data_type { *scale } else { 0 };
            let value = values.values()[row];
            let unit = 10_i128.pow(scale.max(0).unsigned_abs().into());
            let is_whole = matches!(target.holds, Holds::Whole | Holds::Years);
            if is_whole && value % unit != 0 {
                return Err("a decimal that would be rounded by the type of the column".to_owned());
            }
            decimal(value, scale, out);
        }
        Column::Null(_) | Column::List(_) | Column::Struct(_) => {
            return Err(format!("values of type {data_type} cannot be written"));
        }
    }
    Ok(())
}

fn integer<T: itoa::Integer + Copy + Into<i128>>(
    value: T,
    target: &TargetColumn,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let exact = match target.holds {
        Holds::Singles => F32_EXACT,
        Holds::Doubles => F64_EXACT,
        _ => i128::MAX,
    };
    let text = itoa::Buffer::new().format(value).to_owned();
    if value.into().abs() > exact {
        return Err(format!("{text} would be rounded by the type of the column"));
    }
    if target.holds == Holds::Years && (1..100).contains(&value.into()) {
        return Err(format!("the year {text}, which MySQL takes for one of 1970 to 2069"));
    }
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn float(value: f64, target: &TargetColumn, out: &mut Vec<u8>) -> Result<(), Misfit> {
    if !value.is_finite() {
        return Err(format!("{value} is no number that MySQL has; make it a missing value"));
    }
    if target.holds == Holds::Singles && f64::from(value as f32) != value {
        return Err(format!("{value} would be rounded by the type of the column"));
    }
    // The fewest digits that read back as the same float.
    print(out, format_args!("{value:e}"));
    Ok(())
}

/// Text, which the server makes a number of where the column holds one.
fn text(text: &[u8], target: &TargetColumn, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if matches!(target.holds, Holds::Whole | Holds::Years)
        && (digits.is_empty() || !digits.iter().all(u8::is_ascii_digit))
    {
        return Err("a text that is no integer, and the column holds integers".to_owned());
    }
    quoted(text, out);
    Ok(())
}

/// Text or bytes in quotes.
fn quoted(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'\'');
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'\'' | b'\\')) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[b'\\', rest[at]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'\'');
}

fn date(days: i64, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let Civil { year, month, day } = civil(days);
    if !(0..=9999).contains(&year) {
        return Err(format!("the year {year}, and dates go from 0000 to 9999"));
    }
    print(out, format_args!("{year:04}-{month:02}-{day:02}"));
    Ok(())
}

fn time(
    count: i64,
    data_type: &DataType,
    target: &TargetColumn,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let micros = micros(count, data_type)?;
    out.push(b'\'');
    clock(micros, target, out)?;
    out.push(b'\'');
    Ok(())
}

fn moment(
    count: i64,
    data_type: &DataType,
    target: &TargetColumn,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let micros = micros(count, data_type)?;
    out.push(b'\'');
    date(micros.div_euclid(DAY * MICROS), out)?;
    out.push(b' ');
    clock(micros.rem_euclid(DAY * MICROS), target, out)?;
    out.push(b'\'');
    Ok(())
}

fn clock(micros: i64, target: &TargetColumn, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let (seconds, fraction) = (micros.div_euclid(MICROS), micros.rem_euclid(MICROS));
    let (hours, minutes, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    print(out, format_args!("{hours:02}:{minutes:02}:{second:02}"));
    if fraction == 0 {
        return Ok(());
    }
    let unit = 10_i64.pow(6 - u32::from(target.decimals.min(6)));
    if target.holds == Holds::Times && fraction % unit != 0 {
        return Err(format!(
            "the time has more digits after the seconds than the {} of the column",
            target.decimals
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

fn decimal(value: i128, scale: i8, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value.unsigned_abs()).as_bytes();
    let decimals = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        out.extend_from_slice(digits);
        out.resize(out.len() + if value == 0 { 0 } else { decimals }, b'0');
    } else if digits.len() > decimals {
        let (whole, fraction) = digits.split_at(digits.len() - decimals);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(fraction);
    } else {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + decimals - digits.len(), b'0');
        out.extend_from_slice(digits);
    }
}

fn print(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = out.write_fmt(text);
}
