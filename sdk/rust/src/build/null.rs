//! Builder of null columns.

use super::{Array, Sink};

/// Builds a column of nulls, of which only the number is stored.
///
/// ```
/// use osiris_sdk::NullBuilder;
///
/// let mut unknown = NullBuilder::default();
/// unknown.push_null();
/// assert_eq!(unknown.len(), 1);
/// ```
#[derive(Debug, Clone, Default)]
pub struct NullBuilder {
    len: usize,
}

impl NullBuilder {
    /// Adds a null.
    pub fn push_null(&mut self) {
        self.len += 1;
    }

    /// Returns the number of values.
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

impl Array for NullBuilder {
    fn len(&self) -> usize {
        self.len
    }

    fn push_null(&mut self) {
        self.push_null();
    }

    fn bytes(&self) -> usize {
        0
    }

    fn clear(&mut self) {
        self.len = 0;
    }

    fn write(&mut self, sink: &mut Sink<'_>) {
        sink.node(self.len, self.len, 0);
    }
}
