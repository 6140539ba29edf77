//! Text and binary columns.

use super::buffers::Buffers;
use super::primitive::Values;
use super::validity::Validity;
use crate::Result;
use crate::macros::{len_methods, null_methods};

/// A column of text or bytes.
///
/// ```
/// use osiris_sdk::{Column, testing};
/// # let schema = osiris_sdk::Schema::new(vec![osiris_sdk::Field::new("c", osiris_sdk::DataType::Utf8, true)]);
/// let table = testing::Table::from_rows(&schema, &serde_json::json!([["Zoë"], [null]]));
/// let Column::Utf8(names) = table.batches()[0].column(0).unwrap() else { panic!() };
/// assert_eq!(names.get_str(0), Some("Zoë"));
/// // Bytes are sufficient for most uses, and need no UTF-8 check.
/// let bytes: usize = names.iter().flatten().map(<[u8]>::len).sum();
/// assert_eq!(bytes, 4);
/// ```
#[derive(Debug, Clone)]
pub struct BytesColumn {
    pub(super) offsets: Values<i32>,
    pub(super) data: Vec<u8>,
    pub(super) validity: Validity,
}

impl BytesColumn {
    pub(super) fn read(buffers: &mut Buffers<'_>) -> Result<Self> {
        let (length, validity) = buffers.array(3)?;
        let (offsets, end) = buffers.offsets(length)?;
        let data = buffers.at_least(end)?;
        Ok(Self { offsets, data, validity })
    }

    /// Returns a value. Returns `None` if the value is null.
    ///
    /// # Panics
    /// Panics if `index` is out of bounds.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let offsets = self.offsets.as_slice();
        let value = offsets[index] as usize..offsets[index + 1] as usize;
        (!self.is_null(index)).then(|| &self.data[value])
    }

    /// Returns a value as text. Returns `None` if the value is null or, in a binary column, not
    /// UTF-8. [`get`](Self::get) is faster if bytes are sufficient.
    ///
    /// # Panics
    /// Panics if `index` is out of bounds.
    #[inline]
    #[must_use]
    pub fn get_str(&self, index: usize) -> Option<&str> {
        std::str::from_utf8(self.get(index)?).ok()
    }

    /// Iterates over the values. Faster than [`get`](Self::get) in a loop.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&[u8]>> {
        let ends = self.offsets.as_slice().windows(2).enumerate();
        ends.map(|(index, ends)| {
            let value = ends[0] as usize..ends[1] as usize;
            (!self.is_null(index)).then(|| &self.data[value])
        })
    }

    len_methods!("values, including nulls", |column| column.offsets.as_slice().len() - 1);

    null_methods!("a value");
}
