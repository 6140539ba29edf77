//! Environment variables, with the file that sets them.

use std::path::PathBuf;

/// A variable with a value.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// The value, never empty. May be a secret.
    pub value: String,
    /// The `.env` file that sets the variable. `None` if the variable is exported or set by the
    /// command.
    pub file: Option<PathBuf>,
}

impl Variable {
    /// Creates an exported variable.
    pub fn exported(value: String) -> Self {
        Self { value, file: None }
    }

    /// Returns whether this variable may decide the destination of a secret. A `.env` file may do
    /// so for its own secrets only: the `.env` of another author's project must not redirect the
    /// user's secrets.
    pub fn may_lead(&self, secret: &Self) -> bool {
        self.file.is_none() || self.file == secret.file
    }
}
