//! Resolves plain scalars by the core schema of YAML 1.2.2, §10.3.2.

use serde_json::Number;

use super::Value;

/// Resolves an untagged plain scalar.
///
/// # Errors
/// Returns an error if a number cannot be represented: numbers are never rounded to fit.
pub(super) fn plain(text: &str) -> Result<Value, &'static str> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => match number(text) {
            Some(number) => Value::Number(number?),
            None => Value::Text(text.to_owned()),
        },
    })
}

const TOO_LARGE: &str = "does not fit in 64 bits";

/// Parses a number. Returns `None` if the text does not have the form of a number.
fn number(text: &str) -> Option<Result<Number, &'static str>> {
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Err("is not finite"));
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        let parsed = text.parse::<i64>().map(Number::from);
        let parsed = parsed.or_else(|_| text.parse::<u64>().map(Number::from));
        return Some(parsed.map_err(|_| TOO_LARGE));
    }
    is_float(unsigned).then(|| {
        let parsed = text.parse::<f64>().ok();
        parsed.and_then(Number::from_f64).ok_or("exceeds the range of a 64-bit float")
    })
}

fn radix(digits: &str, radix: u32) -> Option<Result<Number, &'static str>> {
    let valid = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    valid.then(|| u64::from_str_radix(digits, radix).map(Number::from).map_err(|_| TOO_LARGE))
}

/// Matches `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`.
fn is_float(text: &str) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let exponent_is_valid = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    exponent_is_valid
        && digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        let table = [
            ("~", "null"),
            ("True", "true"),
            ("yes", "\"yes\""),
            ("0o17", "15"),
            ("0xFF", "255"),
            ("+12", "12"),
            ("-0", "0"),
            ("007", "7"),
            ("9223372036854775807", "9223372036854775807"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("1.", "1.0"),
            (".5", "0.5"),
            ("1e3", "1000.0"),
            ("-1.5E-2", "-0.015"),
            (".", "\".\""),
            ("e3", "\"e3\""),
            ("-", "\"-\""),
            ("1.2.3", "\"1.2.3\""),
            ("1_000", "\"1_000\""),
            ("2024-01-01", "\"2024-01-01\""),
            ("0x", "\"0x\""),
            ("NaN", "\"NaN\""),
        ];
        for (text, expected) in table {
            let node = super::super::Node {
                position: super::super::Position { line: 1, column: 1 },
                value: plain(text).unwrap(),
            };
            assert_eq!(node.to_json().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn too_large_numbers_are_rejected() {
        for text in ["18446744073709551616", "-9223372036854775809", "0xFFFFFFFFFFFFFFFFF"] {
            assert_eq!(plain(text), Err(TOO_LARGE), "{text}");
        }
        assert!(plain("1e999").is_err());
        assert!(plain("-.inf").is_err());
        assert!(plain(".nan").is_err());
    }
}
