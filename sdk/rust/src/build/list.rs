//! Builder of list columns.

use super::validity::ValidityBuilder;
use super::{Array, ColumnBuilder, MAX_VALUES, Sink};
use crate::macros::len_methods;
use crate::{Error, Field, Result};

/// Builds a column of lists: push a list's values to [`values`](Self::values),
/// then [`push`](Self::push) the list itself.
///
/// ```
/// use osiris_sdk::{BatchBuilder, ColumnBuilder, DataType, Field, Schema, testing};
///
/// let tags = Field::new("tags", DataType::list_of(DataType::Utf8), true);
/// let schema = Schema::new(vec![tags]);
/// let mut batch = BatchBuilder::new(&schema);
/// let ColumnBuilder::List(tags) = &mut batch.columns[0] else { unreachable!() };
/// let ColumnBuilder::Utf8(texts) = &mut *tags.values else { unreachable!() };
/// texts.push_str("new");
/// texts.push_str("urgent");
/// tags.push(); // both
/// tags.push(); // an empty list
/// tags.push_null();
/// let table = testing::Table::new(&schema).with_batch(&mut batch);
/// assert_eq!(table.rows(), serde_json::json!([[["new", "urgent"]], [[]], [null]]));
/// ```
#[derive(Debug, Clone)]
pub struct ListBuilder {
    /// The values of all lists, one after the other.
    pub values: Box<ColumnBuilder>,
    offsets: Vec<i32>,
    validity: ValidityBuilder,
}

impl ListBuilder {
    pub(super) fn new(item: &Field) -> Self {
        Self {
            values: Box::new(ColumnBuilder::new(&item.data_type)),
            offsets: vec![0],
            validity: ValidityBuilder::default(),
        }
    }

    /// Adds a list of the values that were pushed since the last list.
    pub fn push(&mut self) {
        // Wraps around beyond 2^31 values, which `check` rejects before sending.
        self.offsets.push(self.values.len() as i32);
    }

    /// Adds a null.
    pub fn push_null(&mut self) {
        self.validity.set_null(self.len());
        self.push();
    }

    len_methods!("lists, including nulls", |builder| builder.offsets.len() - 1);
}

impl Array for ListBuilder {
    fn bytes(&self) -> usize {
        size_of_val(self.offsets.as_slice()) + self.values.bytes()
    }

    fn check(&self) -> Result<()> {
        let values = self.values.len();
        if values > MAX_VALUES {
            return Err(Error::data(format!(
                "{values} list values in one batch, more than the {MAX_VALUES} that a column \
                 holds; send smaller batches"
            )));
        }
        if self.offsets.last() != Some(&(values as i32)) {
            return Err(Error::internal(
                "values were pushed to a list that was not: call `push` after a list's last value",
            ));
        }
        self.values.as_array().check()
    }

    fn clear(&mut self) {
        self.offsets.truncate(1);
        self.values.clear();
        self.validity.clear();
    }

    fn write(&mut self, sink: &mut Sink<'_>) {
        sink.array(self.len(), &mut self.validity, 2);
        sink.buffer(bytemuck::cast_slice(&self.offsets));
        self.values.as_array_mut().write(sink);
    }
}
