//! Fields that are missing values.

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
    shapes: Shapes,
    quoted: bool,
    /// Texts that only their quotes kept from being missing.
    kept: Cell<u64>,
}

impl Nulls {
    /// The fields that the configuration names, and whether they mean a
    /// missing value with quotes in a column of text.
    pub(crate) fn new(names: &[String], quoted: bool) -> Self {
        let mut shapes = Shapes::default();
        names.iter().for_each(|name| shapes.add(name.as_bytes()));
        let names = names.iter().map(|name| name.clone().into_bytes()).collect();
        Self { names, shapes, quoted, kept: Cell::new(0) }
    }

    /// Returns whether a field as it stands in the file cannot be missing.
    #[inline(always)]
    pub(crate) fn is_value(&self, field: &[u8]) -> bool {
        !field.is_empty() && (self.names.is_empty() || !self.shapes.may_hold(field))
    }

    /// Returns whether a text, which had quotes in the file or not, is missing
    /// in a column of text.
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

    /// Returns whether a text is missing in a column of another type.
    #[inline]
    pub(crate) fn is_null(&self, text: &[u8]) -> bool {
        text.is_empty() || self.is_named(text)
    }

    /// Number of texts that only their quotes kept from being missing.
    pub(crate) fn kept(&self) -> u64 {
        self.kept.get()
    }

    #[inline]
    fn is_named(&self, text: &[u8]) -> bool {
        !self.names.is_empty() && self.shapes.may_hold(text) && self.names.contains(text)
    }
}

/// Lengths of texts with their first and last bytes: enough to tell nearly all
/// values from all names without a look at the rest.
#[derive(Debug, Default)]
struct Shapes {
    bits: [u64; 32],
}

impl Shapes {
    fn add(&mut self, text: &[u8]) {
        let (word, bit) = Self::place(text);
        self.bits[word] |= bit;
    }

    #[inline(always)]
    fn may_hold(&self, text: &[u8]) -> bool {
        let (word, bit) = Self::place(text);
        self.bits[word] & bit != 0
    }

    #[inline(always)]
    fn place(text: &[u8]) -> (usize, u64) {
        let ends = match text {
            [] => 0,
            [only] => usize::from(*only) * 257,
            [first, .., last] => usize::from(*first) * 256 + usize::from(*last),
        };
        // The upper bits of a product depend on all of the lower ones.
        let hash = (ends * 64 + text.len().min(63)).wrapping_mul(0x9E37_79B1) >> 21;
        (hash / 64 % 32, 1 << (hash % 64))
    }
}
