//! A text that is hidden in messages and `Debug` output.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer};

/// Replacement for a secret.
const MASK: &str = "***";

/// A key or a token. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Creates a secret.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Returns the text itself, for code that needs it, such as masking.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns `text` with this secret masked.
    pub(super) fn mask(&self, text: String) -> String {
        match self.0.is_empty() {
            true => text,
            false => text.replace(&*self.0, MASK),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}
