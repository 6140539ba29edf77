//! Texts and values in Markdown and YAML.

use serde_yaml_ng::{Mapping, Value};

/// Characters that Markdown would take for formatting; an underscore is text within a word.
const SPECIAL: [char; 7] = ['\\', '*', '<', '[', ']', '#', '~'];

/// Escapes a description outside of its code spans. Folded lines become one.
pub(super) fn text(description: &str) -> String {
    let line = description.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts: Vec<&str> = line.split('`').collect();
    let mut escaped = String::new();
    for (index, part) in parts.iter().enumerate() {
        // The text after an odd number of backticks is code, if another backtick follows.
        let is_code = index % 2 == 1 && index + 1 < parts.len();
        match (index, index % 2 == 1 && !is_code) {
            (0, _) => {}
            (_, true) => escaped.push_str("\\`"),
            (_, false) => escaped.push('`'),
        }
        let mut before = None;
        for (at, char) in part.char_indices() {
            let after = part[at + char.len_utf8()..].chars().next();
            let in_word = before.is_some_and(char::is_alphanumeric)
                && after.is_some_and(char::is_alphanumeric);
            if !is_code && (SPECIAL.contains(&char) || char == '_' && !in_word) {
                escaped.push('\\');
            }
            escaped.push(char);
            before = Some(char);
        }
    }
    escaped
}

/// Formats a literal as a code span.
pub(super) fn code(literal: &str) -> String {
    match literal.contains('`') {
        true => format!("`` {literal} ``"),
        false => format!("`{literal}`"),
    }
}

/// Formats a row of a table. The cells are Markdown.
pub(super) fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Formats a table with its header. The cells are Markdown.
pub(super) fn table(header: [&str; 4], rows: &[[String; 4]]) -> String {
    let mut table = row(&header) + "|---|---|---|---|\n";
    for cells in rows {
        table.push_str(&row(&cells.each_ref().map(String::as_str)));
    }
    table
}

/// Joins phrases like `a, b or c`.
pub(super) fn either(phrases: &[String]) -> String {
    join(phrases, "or")
}

/// Joins phrases like `a, b and c`.
pub(super) fn all(phrases: &[String]) -> String {
    join(phrases, "and")
}

fn join(phrases: &[String], word: &str) -> String {
    match phrases {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

/// Formats a mapping with one line for each of its keys, each after `indent` spaces.
pub(super) fn yaml(mapping: &Mapping, indent: usize) -> String {
    let line = |(key, value): (&Value, &Value)| {
        let key = flow(key);
        let value = match value {
            Value::String(text) => scalar(text, false),
            other => flow(other),
        };
        format!("{:indent$}{key}: {value}\n", "")
    };
    mapping.iter().map(line).collect()
}

/// Formats a value in YAML on one line.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Sequence(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Value::Mapping(mapping) => {
            let entry = |(key, value)| format!("{}: {}", flow(key), flow(value));
            format!("{{{}}}", mapping.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => scalar(text, true),
        other => serialized(other),
    }
}

/// Formats a text without quotes if YAML reads the text itself back and readers expect no quotes,
/// else as in JSON, which is YAML as well.
fn scalar(text: &str, in_flow: bool) -> String {
    let is_plain = serialized(text) == text
        && text.starts_with(char::is_alphanumeric)
        && !(in_flow && text.contains([',', '[', ']', '{', '}']));
    if is_plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

fn serialized(value: impl serde::Serialize) -> String {
    serde_yaml_ng::to_string(&value).map(|text| text.trim_end().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_markdown_are_escaped_outside_of_code() {
        for (description, markdown) in [
            ("usually \\. Before", r"usually \\. Before"),
            ("`a_b` is *not* a_b_", r"`a_b` is \*not\* a_b\_"),
            ("one ` alone", r"one \` alone"),
            ("folded\nlines\n", "folded lines"),
        ] {
            assert_eq!(text(description), markdown);
        }
        assert_eq!(row(&["`||`", "a"]), "| `\\|\\|` | a |\n");
        assert_eq!(code("a`b"), "`` a`b ``");
    }

    #[test]
    fn written_values_read_back() {
        let values: Value = serde_yaml_ng::from_str(
            r##"
            texts: ["", " ", "null", "1", "yes", "true", ",", "a, b", "a: b", "#", "\t", "a\nb", "'", "\"", "@a", "{}", "ü", "-", "a `b`"]
            "a, b": {c: ["d]", [1, 1.5, true, null]], "1": x}
            plain: SELECT a, b FROM c
            none: {}
            "##,
        )
        .unwrap();
        let mapping = values.as_mapping().unwrap();
        let lines: Value = serde_yaml_ng::from_str(&yaml(mapping, 4)).unwrap();
        assert_eq!(lines, values);
        let line: Value = serde_yaml_ng::from_str(&flow(&values)).unwrap();
        assert_eq!(line, values);
        assert!(yaml(mapping, 0).contains("\nplain: SELECT a, b FROM c\n"));
    }
}
