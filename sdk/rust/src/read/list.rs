//! List columns.

use std::ops::Range;

use super::Column;
use super::buffers::Buffers;
use super::primitive::Values;
use super::validity::Validity;
use crate::macros::{len_methods, null_methods};
use crate::{Field, Result};

/// A column of lists.
///
/// ```
/// use osiris_sdk::{Column, testing};
/// # let schema = osiris_sdk::Schema::new(vec![osiris_sdk::Field::new("c", osiris_sdk::DataType::list_of(osiris_sdk::DataType::Int64), true)]);
/// let table = testing::Table::from_rows(&schema, &serde_json::json!([[[1, 2]], [[3]], [null]]));
/// let Column::List(lists) = table.batches()[0].column(0).unwrap() else { panic!() };
/// let Column::Int64(values) = lists.values() else { panic!() };
/// assert_eq!(lists.get(0).map(|range| &values.values()[range]), Some(&[1, 2][..]));
/// assert_eq!(lists.get(2), None);
/// ```
#[derive(Debug, Clone)]
pub struct ListColumn {
    pub(super) offsets: Values<i32>,
    pub(super) values: Box<Column>,
    pub(super) validity: Validity,
}

impl ListColumn {
    pub(super) fn read(item: &Field, buffers: &mut Buffers<'_>) -> Result<Self> {
        let (length, validity) = buffers.array(2)?;
        let (offsets, end) = buffers.offsets(length)?;
        let values = Column::read(&item.data_type, buffers)?;
        if values.len() < end {
            return Err(buffers.inconsistent(format_args!(
                "lists of {end} values over an array of {}",
                values.len()
            )));
        }
        Ok(Self { offsets, values: Box::new(values), validity })
    }

    /// Returns the values of all lists.
    #[must_use]
    pub fn values(&self) -> &Column {
        &self.values
    }

    /// Returns the range of a list within [`values`](Self::values). Returns `None` if the list is
    /// null.
    ///
    /// # Panics
    /// Panics if `index` is out of bounds.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Range<usize>> {
        let offsets = self.offsets.as_slice();
        let range = offsets[index] as usize..offsets[index + 1] as usize;
        (!self.is_null(index)).then_some(range)
    }

    len_methods!("lists, including nulls", |column| column.offsets.as_slice().len() - 1);

    null_methods!("a list");
}
