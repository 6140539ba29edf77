//! Boolean columns.

use super::buffers::{Buffers, Shape};
use super::validity::{Validity, bit};
use crate::Result;

/// A column of booleans.
///
/// ```
/// use osiris_sdk::{Column, testing};
/// # let schema = osiris_sdk::Schema::new(vec![osiris_sdk::Field::new("c", osiris_sdk::DataType::Bool, true)]);
/// let table = testing::Table::from_rows(&schema, &serde_json::json!([[true], [null]]));
/// let Column::Bool(paid) = table.batches()[0].column(0).unwrap() else { panic!() };
/// assert_eq!((paid.get(0), paid.get(1)), (Some(true), None));
/// ```
#[derive(Debug, Clone)]
pub struct BoolColumn {
    pub(super) bits: Vec<u8>,
    pub(super) len: usize,
    pub(super) validity: Validity,
}

impl BoolColumn {
    pub(super) fn read(buffers: &mut Buffers<'_>) -> Result<Self> {
        let Shape { length, nulls } = buffers.node(2)?;
        let validity = buffers.validity(length, nulls)?;
        let bits = buffers.at_least(length.div_ceil(8))?;
        Ok(Self { bits, len: length, validity })
    }

    /// Returns a value. Returns `None` if the value is null.
    ///
    /// # Panics
    /// Panics if `index` is out of bounds.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<bool> {
        assert!(index < self.len, "value {index} of {}", self.len);
        (!self.is_null(index)).then(|| bit(&self.bits, index))
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

    /// Returns whether a value is null.
    ///
    /// # Panics
    /// Can panic if `index` is out of bounds.
    #[inline]
    #[must_use]
    pub fn is_null(&self, index: usize) -> bool {
        self.validity.is_null(index)
    }

    /// Returns the number of nulls.
    #[must_use]
    pub fn null_count(&self) -> usize {
        self.validity.nulls()
    }
}
