//! Types of options in words.

use anyhow::{Result, bail};
use serde_yaml_ng::Number;

use super::markdown::{code, either, flow};
use super::spec::{Schema, Type};

/// Patterns that have a name.
const PATTERNS: [(&str, &str); 2] = [
    ("^[!-~]$", "one ASCII character that is no space"),
    ("^[!-~]?$", "one ASCII character that is no space, or empty"),
];

/// Describes the values that a schema allows, like `integer from 1 to 65535`, in Markdown.
///
/// # Errors
/// Returns an error if the schema has a combination of keywords without a description.
pub(super) fn describe(schema: &Schema) -> Result<String> {
    phrase(schema, false)
}

/// Describes one value, or several.
fn phrase(schema: &Schema, plural: bool) -> Result<String> {
    if let Some(value) = &schema.constant {
        return Ok(code(&flow(value)));
    }
    if let Some(values) = &schema.choices {
        return Ok(either(&values.iter().map(|value| code(&flow(value))).collect::<Vec<_>>()));
    }
    if let Some(choices) = schema.any_of.as_ref().or(schema.one_of.as_ref()) {
        let phrases =
            choices.iter().map(|choice| phrase(choice, plural)).collect::<Result<Vec<_>>>()?;
        return Ok(either(&phrases));
    }
    let types = schema.types.as_ref().map(|types| types.all()).unwrap_or_default();
    let phrases =
        types.iter().map(|kind| one(*kind, schema, plural)).collect::<Result<Vec<_>>>()?;
    let anything = if plural { "values" } else { "anything" };
    Ok(if phrases.is_empty() { anything.to_owned() } else { either(&phrases) })
}

fn one(kind: Type, schema: &Schema, plural: bool) -> Result<String> {
    let noun = |singular: &str| if plural { format!("{singular}s") } else { singular.to_owned() };
    Ok(match kind {
        Type::Null => code("null"),
        Type::Boolean => noun("boolean"),
        Type::Integer => noun("integer") + &range(schema)?,
        Type::Number => noun("number") + &range(schema)?,
        Type::String => text(schema, &noun("text")),
        Type::Array => list(schema, &noun("list"))?,
        Type::Object => match schema.of_other_keys() {
            Some(values) => format!("{} of names to {}", noun("mapping"), phrase(values, true)?),
            None => noun("mapping"),
        },
    })
}

/// Describes a text. An empty text is no value of most options, so `minLength: 1` has no words.
fn text(schema: &Schema, noun: &str) -> String {
    if let Some(pattern) = &schema.pattern {
        let entry = PATTERNS.iter().find(|(regex, _)| regex == pattern);
        return match entry {
            Some((_, words)) => (*words).to_owned(),
            None => format!("{noun} that matches {}", code(pattern)),
        };
    }
    match (schema.min_length.unwrap_or(0), schema.max_length) {
        (1, Some(1)) => "one character".to_owned(),
        (0 | 1, None) => noun.to_owned(),
        (0 | 1, Some(max)) => format!("{noun} of up to {max} characters"),
        (min, None) => format!("{noun} of at least {min} characters"),
        (min, Some(max)) => format!("{noun} of {min} to {max} characters"),
    }
}

fn list(schema: &Schema, noun: &str) -> Result<String> {
    let items = match &schema.items {
        Some(items) => phrase(items, true)?,
        None => "values".to_owned(),
    };
    let count = match (schema.min_items.unwrap_or(0), schema.max_items) {
        (0, None) => String::new(),
        (1, None) => "one or more ".to_owned(),
        (min, None) => format!("{min} or more "),
        (0, Some(max)) => format!("up to {max} "),
        (min, Some(max)) => format!("{min} to {max} "),
    };
    let unique = if schema.unique_items { ", no two alike" } else { "" };
    Ok(format!("{noun} of {count}{items}{unique}"))
}

/// Describes the bounds of a number, after a space.
fn range(schema: &Schema) -> Result<String> {
    let Schema { minimum, maximum, exclusive_minimum, exclusive_maximum, .. } = schema;
    let low = bound(minimum.as_ref(), exclusive_minimum.as_ref(), ["from", "above"])?;
    let high = bound(maximum.as_ref(), exclusive_maximum.as_ref(), ["to", "below"])?;
    Ok(match (low, high) {
        (None, None) => String::new(),
        (Some(("from", low)), None) => format!(", at least {low}"),
        (None, Some(("to", high))) => format!(", at most {high}"),
        (Some(("above", low)), Some(("to", high))) => format!(" above {low}, up to {high}"),
        (low, high) => {
            let words = low.iter().chain(&high).map(|(word, value)| format!(" {word} {value}"));
            words.collect()
        }
    })
}

fn bound<'w>(
    inclusive: Option<&Number>,
    exclusive: Option<&Number>,
    [from, above]: [&'w str; 2],
) -> Result<Option<(&'w str, String)>> {
    match (inclusive, exclusive) {
        (Some(_), Some(_)) => bail!("a number has two bounds on one side"),
        (Some(value), None) => Ok(Some((from, value.to_string()))),
        (None, Some(value)) => Ok(Some((above, value.to_string()))),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_described_with_their_bounds() {
        for (schema, words) in [
            ("{}", "anything"),
            ("{type: string, minLength: 1}", "text"),
            ("{type: string, maxLength: 64}", "text of up to 64 characters"),
            ("{type: string, minLength: 1, maxLength: 1}", "one character"),
            ("{type: string, pattern: '^[!-~]$'}", "one ASCII character that is no space"),
            ("{type: string, pattern: '^a|b$'}", "text that matches `^a|b$`"),
            ("{type: integer, minimum: 1, maximum: 65535}", "integer from 1 to 65535"),
            ("{type: integer, minimum: 1}", "integer, at least 1"),
            ("{type: number, maximum: 0.5}", "number, at most 0.5"),
            ("{type: number, exclusiveMinimum: 0}", "number above 0"),
            ("{type: number, exclusiveMinimum: 0, maximum: 60}", "number above 0, up to 60"),
            ("{type: number, minimum: 0, exclusiveMaximum: 1}", "number from 0 below 1"),
            ("{type: [string, number]}", "text or number"),
            ("{enum: [error, 'null', 3]}", "`error`, `\"null\"` or `3`"),
            ("{const: 1}", "`1`"),
            (
                "{anyOf: [{type: boolean}, {type: array, items: {type: string}}]}",
                "boolean or list of texts",
            ),
            (
                "{type: array, items: {type: integer, minimum: 0}, minItems: 1, uniqueItems: true}",
                "list of one or more integers, at least 0, no two alike",
            ),
            ("{type: array, maxItems: 3}", "list of up to 3 values"),
            (
                "{type: object, additionalProperties: {type: [string, boolean]}}",
                "mapping of names to texts or booleans",
            ),
            ("{type: object, additionalProperties: false, properties: {a: {}}}", "mapping"),
        ] {
            let parsed: Schema = serde_yaml_ng::from_str(schema).unwrap();
            assert_eq!(describe(&parsed).unwrap(), words, "{schema}");
        }
    }
}
