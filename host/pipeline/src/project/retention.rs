//! Retention of past runs.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};

/// The runs that a project keeps: those that fulfil either condition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Number of the newest runs that are kept.
    pub keep: Option<usize>,
    /// Age from which other runs are removed.
    pub older_than: Option<SignedDuration>,
}

/// Parses an age like `30d`, `12h` or `2w`.
///
/// # Errors
/// Returns the expected form.
pub fn parse_age(text: &str) -> Result<SignedDuration, &'static str> {
    let age = || {
        let span: Span = text.parse().ok().filter(|span: &Span| !span.is_negative())?;
        let age = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        // An age that reaches back before the calendar is none.
        Timestamp::now().checked_sub(age).ok().map(|_| age)
    };
    age().ok_or("expected a time like `30d`, `12h` or `2w`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn age_is_a_number_with_a_unit() {
        for (text, hours) in [("30d", 720), ("12h", 12), ("2w", 336), ("1d 12h", 36)] {
            assert_eq!(parse_age(text).unwrap().as_hours(), hours, "{text}");
        }
        for text in ["", "30", "d", "1 month", "-3d", "99999999999999d"] {
            assert!(parse_age(text).is_err(), "{text}");
        }
    }
}
