//! Values in SQL, in a session that is strict and takes backslashes.

use std::fmt::{Display, LowerExp};
use std::io::Write;

use osiris_sdk::{Column, DataType};

use crate::holds::Holds;
use crate::syntax::Syntax;
use crate::target::TargetColumn;
use crate::{json, moment, number, shape, temporal, vector};

/// Beyond these, floats leave out integers.
const F32_EXACT: i128 = 1 << 24;
const F64_EXACT: i128 = 1 << 53;
/// The server's powers of ten, for floats with a limit of decimals.
const MAX_DECIMALS: u8 = 30;

/// The reason that a value cannot be written.
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
        target.syntax.null(out);
        return Ok(());
    }
    // A value that is not null is there.
    match column {
        Column::Bool(values) => boolean(values.get(row) == Some(true), target, out)?,
        Column::Int8(values) => integer(values.values()[row], target, out)?,
        Column::Int16(values) => integer(values.values()[row], target, out)?,
        Column::Int32(values) => integer(values.values()[row], target, out)?,
        Column::Int64(values) => integer(values.values()[row], target, out)?,
        Column::UInt8(values) => integer(values.values()[row], target, out)?,
        Column::UInt16(values) => integer(values.values()[row], target, out)?,
        Column::UInt32(values) => integer(values.values()[row], target, out)?,
        Column::UInt64(values) => integer(values.values()[row], target, out)?,
        Column::Float32(values) => float(values.values()[row], target, out)?,
        Column::Float64(values) => float(values.values()[row], target, out)?,
        Column::Utf8(values) => text(values.get(row).unwrap_or_default(), target, out)?,
        Column::Binary(values) => bytes(values.get(row).unwrap_or_default(), target, out)?,
        Column::Date32(values) => {
            target.syntax.quote(out);
            temporal::date(values.values()[row].into(), out)?;
            target.syntax.quote(out);
        }
        Column::Time32(values) => {
            temporal::time(values.values()[row].into(), data_type, target, out)?
        }
        Column::Time64(values) => temporal::time(values.values()[row], data_type, target, out)?,
        Column::Timestamp(values) => {
            temporal::timestamp(values.values()[row], data_type, target, out)?
        }
        Column::Decimal128(values) => {
            let scale = if let DataType::Decimal128(_, scale) = data_type { *scale } else { 0 };
            decimal(values.values()[row], scale, target, out)?;
        }
        Column::List(values) if target.holds == Holds::Vector => {
            target.syntax.bytes(&vector::list(values, row)?, out);
        }
        Column::Null(_) | Column::List(_) | Column::Struct(_) => {
            return Err(format!("values of type {data_type} cannot be written"));
        }
    }
    Ok(())
}

fn boolean(value: bool, target: &TargetColumn, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let text: &[u8] = if value { b"true" } else { b"false" };
    match &target.holds {
        Holds::Enum(_) | Holds::Set(_) => member(text, target, out)?,
        Holds::Json => target.syntax.text(text, out),
        _ => out.push(b'0' + u8::from(value)),
    }
    Ok(())
}

fn integer<T: itoa::Integer + Copy + Into<i128>>(
    value: T,
    target: &TargetColumn,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(value);
    match &target.holds {
        Holds::Real { single, .. } => {
            let exact = if *single { F32_EXACT } else { F64_EXACT };
            if value.into().abs() > exact {
                return Err(rounded(text, target));
            }
        }
        Holds::Years if (1..100).contains(&value.into()) => {
            return Err(format!("the year {text}, which MySQL takes for one of 1970 to 2069"));
        }
        // As a text, 0 would be the year 2000.
        Holds::Years if target.syntax == Syntax::Load => {
            print(out, format_args!("{:04}", value.into()));
            return Ok(());
        }
        Holds::Bits(bits) if value.into() >> bits != 0 => {
            return Err(format!("{text} does not fit into {}", target.column_type));
        }
        Holds::Enum(_) | Holds::Set(_) => return member(text.as_bytes(), target, out),
        Holds::Json => {
            target.syntax.text(text.as_bytes(), out);
            return Ok(());
        }
        _ => {}
    }
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn float<T: Copy + Into<f64> + Display + LowerExp>(
    shortest: T,
    target: &TargetColumn,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let value: f64 = shortest.into();
    if !value.is_finite() {
        return Err(format!("{value} is no number that MySQL has; make it a missing value"));
    }
    match target.holds {
        Holds::Real { single, decimals } => {
            let is_kept = |value: f64| !single || f64::from(value as f32) == value;
            if !is_kept(value) || !keeps(value, single, decimals) {
                return Err(rounded(&value.to_string(), target));
            }
            shortest_digits(value, out);
        }
        Holds::Json => {
            target.syntax.quote(out);
            print(out, format_args!("{value:e}"));
            target.syntax.quote(out);
        }
        // The server would round to the length of a text.
        _ => {
            target.syntax.quote(out);
            if value == 0.0 || (1e-5..1e15).contains(&value.abs()) {
                print(out, format_args!("{shortest}"));
            } else {
                print(out, format_args!("{shortest:e}"));
            }
            target.syntax.quote(out);
        }
    }
    Ok(())
}

/// Writes the fewest digits that read back as the same float. With an exponent
/// they are no decimal, of which the server would take fewer.
fn shortest_digits(value: f64, out: &mut Vec<u8>) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value).as_bytes();
    out.extend_from_slice(text);
    if !text.contains(&b'e') {
        out.extend_from_slice(b"e0");
    }
}

/// Returns whether a float is the same once the server has rounded it to the decimals
/// of its column, in the way that it does.
fn keeps(value: f64, single: bool, decimals: Option<u8>) -> bool {
    let Some(decimals) = decimals.filter(|decimals| *decimals <= MAX_DECIMALS) else { return true };
    let unit = 10_f64.powi(decimals.into());
    let rounded = value.floor() + ((value - value.floor()) * unit).round_ties_even() / unit;
    if single { f64::from(rounded as f32) == value } else { rounded == value }
}

fn decimal(value: i128, scale: i8, target: &TargetColumn, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let unit = |digits: u8| 10_i128.pow(digits.into());
    let places = scale.max(0).unsigned_abs();
    match &target.holds {
        Holds::Decimal(most) if *most >= places => digits(value, scale, out),
        Holds::Decimal(most) => {
            if value % unit(places - most) != 0 {
                let mut text = Vec::new();
                digits(value, scale, &mut text);
                return Err(rounded(&String::from_utf8_lossy(&text), target));
            }
            digits(value, scale, out);
        }
        Holds::Whole | Holds::Years | Holds::Bits(_) => {
            if value % unit(places) != 0 {
                return Err("a decimal that would be rounded by the type of the column".to_owned());
            }
            let zeros = 10_i128.checked_pow(scale.min(0).unsigned_abs().into());
            let whole = zeros.and_then(|zeros| (value / unit(places)).checked_mul(zeros));
            let whole = whole.ok_or_else(|| "a decimal far beyond every integer".to_owned())?;
            integer(whole, target, out)?;
        }
        Holds::Real { .. } | Holds::Enum(_) | Holds::Set(_) | Holds::Json => {
            let mut number = Vec::new();
            digits(value, scale, &mut number);
            text(&number, target, out)?;
        }
        _ => digits(value, scale, out),
    }
    Ok(())
}

/// Text, which the server makes a value of the column's type of.
fn text(text: &[u8], target: &TargetColumn, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let shown = || String::from_utf8_lossy(text);
    match &target.holds {
        Holds::Char if text.last() == Some(&b' ') => {
            return Err(format!(
                "{:?} ends with a space, which CHAR does not keep; make the column a VARCHAR, or \
                 cut the spaces off in a query",
                shown()
            ));
        }
        Holds::Whole => {
            if !number::is_integer(text) {
                return Err(format!(
                    "{:?} is a text that is no integer, and the column holds integers",
                    shown()
                ));
            }
            target.syntax.text(text, out);
        }
        Holds::Bits(_) => {
            let value = if number::is_integer(text) { shown().parse::<u64>().ok() } else { None };
            let value = value.ok_or_else(|| {
                format!("{:?} is a text that is no number of {}", shown(), target.column_type)
            })?;
            integer(value, target, out)?;
        }
        Holds::Years => moment::year(text, target.syntax, out)?,
        Holds::Real { single, decimals } => {
            if number::Number::parse(text).is_none() {
                return Err(no_number(&shown()));
            }
            let value = number::float(text, *single).filter(|value| value.is_finite());
            let value = value.filter(|value| keeps(*value, *single, *decimals));
            let value = value.ok_or_else(|| rounded(&shown(), target))?;
            shortest_digits(value, out);
        }
        Holds::Decimal(scale) => {
            let number = number::Number::parse(text).ok_or_else(|| no_number(&shown()))?;
            if number.decimals() > u64::from(*scale) {
                return Err(rounded(&shown(), target));
            }
            target.syntax.text(text, out);
        }
        Holds::FixedBytes(length) if text.len() as u64 != *length => {
            return Err(padded(text, *length));
        }
        Holds::Enum(_) | Holds::Set(_) => member(text, target, out)?,
        Holds::Date => moment::date(text, target.syntax, out)?,
        Holds::DateTime { decimals, .. } | Holds::Timestamp { decimals } => {
            moment::date_time(text, *decimals, target.syntax, out)?;
        }
        Holds::Time { decimals } => moment::time(text, *decimals, target.syntax, out)?,
        Holds::Json => {
            json::check(text)?;
            target.syntax.text(text, out);
        }
        Holds::Shape(srid) => {
            target.syntax.bytes(&shape::stored(&shape::unhex(text)?, *srid)?, out);
        }
        Holds::Vector => target.syntax.bytes(&vector::text(text)?, out),
        Holds::Text | Holds::Char | Holds::Bytes | Holds::FixedBytes(_) | Holds::Others => {
            target.syntax.text(text, out);
        }
    }
    Ok(())
}

fn bytes(bytes: &[u8], target: &TargetColumn, out: &mut Vec<u8>) -> Result<(), Misfit> {
    match target.holds {
        Holds::FixedBytes(length) if bytes.len() as u64 != length => {
            return Err(padded(bytes, length));
        }
        Holds::Bits(bits) if bytes.len() as u32 != bits.div_ceil(8) => {
            return Err(format!(
                "{} bytes, and {} has {}",
                bytes.len(),
                target.column_type,
                bits.div_ceil(8)
            ));
        }
        Holds::Shape(srid) => {
            target.syntax.bytes(&shape::stored(bytes, srid)?, out);
            return Ok(());
        }
        Holds::Vector => vector::check(bytes)?,
        _ => {}
    }
    target.syntax.bytes(bytes, out);
    Ok(())
}

/// Writes the number of a member, or the bits of some: the server takes digits
/// for a number too, where no member is called so.
fn member(text: &[u8], target: &TargetColumn, out: &mut Vec<u8>) -> Result<(), Misfit> {
    let number = match &target.holds {
        Holds::Enum(members) => {
            members.iter().position(|member| member.as_bytes() == text).map(|at| at as u64 + 1)
        }
        Holds::Set(_) if text.is_empty() => Some(0),
        Holds::Set(members) => text.split(|byte| *byte == b',').try_fold(0, |bits, part| {
            let at = members.iter().position(|member| member.as_bytes() == part)?;
            Some(bits | 1_u64 << at)
        }),
        _ => None,
    };
    let number = number.ok_or_else(|| {
        format!("{:?} is no member of {}", String::from_utf8_lossy(text), target.column_type)
    })?;
    // A field of LOAD DATA is a text, of which the server looks for the name first.
    if target.syntax == Syntax::Load {
        target.syntax.text(text, out);
        return Ok(());
    }
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    Ok(())
}

fn rounded(value: &str, target: &TargetColumn) -> Misfit {
    format!("{value} would be rounded by the type of the column, {}", target.column_type)
}

fn no_number(text: &str) -> Misfit {
    format!("{text:?} is a text that is no plain number, and the column holds numbers")
}

fn padded(bytes: &[u8], length: u64) -> Misfit {
    format!(
        "{} bytes, and BINARY({length}) adds zeros up to {length}; make the column a VARBINARY",
        bytes.len()
    )
}

fn digits(value: i128, scale: i8, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let digits = match u64::try_from(value.unsigned_abs()) {
        // Nine in ten fit into 64 bits, which are several times faster.
        Ok(small) => buffer.format(small),
        Err(_) => buffer.format(value.unsigned_abs()),
    };
    let digits = digits.as_bytes();
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

pub(crate) fn print(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = out.write_fmt(text);
}
