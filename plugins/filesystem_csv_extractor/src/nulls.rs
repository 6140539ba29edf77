//! Which fields are missing values.

use std::cell::Cell;
use std::collections::HashSet;

/// A field without text and without quotes is missing, and so is what the
/// configuration names. `NA`, `NULL` and their like are text unless they are
/// named: they may be someone's name. In a column of text quotes say the same
/// of a text that is named, unless the configuration says otherwise; in other
/// columns they say nothing.
#[derive(Debug, Default)]
pub(crate) struct Nulls {
    names: HashSet<Vec<u8>>,
    /// Bit `n` is set if a name has `n` bytes, the last one if any has more:
    /// most values are told from all names by their length.
    lengths: u64,
    quoted: bool,
    /// Texts that only their quotes kept from being missing.
    kept: Cell<u64>,
}

impl Nulls {
    /// The fields that the configuration names, and whether they mean a
    /// missing value with quotes in a column of text.
    pub(crate) fn new(names: &[String], quoted: bool) -> Self {
        let lengths = names.iter().fold(0, |bits, name| bits | bit(name.len()));
        let names = names.iter().map(|name| name.clone().into_bytes()).collect();
        Self { names, lengths, quoted, kept: Cell::new(0) }
    }

    /// Whether a field as it stands in the file cannot be missing.
    #[inline(always)]
    pub(crate) fn is_value(&self, field: &[u8]) -> bool {
        !field.is_empty() && self.lengths & bit(field.len()) == 0
    }

    /// Whether a text, which had quotes in the file or not, is missing in a
    /// column of text.
    #[inline]
    pub(crate) fn is_null_text(&self, text: &[u8], quoted: bool) -> bool {
        if text.is_empty() {
            return !quoted || self.is_named(b"");
        }
        let named = self.is_named(text);
        if named && quoted && !self.quoted {
            self.kept.set(self.kept.get() + 1);
            return false;
        }
        named
    }

    /// Whether a text is missing in a column of another type.
    #[inline]
    pub(crate) fn is_null(&self, text: &[u8]) -> bool {
        text.is_empty() || self.is_named(text)
    }

    /// How many texts only their quotes kept from being missing.
    pub(crate) fn kept(&self) -> u64 {
        self.kept.get()
    }

    #[inline]
    fn is_named(&self, text: &[u8]) -> bool {
        self.lengths & bit(text.len()) != 0 && self.names.contains(text)
    }
}

#[inline(always)]
fn bit(length: usize) -> u64 {
    1 << length.min(63)
}
