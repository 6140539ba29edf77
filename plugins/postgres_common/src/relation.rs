//! Tables and their names.

use std::fmt;

use osiris_sdk::{Error, Result};

use crate::identifier;

/// Bytes that a name can have, in every server that is not built for longer ones.
const NAME_LENGTH: usize = 63;

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
