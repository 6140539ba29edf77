//! Builder of columns of numbers.

use super::validity::ValidityBuilder;
use super::{Array, Sink};
use crate::macros::{len_methods, push_option_method};

/// A type that columns store unchanged: Rust's integers and floats that Arrow has, too.
///
/// ```
/// use osiris_sdk::{Primitive, PrimitiveColumn};
///
/// /// Works for columns of any of these types.
/// fn first<T: Primitive>(column: &PrimitiveColumn<T>) -> Option<T> {
///     column.iter().flatten().next()
/// }
/// # use osiris_sdk::{Column, DataType, Field, Schema, testing};
/// # let schema = Schema::new(vec![Field::new("c", DataType::Int64, true)]);
/// # let table = testing::Table::from_rows(&schema, &serde_json::json!([[null], [7]]));
/// # let Column::Int64(column) = table.batches()[0].column(0).unwrap() else { panic!() };
/// assert_eq!(first(&column), Some(7));
/// ```
pub trait Primitive: bytemuck::Pod + Default + sealed::Sealed {}

mod sealed {
    pub trait Sealed {}
}

/// Implements the trait for the integers and floats of Arrow, and for the 128 bits of a decimal.
macro_rules! primitives {
    ($($native:ty)*) => { $(impl sealed::Sealed for $native {} impl Primitive for $native {})* };
}
primitives!(i8 i16 i32 i64 i128 u8 u16 u32 u64 f32 f64);

/// Builds a column of numbers, or of dates, times or decimals, which columns store as numbers.
///
/// ```
/// use osiris_sdk::PrimitiveBuilder;
///
/// let mut ages = PrimitiveBuilder::<i64>::default();
/// ages.push(36);
/// ages.push_null();
/// ages.push_option("41".parse().ok());
/// ages.extend_from_slice(&[7, 8, 9]);
/// assert_eq!(ages.len(), 6);
/// ```
#[derive(Debug, Clone, Default)]
pub struct PrimitiveBuilder<T> {
    values: Vec<T>,
    validity: ValidityBuilder,
}

impl<T: Primitive> PrimitiveBuilder<T> {
    /// Adds a value.
    #[inline]
    pub fn push(&mut self, value: T) {
        self.values.push(value);
    }

    /// Adds a null.
    pub fn push_null(&mut self) {
        self.validity.set_null(self.values.len());
        self.values.push(T::default());
    }

    push_option_method!(T);

    /// Adds all values of a slice.
    pub fn extend_from_slice(&mut self, values: &[T]) {
        self.values.extend_from_slice(values);
    }

    len_methods!("values, including nulls", |builder| builder.values.len());
}

impl<T: Primitive> Array for PrimitiveBuilder<T> {
    fn bytes(&self) -> usize {
        size_of_val(self.values.as_slice())
    }

    fn clear(&mut self) {
        self.values.clear();
        self.validity.clear();
    }

    fn write(&mut self, sink: &mut Sink<'_>) {
        sink.array(self.values.len(), &mut self.validity, 2);
        sink.buffer(bytemuck::cast_slice(&self.values));
    }
}
