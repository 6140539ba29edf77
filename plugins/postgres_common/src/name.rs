//! Names and texts within SQL.

use std::fmt;

use osiris_sdk::{Error, Result};

/// Bytes that a name can have, in every server that is not built for longer ones.
const NAME_LENGTH: usize = 63;

/// A name in quotes, whatever is in it.
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in quotes, whatever is in it and however the server reads backslashes.
#[must_use]
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        return format!(" E'{}'", quoted.replace('\\', "\\\\"));
    }
    format!("'{quoted}'")
}

/// Checks that the server would not cut a name, which names something else then. `object` is what
/// is called so.
///
/// # Errors
/// The name is too long.
pub fn check_length(object: &str, name: &str) -> Result<()> {
    if name.len() <= NAME_LENGTH {
        return Ok(());
    }
    Err(Error::config(format!(
        "the name of the {object} {name:?} has {} bytes, and PostgreSQL cuts names after \
         {NAME_LENGTH}; choose a shorter one",
        name.len()
    )))
}

/// A table and its schema. Shown as SQL takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The schema.
    pub schema: String,
    /// The table in it.
    pub name: String,
}

impl Relation {
    /// The table of that name in that schema.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", identifier(&self.schema), identifier(&self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_are_quoted() {
        assert_eq!(identifier("a\"b c"), "\"a\"\"b c\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), " E'a\\\\''b'");
        assert_eq!(Relation::new("S", "t").to_string(), "\"S\".\"t\"");
    }
}
