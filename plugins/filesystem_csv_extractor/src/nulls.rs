//! Which fields are missing values.

use crate::split::Raw;

/// A field without text and without quotes is missing, and so is what the
/// configuration names, in quotes or not. `NA`, `NULL` and their like are text
/// unless they are named: they may be someone's name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nulls {
    names: Vec<Vec<u8>>,
}

impl Nulls {
    /// The fields that the configuration names.
    pub(crate) fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self { names: names.into_iter().map(String::into_bytes).collect() }
    }

    /// Whether there are no names, so that only empty fields are missing.
    #[inline]
    pub(crate) fn only_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether a field is missing.
    #[inline]
    pub(crate) fn is_null(&self, field: Raw<'_>) -> bool {
        (field.text.is_empty() && !field.quoted) || self.is_named(field.text)
    }

    #[inline]
    fn is_named(&self, text: &[u8]) -> bool {
        self.names.iter().any(|name| name == text)
    }
}
