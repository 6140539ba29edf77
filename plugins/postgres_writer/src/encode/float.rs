//! Floats from numbers of any other kind.

use osiris_sdk::{Column, DataType};

use super::{Misfit, display, integer};

/// Returns a double that is the same number, or the nearest one unless it has to be `exact`.
#[expect(clippy::cast_precision_loss, reason = "the way back finds any loss")]
pub(super) fn float8(
    column: &Column,
    row: usize,
    source: &DataType,
    exact: bool,
) -> Result<f64, Misfit> {
    match column {
        Column::Float32(values) => Ok(values.values()[row].into()),
        Column::Utf8(_) | Column::Decimal128(_) => {
            let text = display(column, row, source);
            let value = parse::<f64>(&text)?;
            let is_same = !exact || spells(&text, |digits| format!("{value:.digits$e}"));
            is_same.then_some(value).ok_or_else(|| too_precise("double precision"))
        }
        _ => integer::value(column, row)
            .filter(|value| !exact || *value as f64 as i128 == *value)
            .map(|value| value as f64)
            .ok_or_else(|| too_precise("double precision")),
    }
}

/// Returns a float that is the same number, or the nearest one unless it has to be `exact`.
#[expect(clippy::cast_precision_loss, reason = "the way back finds any loss")]
#[expect(clippy::cast_possible_truncation, reason = "the way back finds any loss")]
pub(super) fn float4(
    column: &Column,
    row: usize,
    source: &DataType,
    exact: bool,
) -> Result<f32, Misfit> {
    match column {
        Column::Float64(values) => {
            let value = values.values()[row];
            let narrow = value as f32;
            if narrow.is_infinite() && value.is_finite() {
                return Err(Misfit::new("is out of the range of real"));
            }
            let is_same = !exact || f64::from(narrow) == value || value.is_nan();
            is_same.then_some(narrow).ok_or_else(|| too_precise("real"))
        }
        Column::Utf8(_) | Column::Decimal128(_) => {
            let text = display(column, row, source);
            let value = parse::<f32>(&text)?;
            let is_same = !exact || spells(&text, |digits| format!("{value:.digits$e}"));
            is_same.then_some(value).ok_or_else(|| too_precise("real"))
        }
        _ => integer::value(column, row)
            .filter(|value| !exact || *value as f32 as i128 == *value)
            .map(|value| value as f32)
            .ok_or_else(|| too_precise("real")),
    }
}

fn too_precise(native: &str) -> Misfit {
    Misfit::inexact(format!("has more digits than {native} holds"))
}

/// Reads a number, or one of NaN and Infinity.
fn parse<T: std::str::FromStr + Into<f64> + Copy>(text: &str) -> Result<T, Misfit> {
    let text = text.trim();
    let value: T = text.parse().map_err(|_| Misfit::new("is no number"))?;
    if value.into().is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit()) {
        return Err(Misfit::new("is out of the range of the column's type"));
    }
    Ok(value)
}

/// Returns true if a float is the number of a text, to as many digits as the text has. `form` writes
/// the float with so many digits after the first one.
fn spells(text: &str, form: impl Fn(usize) -> String) -> bool {
    match Digits::of(text) {
        Some(digits) => Digits::of(&form(digits.significant.len().max(1) - 1)) == Some(digits),
        // NaN and Infinity.
        None => true,
    }
}

/// A number without its sign: the digits that count, and the power of ten of the first one.
#[derive(Debug, PartialEq, Eq)]
struct Digits {
    significant: Vec<u8>,
    power: i64,
}

impl Digits {
    fn of(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches(['-', '+']);
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut significant = [whole.as_bytes(), fraction.as_bytes()].concat();
        if !significant.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let zeros = significant.iter().take_while(|digit| **digit == b'0').count();
        significant.drain(..zeros);
        while significant.last() == Some(&b'0') {
            significant.pop();
        }
        let power =
            if significant.is_empty() { 0 } else { exponent + whole.len() as i64 - zeros as i64 };
        Some(Self { significant, power })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_float_texts_are_recognized() {
        for (text, is_double, is_real) in [
            ("0.1", true, true),
            ("0.10", true, true),
            ("0.10000000000000001", true, false),
            ("1e23", true, true),
            ("-5e-324", true, false),
            ("16777217", true, false),
            ("16777217.5", true, false),
            ("9007199254740993", false, false),
            ("9007199254740992", true, true),
            ("3.14159265358979", true, false),
            ("3.1415927", true, true),
            ("1e-400", false, false),
            ("0", true, true),
            ("-0.0", true, true),
            ("NaN", true, true),
            ("-inf", true, true),
        ] {
            let double: f64 = text.parse().unwrap();
            assert_eq!(spells(text, |digits| format!("{double:.digits$e}")), is_double, "{text}");
            let real: f32 = text.parse().unwrap();
            assert_eq!(spells(text, |digits| format!("{real:.digits$e}")), is_real, "{text}");
        }
    }
}
