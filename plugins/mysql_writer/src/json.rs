//! JSON texts that MySQL does not keep as they are: it makes floats of its numbers, and one of
//! equal keys.

use std::collections::HashSet;

use crate::literal::Misfit;
use crate::number;

/// Returns why MySQL would change the meaning of a text. A text that is no JSON
/// is left to the server.
pub(crate) fn check(text: &[u8]) -> Result<(), Misfit> {
    // Keys of each object that is open; none for an array.
    let mut open: Vec<Option<HashSet<String>>> = Vec::new();
    let mut is_key = false;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'{' => {
                open.push(Some(HashSet::new()));
                is_key = true;
            }
            b'[' => {
                open.push(None);
                is_key = false;
            }
            b'}' | b']' => drop(open.pop()),
            b',' => is_key = matches!(open.last(), Some(Some(_))),
            b':' => is_key = false,
            b'"' => {
                let end = string(&text[at..]);
                let key = &text[at..at + end];
                if is_key
                    && let Some(Some(keys)) = open.last_mut()
                    && let Ok(key) = serde_json::from_slice::<String>(key)
                    && let Some(twice) = keys.replace(key)
                {
                    return Err(format!("JSON with the key {twice:?} twice, and MySQL keeps one"));
                }
                at += end;
                continue;
            }
            b'-' | b'0'..=b'9' => {
                let end = text[at..]
                    .iter()
                    .position(|b| !matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
                let number = &text[at..end.map_or(text.len(), |end| at + end)];
                if !is_exact(number) {
                    return Err(format!(
                        "the number {} in JSON, which MySQL would round; write it as a text",
                        String::from_utf8_lossy(number)
                    ));
                }
                at += number.len();
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The length of a string with its quotes.
fn string(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        at += if byte == b'\\' { 2 } else { 1 };
        if byte == b'"' {
            break;
        }
    }
    at.min(text.len())
}

/// Integers of 64 bits are kept, others become floats.
fn is_exact(text: &[u8]) -> bool {
    let fits = std::str::from_utf8(text)
        .is_ok_and(|text| text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok());
    // What is no number is no JSON.
    fits || number::Number::parse(text).is_none() || number::float(text, false).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_that_mysql_would_change_is_rejected() {
        for good in [
            r#"{"a": [1, 2.50, -1e3, 18446744073709551615], "b": {"a": "12345678901234567890123"}}"#,
            r#"[{"a": 1}, {"a": 1}]"#,
            r#"{"a": {"a": 1}, "b\"": "a", "c": ["b\"", "a"]}"#,
            "-9223372036854775808",
            "",
            "no JSON",
            r#""open"#,
        ] {
            assert_eq!(check(good.as_bytes()), Ok(()), "{good}");
        }
        for bad in [
            "12345678901234567890123",
            r#"{"a": [0.12345678901234567890]}"#,
            "1e999",
            r#"{"a": 1, "b": [], "a": 2}"#,
            r#"{"a": 1, "\u0061": 2}"#,
        ] {
            assert!(check(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
