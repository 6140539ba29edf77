//! Escapes text from drivers for terminals and files of lines.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Serialize;

use crate::invisible::is_invisible;

/// Returns the text on one line with invisible characters, such as those that a terminal acts on,
/// written as escapes like `\u{1b}`. Tabs stay.
pub fn escape_control(text: &str) -> Cow<'_, str> {
    let keeps = |c: char| c == '\t' || !is_invisible(c);
    if text.chars().all(keeps) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if keeps(c) {
            safe.push(c);
        } else {
            safe.extend(c.escape_default());
        }
    }
    Cow::Owned(safe)
}

/// Escapes a log message like [`escape_control`], but keeps its lines. Each line after the first is
/// indented, so that none can pose as a record.
pub fn escape_message(text: &str) -> Cow<'_, str> {
    let text = text.trim_end_matches(['\n', '\r']);
    if !text.contains('\n') {
        return escape_control(text);
    }
    let lines: Vec<_> = text
        .split('\n')
        .map(|line| escape_control(line.strip_suffix('\r').unwrap_or(line)))
        .collect();
    Cow::Owned(lines.join("\n    | "))
}

/// Serializes to a line of JSON that is safe to display: characters that a terminal would act on
/// become JSON escapes.
pub fn json_line(value: &impl Serialize) -> String {
    // Serialization can fail only for maps with keys other than text, which no line has.
    escape_control_json(serde_json::to_string(value).unwrap_or_default())
}

/// Makes a JSON document safe to display without changing its meaning. Line breaks stay.
pub fn escape_control_json(document: String) -> String {
    let acts = |c: char| c != '\n' && is_invisible(c);
    // Such characters occur only inside strings, where an escape means the same.
    if !document.chars().any(acts) {
        return document;
    }
    let mut safe = String::with_capacity(document.len() + 16);
    for c in document.chars() {
        if acts(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string never fails.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_controls_are_escaped() {
        assert_eq!(
            escape_control("a\x1b[2Jb\u{9b}c\u{202e}d\te"),
            r"a\u{1b}[2Jb\u{9b}c\u{202e}d	e"
        );
        assert_eq!(escape_control("a\nb\rc"), r"a\nb\rc");
        assert_eq!(escape_control("\u{61c}\u{200b}\u{e0041}"), r"\u{61c}\u{200b}\u{e0041}");
        assert!(matches!(escape_control("žluťoučký 🐎"), Cow::Borrowed(_)));
    }

    #[test]
    fn continuation_lines_cannot_look_like_records() {
        let forged = "first\r\n2026-01-31T08:05:09.123Z INFO  [x] forged\n";
        assert_eq!(
            escape_message(forged),
            "first\n    | 2026-01-31T08:05:09.123Z INFO  [x] forged"
        );
    }

    #[test]
    fn escaped_json_parses_to_the_same_value() {
        let value = serde_json::json!({"a\u{7f}": "\u{9b}\u{2028}\u{1b}é\u{e0041}\u{61c}"});
        let line = json_line(&value);
        assert!(!line.chars().any(is_invisible), "{line}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
        let pretty = escape_control_json(serde_json::to_string_pretty(&value).unwrap());
        assert!(pretty.lines().count() == 3 && !pretty.contains('\u{9b}'), "{pretty}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&pretty).unwrap(), value);
    }
}
