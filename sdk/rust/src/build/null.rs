//! Builder of null columns.

use super::{Array, Sink};
use crate::macros::len_methods;

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

    len_methods!("values", |builder| builder.len);
}

impl Array for NullBuilder {
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
