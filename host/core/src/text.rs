//! Formatting of values from outside for messages.

use crate::invisible::is_invisible;

/// Maximum characters shown of a value.
const SHOWN: usize = 60;

/// Quotes a value in backticks, truncated if long and with control characters escaped, so that no input can
/// control a terminal.
pub fn quoted(text: &str) -> String {
    let mut shown = String::from("`");
    for (count, character) in text.chars().enumerate() {
        if count == SHOWN {
            shown.push('…');
            break;
        }
        if is_invisible(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown.push('`');
    shown
}

/// Joins items: `a`, `a or b`, `a, b or c`.
pub fn join_or<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [init @ .., last] => {
            let init: Vec<&str> = init.iter().map(AsRef::as_ref).collect();
            format!("{} or {}", init.join(", "), last.as_ref())
        }
    }
}

/// Returns the most similar candidate. Returns `None` if none is similar enough.
pub fn closest_match<'c>(
    text: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let length = text.chars().count();
    if length > SHOWN {
        return None;
    }
    let folded = text.to_lowercase();
    let allowed = (length / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 4 * SHOWN)
        .map(|candidate| {
            (strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate)
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Formats a size like `1.50 MiB`.
pub fn format_bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if number < 1024 {
        return format!("{number} B");
    }
    let power = (number.ilog2() / 10) as usize;
    format!("{:.2} {}", number as f64 / 1024f64.powi(power as i32), UNITS[power - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_text_is_escaped_and_cut() {
        assert_eq!(quoted("a\x1b[2J"), "`a\\u{1b}[2J`");
        assert_eq!(quoted("a\u{202e}b"), "`a\\u{202e}b`");
        assert_eq!(quoted(&"x".repeat(1000)).chars().count(), SHOWN + 3);
    }

    #[test]
    fn close_match_is_suggested_and_distant_one_not() {
        let keys = ["component", "config", "id"];
        assert_eq!(closest_match("confg", keys), Some("config"));
        assert_eq!(closest_match("Component", keys), Some("component"));
        assert_eq!(closest_match("schedule", keys), None);
        assert_eq!(closest_match(&"config".repeat(1000), keys), None);
    }

    #[test]
    fn sizes_have_a_unit() {
        for (number, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (1_572_864, "1.50 MiB"),
            (u64::MAX, "16.00 EiB"),
        ] {
            assert_eq!(format_bytes(number), text);
        }
    }

    #[test]
    fn lists_are_joined_with_or() {
        assert_eq!(join_or(&["a"]), "a");
        assert_eq!(join_or(&["a", "b", "c"]), "a, b or c");
    }
}
