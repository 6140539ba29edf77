//! Writes canonical YAML: the same bytes for the same value on every machine, which parse to the
//! same value again.

use saphyr::{Mapping, Scalar, Yaml, YamlEmitter};
use saphyr_parser::ScalarStyle;
use serde_json::Value;

/// Formats a value as YAML: block style, sorted keys, `---` at the start and a newline at the end.
pub fn to_string(value: &Value) -> String {
    let mut text = String::new();
    let written = YamlEmitter::new(&mut text).dump(&to_yaml(value));
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
    text.push('\n');
    text
}

fn to_yaml(value: &Value) -> Yaml<'_> {
    match value {
        Value::Null => Yaml::Value(Scalar::Null),
        Value::Bool(value) => Yaml::Value(Scalar::Boolean(*value)),
        // Formatted as in JSON, because the library has no unsigned integers.
        Value::Number(number) => verbatim(number.to_string()),
        Value::String(text) => string(text),
        Value::Array(items) => Yaml::Sequence(items.iter().map(to_yaml).collect()),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let mut mapping = Mapping::new();
            for (key, value) in entries {
                mapping.insert(string(key), to_yaml(value));
            }
            Yaml::Mapping(mapping)
        }
    }
}

fn string(text: &str) -> Yaml<'_> {
    if text.chars().any(needs_escape) {
        verbatim(escaped(text))
    } else {
        Yaml::Value(Scalar::String(text.into()))
    }
}

fn verbatim(text: String) -> Yaml<'static> {
    Yaml::Representation(text.into(), ScalarStyle::Plain, None)
}

/// Returns whether the library would write a character unescaped although it is invisible or not
/// allowed in a file.
fn needs_escape(character: char) -> bool {
    matches!(
        character,
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    )
}

/// Returns a double-quoted text. JSON's escapes are also valid in YAML.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in Value::from(text).to_string().chars() {
        if needs_escape(character) {
            out.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            out.push(character);
        }
    }
    out
}
