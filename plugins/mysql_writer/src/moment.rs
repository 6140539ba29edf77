//! Dates and times as texts, in the one form that the server cannot take for another.

use crate::literal::Misfit;
use crate::syntax::Syntax;

/// Writes a text into a column of dates.
pub(crate) fn date(text: &[u8], syntax: Syntax, out: &mut Vec<u8>) -> Result<(), Misfit> {
    if !is_date(text) {
        return Err(odd(text, "a date as `YYYY-MM-DD`"));
    }
    syntax.text(text, out);
    Ok(())
}

/// Writes a text into a column of dates with times, to so many digits after the seconds.
pub(crate) fn date_time(
    text: &[u8],
    decimals: u8,
    syntax: Syntax,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let form = "a time as `YYYY-MM-DD hh:mm:ss`, without a zone";
    let Some((date, rest)) = text.split_at_checked(10) else { return Err(odd(text, form)) };
    let is_good = is_date(date)
        && match rest {
            [] => true,
            [b' ' | b'T', hours @ ..] => {
                hours.get(2) == Some(&b':') && has_clock(hours, text, decimals)?
            }
            _ => false,
        };
    if !is_good {
        return Err(odd(text, form));
    }
    syntax.text(text, out);
    Ok(())
}

/// Writes a text into a column of times, to so many digits after the seconds.
pub(crate) fn time(
    text: &[u8],
    decimals: u8,
    syntax: Syntax,
    out: &mut Vec<u8>,
) -> Result<(), Misfit> {
    let clock = text.strip_prefix(b"-").unwrap_or(text);
    if !has_clock(clock, text, decimals)? {
        return Err(odd(text, "a time as `hh:mm:ss`"));
    }
    syntax.text(text, out);
    Ok(())
}

/// Writes a text into a column of years.
pub(crate) fn year(text: &[u8], syntax: Syntax, out: &mut Vec<u8>) -> Result<(), Misfit> {
    if text.len() != 4 || !text.iter().all(u8::is_ascii_digit) {
        return Err(odd(text, "a year of four digits"));
    }
    syntax.text(text, out);
    Ok(())
}

fn is_date(text: &[u8]) -> bool {
    matches!(text, [_, _, _, _, b'-', _, _, b'-', _, _])
        && text.iter().enumerate().all(|(at, byte)| matches!(at, 4 | 7) || byte.is_ascii_digit())
}

/// Returns whether it is hours, minutes and perhaps seconds with a fraction.
fn has_clock(clock: &[u8], text: &[u8], decimals: u8) -> Result<bool, Misfit> {
    let (whole, fraction) = match clock.iter().position(|byte| *byte == b'.') {
        Some(at) => (&clock[..at], &clock[at + 1..]),
        None => (clock, &[][..]),
    };
    let mut parts = whole.split(|byte| *byte == b':');
    let is_number = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let hours = parts.next().is_some_and(|part| (1..=3).contains(&part.len()) && is_number(part));
    let rest: Vec<_> = parts.collect();
    let is_pair = |part: &&[u8]| part.len() == 2 && is_number(part);
    let has_seconds = rest.len() == 2;
    if !hours
        || !(1..=2).contains(&rest.len())
        || !rest.iter().all(is_pair)
        || !is_number(fraction)
        || whole.len() < clock.len() && !has_seconds
    {
        return Ok(false);
    }
    let digits = fraction.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    if digits > decimals.into() {
        return Err(format!(
            "{:?} has more digits after the seconds than the {decimals} of the column",
            String::from_utf8_lossy(text)
        ));
    }
    Ok(true)
}

fn odd(text: &[u8], form: &str) -> Misfit {
    format!("{:?} is not {form}", String::from_utf8_lossy(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_and_time_forms_are_recognized() {
        let mut out = Vec::new();
        for (text, is_date, is_moment, is_time) in [
            ("2024-01-02", true, true, false),
            ("2024-01-02 10:11:12", false, true, false),
            ("2024-01-02T10:11:12.500", false, true, false),
            ("2024-01-02 10:11", false, true, false),
            ("2024-01-02 10:11:12.7001", false, false, false),
            ("2024-01-02 10:11:12+05:00", false, false, false),
            ("2024-01-02 10:11:12Z", false, false, false),
            ("2024-01-02 110:11:12", false, false, false),
            ("10:11:12", false, false, true),
            ("-838:59:59.001", false, false, true),
            ("10:11:12.0001", false, false, false),
            ("10:11.5", false, false, false),
            ("10", false, false, false),
            ("101112", false, false, false),
            ("24-01-02", false, false, false),
            ("2024/01/02", false, false, false),
            ("2024-1-2", false, false, false),
            ("20240102", false, false, false),
            ("", false, false, false),
        ] {
            let text = text.as_bytes();
            assert_eq!(date(text, Syntax::Insert, &mut out).is_ok(), is_date, "{text:?}");
            assert_eq!(date_time(text, 3, Syntax::Insert, &mut out).is_ok(), is_moment, "{text:?}");
            assert_eq!(time(text, 3, Syntax::Insert, &mut out).is_ok(), is_time, "{text:?}");
        }
        assert!(year(b"1970", Syntax::Insert, &mut out).is_ok());
        assert!(year(b"70", Syntax::Insert, &mut out).is_err());
    }
}
