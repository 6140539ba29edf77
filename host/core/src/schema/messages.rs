//! Messages for values that are not allowed.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use super::describe;
use super::violation::{Fault, Violation};
use crate::text::{closest_match, join_or, quoted};

/// Creates the finding for a value that violates one keyword. `parent` is the schema that holds the
/// keyword.
pub(super) fn finding(error: &ValidationError<'_>, parent: &Value) -> Violation {
    let instance = error.instance();
    let predicate = match error.kind() {
        Kind::Type { kind } => return wrong_type(error, &describe::types(kind), parent),
        Kind::Enum { options } => return not_an_option(error, options, parent),
        Kind::Constant { expected_value } => {
            format!("must be {}", describe::literal(expected_value))
        }
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("must have at least {}", count(*limit, "character")),
        Kind::MaxLength { limit } => format!("must have at most {}", count(*limit, "character")),
        Kind::MinItems { limit } => format!("must have at least {}", count(*limit, "item")),
        Kind::MaxItems { limit } => format!("must have at most {}", count(*limit, "item")),
        Kind::MinProperties { limit } => format!("must have at least {}", count(*limit, "key")),
        Kind::MaxProperties { limit } => format!("must have at most {}", count(*limit, "key")),
        Kind::AdditionalItems { limit } => {
            format!("must have at most {}", count(*limit as u64, "item"))
        }
        Kind::UniqueItems => "contains the same item more than once".to_owned(),
        Kind::Pattern { pattern } => format!("must match the pattern {}", quoted(pattern)),
        Kind::Format { format } => format!("must have the format {}", quoted(format)),
        Kind::PropertyNames { error } => {
            format!("has a key that is not allowed: {}", finding(error, parent).message)
        }
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            format!("is {}, but matches none of the allowed forms", describe::kind(instance))
        }
        Kind::OneOfMultipleValid { .. } => {
            "matches more than one of several forms, but must match exactly one".to_owned()
        }
        Kind::FalseSchema => "is not allowed here".to_owned(),
        // The library's message, with the values masked.
        _ => format!("does not match the schema: {}", error.masked()),
    };
    build(error, &predicate, description(parent))
}

/// Creates the finding for a value of the wrong type.
pub(super) fn wrong_type(
    error: &ValidationError<'_>,
    expected: &[&str],
    parent: &Value,
) -> Violation {
    let value = error.instance().as_ref();
    let predicate = format!("must be {}, but is {}", join_or(expected), describe::kind(value));
    let help = match value {
        Value::Number(_) | Value::Bool(_) if expected.contains(&"text") => {
            Some("put the value in quotes".to_owned())
        }
        Value::String(text) if is_quoted_literal(text, expected) => {
            Some("remove the quotes around the value".to_owned())
        }
        Value::Null if is_cut_off(error.instance_path().as_str()) => Some(
            "a comma ends a value in braces: put the preceding value in quotes, up to its closing bracket"
                .to_owned(),
        ),
        Value::Null => Some("set a value, or remove the key".to_owned()),
        _ => description(parent),
    };
    build(error, &predicate, help)
}

/// Returns whether a key is the remainder of a value that was split at a comma, like `2)` in
/// `{price: decimal(10,2)}`.
fn is_cut_off(pointer: &str) -> bool {
    let key = pointer.rsplit('/').next().unwrap_or_default();
    key.ends_with([')', ']']) && !key.contains(['(', '['])
}

/// Returns whether a text would have an allowed type without its quotes.
fn is_quoted_literal(text: &str, expected: &[&str]) -> bool {
    (expected.contains(&"a whole number") && text.parse::<i64>().is_ok())
        || (expected.contains(&"a number") && text.parse::<f64>().is_ok())
        || (expected.contains(&"true or false") && matches!(text, "true" | "false"))
}

fn not_an_option(error: &ValidationError<'_>, options: &Value, parent: &Value) -> Violation {
    let names = || options.as_array().into_iter().flatten().filter_map(Value::as_str);
    let suggestion = error.instance().as_str().and_then(|text| {
        // A different number is not a typo: `iso-8859-7` is not `iso-8859-1`.
        let is_other = |name: &&str| *name != text && without_digits(name) == without_digits(text);
        closest_match(text, names()).filter(|name| !is_other(name))
    });
    let help = suggestion.map(|suggestion| format!("did you mean `{suggestion}`?"));
    let predicate = format!("must be {}", describe::options(options));
    build(error, &predicate, help.or_else(|| description(parent)))
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn build(error: &ValidationError<'_>, predicate: &str, help: Option<String>) -> Violation {
    let pointer = error.instance_path().as_str().to_owned();
    let subject = match describe::path(&pointer) {
        path if path.is_empty() => "the value".to_owned(),
        path => quoted(&path),
    };
    Violation {
        fault: Fault::InvalidValue,
        pointer,
        message: format!("{subject} {predicate}"),
        help,
        key: None,
        suggestion: None,
    }
}

fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Returns the schema's description of a value, as display text.
fn description(schema: &Value) -> Option<String> {
    schema.get("description").and_then(Value::as_str).map(one_line)
}

/// Returns the first paragraph of a text as one line, without control characters.
pub(super) fn one_line(text: &str) -> String {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = paragraph.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    words.join(" ").trim().chars().take(200).collect()
}
