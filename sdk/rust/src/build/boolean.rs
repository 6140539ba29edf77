//! Builder of boolean columns.

use super::validity::ValidityBuilder;
use super::{Array, Sink};
use crate::macros::{len_methods, push_option_method};

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

    push_option_method!(bool);

    len_methods!("values, including nulls", |builder| builder.len);
}

impl Array for BoolBuilder {
    fn bytes(&self) -> usize {
        self.bits.len()
    }

    fn clear(&mut self) {
        self.bits.clear();
        self.len = 0;
        self.validity.clear();
    }

    fn write(&mut self, sink: &mut Sink<'_>) {
        sink.array(self.len, &mut self.validity, 2);
        sink.buffer(&self.bits);
    }
}
