//! Columns of numbers.

use super::buffers::Buffers;
use super::validity::Validity;
use crate::macros::{len_methods, null_methods};
use crate::{Primitive, Result};

/// A column of numbers, dates, times or decimals.
///
/// ```
/// use osiris_sdk::{Column, testing};
/// # let schema = osiris_sdk::Schema::new(vec![osiris_sdk::Field::new("c", osiris_sdk::DataType::Int64, true)]);
/// let table = testing::Table::from_rows(&schema, &serde_json::json!([[36], [null], [41]]));
/// let Column::Int64(ages) = table.batches()[0].column(0).unwrap() else { panic!() };
/// assert_eq!((ages.get(0), ages.get(1)), (Some(36), None));
/// assert_eq!(ages.iter().flatten().max(), Some(41));
/// if ages.null_count() == 0 {
///     let _complete: &[i64] = ages.values(); // the fastest
/// }
/// ```
#[derive(Debug, Clone)]
pub struct PrimitiveColumn<T> {
    pub(super) values: Values<T>,
    pub(super) validity: Validity,
}

/// Numbers in the memory of their buffer, or in a copy if the buffer is not aligned for them.
#[derive(Debug, Clone)]
pub(super) enum Values<T> {
    Bytes(Vec<u8>),
    Aligned(Vec<T>),
}

impl<T: Primitive> Values<T> {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        match bytemuck::try_cast_slice::<u8, T>(&bytes) {
            Ok(_) => Self::Bytes(bytes),
            Err(_) => Self::Aligned(bytemuck::pod_collect_to_vec(&bytes)),
        }
    }

    // Drivers call this for every value, and a call would cost more than the slice.
    #[inline(always)]
    pub(super) fn as_slice(&self) -> &[T] {
        match self {
            Self::Bytes(bytes) => bytemuck::cast_slice(bytes),
            Self::Aligned(values) => values,
        }
    }
}

impl<T: Primitive> PrimitiveColumn<T> {
    pub(super) fn read(buffers: &mut Buffers<'_>) -> Result<Self> {
        let (length, validity) = buffers.array(2)?;
        let values = Values::new(buffers.exactly(length, size_of::<T>())?);
        Ok(Self { values, validity })
    }

    /// Returns the values, with arbitrary values for nulls. The fastest way to read a column if
    /// [`null_count`](Self::null_count) is 0.
    #[inline]
    #[must_use]
    pub fn values(&self) -> &[T] {
        self.values.as_slice()
    }

    /// Returns a value. Returns `None` if the value is null.
    ///
    /// # Panics
    /// Panics if `index` is out of bounds.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<T> {
        let value = self.values()[index];
        (!self.is_null(index)).then_some(value)
    }

    /// Iterates over the values. Faster than [`get`](Self::get) in a loop.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<T>> {
        let values = self.values().iter().enumerate();
        values.map(|(index, &value)| (!self.is_null(index)).then_some(value))
    }

    len_methods!("values, including nulls", |column| column.values().len());

    null_methods!("a value");
}
