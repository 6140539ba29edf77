//! Builder of boolean columns.

use super::validity::ValidityBuilder;
use super::{Array, Sink};

/// Builds a column of booleans, with one bit per value.
///
/// ```
/// use osiris_sdk::BoolBuilder;
///
/// let mut paid = BoolBuilder::default();
/// paid.push(true);
/// paid.push_option(None);
/// assert_eq!(paid.len(), 2);
/// ```
#[derive(Debug, Clone, Default)]
pub struct BoolBuilder {
    bits: Vec<u8>,
    len: usize,
    validity: ValidityBuilder,
}

impl BoolBuilder {
    /// Adds a value.
    #[inline]
    pub fn push(&mut self, value: bool) {
        let bit = u8::from(value) << (self.len % 8);
        match self.bits.last_mut() {
            Some(last) if !self.len.is_multiple_of(8) => *last |= bit,
            _ => self.bits.push(bit),
        }
        self.len += 1;
    }

    /// Adds a null.
    pub fn push_null(&mut self) {
        self.validity.set_null(self.len);
        self.push(false);
    }

    /// Adds a value or a null.
    #[inline]
    pub fn push_option(&mut self, value: Option<bool>) {
        match value {
            Some(value) => self.push(value),
            None => self.push_null(),
        }
    }

    /// Returns the number of values, including nulls.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the column is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Array for BoolBuilder {
    fn len(&self) -> usize {
        self.len
    }

    fn push_null(&mut self) {
        self.push_null();
    }

    fn bytes(&self) -> usize {
        self.bits.len()
    }

    fn clear(&mut self) {
        self.bits.clear();
        self.len = 0;
        self.validity.clear();
    }

    fn write(&mut self, sink: &mut Sink<'_>) {
        sink.node(self.len, self.validity.nulls(), 2);
        sink.buffer(self.validity.finish(self.len));
        sink.buffer(&self.bits);
    }
}
