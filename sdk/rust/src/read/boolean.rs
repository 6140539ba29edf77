//! Boolean columns.

use super::buffers::Buffers;
use super::validity::{Validity, bit};
use crate::Result;
use crate::macros::{len_methods, null_methods};

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
        let (length, validity) = buffers.array(2)?;
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

    len_methods!("values, including nulls", |column| column.len);

    null_methods!("a value");
}
