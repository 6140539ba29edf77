//! Columns of text and of bytes.

use super::buffers::{Buffers, Shape};
use super::primitive::Values;
use super::validity::Validity;
use crate::Result;

/// A column of text or of bytes.
///
/// ```
/// use osiris_sdk::{Column, testing};
/// # let schema = osiris_sdk::Schema::new(vec![osiris_sdk::Field::new("c", osiris_sdk::DataType::Utf8, true)]);
/// let table = testing::Table::from_rows(&schema, &serde_json::json!([["Zoë"], [null]]));
/// let Column::Utf8(names) = table.batches()[0].column(0).unwrap() else { panic!() };
/// assert_eq!(names.get_str(0), Some("Zoë"));
/// // Bytes are enough for most, and nothing has to be checked for them.
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
        let Shape { length, nulls } = buffers.node(3)?;
        let validity = buffers.validity(length, nulls)?;
        let (offsets, end) = buffers.offsets(length)?;
        let data = buffers.at_least(end)?;
        Ok(Self { offsets, data, validity })
    }

    /// A value, unless it is missing.
    ///
    /// # Panics
    /// If the column is shorter.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let offsets = self.offsets.as_slice();
        let value = offsets[index] as usize..offsets[index + 1] as usize;
        (!self.is_null(index)).then(|| &self.data[value])
    }

    /// A text, unless it is missing or this is a column of bytes that are not
    /// UTF-8. [`get`](Self::get) is faster where bytes will do.
    ///
    /// # Panics
    /// If the column is shorter.
    #[inline]
    #[must_use]
    pub fn get_str(&self, index: usize) -> Option<&str> {
        std::str::from_utf8(self.get(index)?).ok()
    }

    /// Every value in turn; faster than [`get`](Self::get) in a loop.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&[u8]>> {
        let ends = self.offsets.as_slice().windows(2).enumerate();
        ends.map(|(index, ends)| {
            let value = ends[0] as usize..ends[1] as usize;
            (!self.is_null(index)).then(|| &self.data[value])
        })
    }

    /// How many values there are, missing ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.as_slice().len() - 1
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a value is missing.
    ///
    /// # Panics
    /// If it lies far beyond the end of the column.
    #[inline]
    #[must_use]
    pub fn is_null(&self, index: usize) -> bool {
        self.validity.is_null(index)
    }

    /// How many values are missing.
    #[must_use]
    pub fn null_count(&self) -> usize {
        self.validity.nulls()
    }
}
