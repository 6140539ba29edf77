//! Options of a driver, or fields of its connection: a table, and long descriptions below.

use anyhow::{Context, Result, bail, ensure};
use serde_yaml_ng::Value;

use super::markdown::{all, code, flow, table, text};
use super::spec::{CONNECTION, Schema, Type};
use super::types::describe;

/// Characters of the longest description that is shown in the table as a whole.
const SHORT: usize = 160;

/// An option, or a field of a connection.
pub(super) struct Entry {
    /// Key, with those of the mappings around the entry: `incremental.cursor`.
    key: String,
    /// Allowed values, in Markdown.
    kind: String,
    /// Default, in Markdown.
    default: String,
    /// Description, in Markdown.
    description: Description,
}

/// The parts of a description.
struct Description {
    /// Text before the meanings of single values.
    text: String,
    /// Meanings of single values.
    values: Vec<(String, String)>,
}

impl Entry {
    /// Creates an entry that no schema has.
    pub(super) fn new(key: &str, kind: &str, default: &str, description: &str) -> Self {
        let description = Description { text: description.to_owned(), values: Vec::new() };
        Self {
            key: key.to_owned(),
            kind: kind.to_owned(),
            default: default.to_owned(),
            description,
        }
    }

    /// Adds the entries of a schema's keys, and of the keys of nested mappings. `prefix` is put
    /// before each key. The key of the connection is left out, as users never write that key.
    ///
    /// # Errors
    /// Returns an error if a schema cannot be described.
    pub(super) fn collect(schema: &Schema, prefix: &str, entries: &mut Vec<Self>) -> Result<()> {
        let condition = requirement(schema)?;
        let options = schema.properties.iter().filter(|(name, _)| *name != CONNECTION);
        for (name, option) in options {
            let key = format!("{prefix}{name}");
            let context = || format!("cannot describe the option `{key}`");
            let default = match (&option.default, &condition) {
                (Some(value), _) => code(&flow(value)),
                _ if schema.required.contains(name) => "required".to_owned(),
                (None, Some((required, words))) if required.contains(name) => words.clone(),
                _ => String::new(),
            };
            entries.push(Self {
                kind: describe(option).with_context(context)?,
                default,
                description: Description::of(option).with_context(context)?,
                key: key.clone(),
            });
            let nested = [
                (Some(option), "."),
                (option.items.as_deref(), "[]."),
                (option.of_other_keys(), ".NAME."),
            ];
            for (nested, separator) in nested {
                if let Some(nested) = nested {
                    Self::collect(nested, &format!("{key}{separator}"), entries)?;
                }
            }
        }
        Ok(())
    }

    /// Returns whether the table shows only the beginning of the description.
    fn is_long(&self) -> bool {
        let Description { text, values } = &self.description;
        let is_cut = text.chars().count() > SHORT && self.description.first() != text;
        !values.is_empty() || is_cut
    }
}

impl Description {
    /// Splits a description into the text and the meanings of single values, which sentences like
    /// `error: the step fails.` give.
    ///
    /// # Errors
    /// Returns an error if the description does not begin with a text.
    fn of(option: &Schema) -> Result<Self> {
        let labels = labels(option);
        let mut description = Self { text: String::new(), values: Vec::new() };
        for sentence in sentences(&option.description) {
            let labelled = labels.iter().find_map(|(words, label)| {
                Some((label, sentence.strip_prefix(words.as_str())?.strip_prefix(": ")?))
            });
            match (labelled, description.values.last_mut()) {
                (Some((label, meaning)), _) => {
                    description.values.push((label.clone(), text(meaning)));
                }
                (None, Some((_, meaning))) => push(meaning, sentence),
                (None, None) => push(&mut description.text, sentence),
            }
        }
        ensure!(
            !description.text.is_empty(),
            "its `description` has to begin with a sentence on the option itself"
        );
        Ok(description)
    }

    /// Returns the first sentence of the text.
    fn first(&self) -> &str {
        sentences(&self.text).next().unwrap_or_default()
    }
}

/// Returns the words with which descriptions name values of an option, each with the label of the
/// value in Markdown.
fn labels(option: &Schema) -> Vec<(String, String)> {
    if let Some(values) = &option.choices {
        let texts = values.iter().filter_map(Value::as_str);
        return texts.map(|value| (value.to_owned(), code(&flow(&value.into())))).collect();
    }
    let choices = option.any_of.iter().chain(&option.one_of).flatten();
    let types = std::iter::once(option).chain(choices).filter_map(|choice| choice.types.as_ref());
    let labels = types.flat_map(|types| types.all()).flat_map(|kind| match kind {
        Type::Boolean => ["true", "false"].as_slice(),
        Type::Integer | Type::Number => &["A number"],
        Type::String => &["A text"],
        Type::Array => &["A list"],
        Type::Object => &["A mapping"],
        Type::Null => &["null"],
    });
    let label = |words: &&str| match words.starts_with("A ") {
        true => ((*words).to_owned(), (*words).to_owned()),
        false => ((*words).to_owned(), code(words)),
    };
    labels.map(label).collect()
}

/// Adds a sentence in Markdown.
fn push(paragraph: &mut String, sentence: &str) {
    if !paragraph.is_empty() {
        paragraph.push(' ');
    }
    paragraph.push_str(&text(sentence));
}

/// Splits a description after each full stop that ends a word.
fn sentences(description: &str) -> impl Iterator<Item = &str> {
    description.split_inclusive(". ").map(str::trim).filter(|sentence| !sentence.is_empty())
}

/// Returns the keys that one value of another key requires, with the words for that condition.
fn requirement(schema: &Schema) -> Result<Option<(&[String], String)>> {
    let (condition, then) = match (&schema.condition, &schema.then) {
        (Some(condition), Some(then)) => (condition, then),
        (None, None) => return Ok(None),
        _ => bail!("the schema has `if` without `then`, or `then` without `if`"),
    };
    let mut phrases = Vec::new();
    for (name, option) in &condition.properties {
        let Some(value) = &option.constant else {
            bail!("cannot describe the schema's `if`: `{name}` has no `const`");
        };
        phrases.push(format!("{} is {}", code(name), code(&flow(value))));
    }
    Ok(Some((&then.required, format!("required if {}", all(&phrases)))))
}

/// Formats entries as a table with the long descriptions below. `noun` begins their headings:
/// `Option`.
pub(super) fn render(entries: &[Entry], noun: &str) -> String {
    let rows: Vec<[String; 4]> = entries
        .iter()
        .map(|entry| {
            let Entry { key, kind, default, description } = entry;
            let (key, meaning) = match entry.is_long() {
                true => (format!("[{}](#{})", code(key), anchor(noun, key)), description.first()),
                false => (code(key), description.text.as_str()),
            };
            [key, kind.clone(), default.clone(), meaning.to_owned()]
        })
        .collect();
    let mut page = table(["Key", "Type", "Default", "Meaning"], &rows);
    page.push_str(&notation(entries));
    for Entry { key, description, .. } in entries.iter().filter(|entry| entry.is_long()) {
        page.push_str(&format!("\n### {noun} {}\n\n", code(key)));
        page.push_str(&format!("{}\n", description.text));
        if !description.values.is_empty() {
            page.push('\n');
        }
        for (value, meaning) in &description.values {
            page.push_str(&format!("- {value}: {meaning}\n"));
        }
    }
    page
}

/// Explains keys of nested mappings.
fn notation(entries: &[Entry]) -> String {
    let has_key_with = |part: &str| entries.iter().any(|entry| entry.key.contains(part));
    let mut sentences = Vec::new();
    if has_key_with(".") {
        sentences.push("A key with dots lies in nested mappings: `a.b` is written `a: {b: ...}`.");
    }
    if has_key_with("[].") {
        sentences.push("`a[].b` is the key `b` in each element of the list `a`.");
    }
    if has_key_with(".NAME.") {
        sentences.push("In `a.NAME.b`, NAME is a name of your choice.");
    }
    if sentences.is_empty() { String::new() } else { format!("\n{}\n", sentences.join(" ")) }
}

/// Returns the anchor that GitHub gives to a heading.
fn anchor(noun: &str, key: &str) -> String {
    let heading = format!("{noun}-{key}").to_lowercase();
    heading.chars().filter(|char| char.is_alphanumeric() || "-_".contains(*char)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(schema: &str) -> Result<Vec<Entry>> {
        let mut entries = Vec::new();
        Entry::collect(&serde_yaml_ng::from_str(schema)?, "", &mut entries)?;
        Ok(entries)
    }

    #[test]
    fn keywords_without_a_description_are_errors() {
        for (schema, message) in [
            ("{properties: {a: {type: string, format: date}}}", "unknown field `format`"),
            ("{if: {properties: {a: {type: string}}}, then: {}}", "`a` has no `const`"),
            (
                "{properties: {a: {enum: [b, c], description: 'b: so. c: not.'}}}",
                "begin with a sentence",
            ),
            ("{then: {}}", "`then` without `if`"),
            (
                "{properties: {a: {type: integer, minimum: 1, exclusiveMinimum: 1}}}",
                "the option `a`: a number has two bounds",
            ),
        ] {
            let error = entries(schema).err().map(|error| format!("{error:#}")).unwrap_or_default();
            assert!(error.contains(message), "{schema}: {error}");
        }
    }

    #[test]
    fn dots_within_a_sentence_do_not_end_it() {
        let actual: Vec<_> = sentences("Ends in .gz or 1.5. Next: e. \n").collect();
        assert_eq!(actual, ["Ends in .gz or 1.5.", "Next: e."]);
    }
}
