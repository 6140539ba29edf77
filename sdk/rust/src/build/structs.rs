//! Builder of struct columns.

use super::validity::ValidityBuilder;
use super::{Array, ColumnBuilder, Sink};
use crate::macros::len_methods;
use crate::{Error, Field, Result};

/// Builds a column of structs: push one value to each of
/// [`fields`](Self::fields), then [`push`](Self::push) the struct itself.
///
/// ```
/// use osiris_sdk::{BatchBuilder, ColumnBuilder, DataType, Field, Schema, testing};
///
/// let point = DataType::Struct(vec![
///     Field::new("x", DataType::Int64, false),
///     Field::new("y", DataType::Int64, false),
/// ]);
/// let schema = Schema::new(vec![Field::new("point", point, true)]);
/// let mut batch = BatchBuilder::new(&schema);
/// let ColumnBuilder::Struct(points) = &mut batch.columns[0] else { unreachable!() };
/// let [ColumnBuilder::Int64(x), ColumnBuilder::Int64(y)] = &mut points.fields[..] else {
///     unreachable!()
/// };
/// x.push(3);
/// y.push(4);
/// points.push();
/// points.push_null();
/// let table = testing::Table::new(&schema).with_batch(&mut batch);
/// assert_eq!(table.rows(), serde_json::json!([[{"x": 3, "y": 4}], [null]]));
/// ```
#[derive(Debug, Clone)]
pub struct StructBuilder {
    /// One builder per field, in the order of the type.
    pub fields: Vec<ColumnBuilder>,
    len: usize,
    validity: ValidityBuilder,
}

impl StructBuilder {
    pub(super) fn new(fields: &[Field]) -> Self {
        Self {
            fields: fields.iter().map(|field| ColumnBuilder::new(&field.data_type)).collect(),
            len: 0,
            validity: ValidityBuilder::default(),
        }
    }

    /// Adds a struct of the values that were pushed to the fields since the last struct.
    pub fn push(&mut self) {
        self.len += 1;
    }

    /// Adds a null, and a null to each field.
    pub fn push_null(&mut self) {
        for field in &mut self.fields {
            field.push_null();
        }
        self.validity.set_null(self.len);
        self.len += 1;
    }

    len_methods!("structs, including nulls", |builder| builder.len);
}

impl Array for StructBuilder {
    fn bytes(&self) -> usize {
        self.fields.iter().map(ColumnBuilder::bytes).sum()
    }

    fn check(&self) -> Result<()> {
        for (index, field) in self.fields.iter().enumerate() {
            if field.len() != self.len {
                return Err(Error::internal(format!(
                    "field {index} of a struct has {} values, the struct {}: push one to each field, \
                     then `push` the struct",
                    field.len(),
                    self.len
                )));
            }
            field.as_array().check()?;
        }
        Ok(())
    }

    fn clear(&mut self) {
        for field in &mut self.fields {
            field.clear();
        }
        self.len = 0;
        self.validity.clear();
    }

    fn write(&mut self, sink: &mut Sink<'_>) {
        sink.array(self.len, &mut self.validity, 1);
        for field in &mut self.fields {
            field.as_array_mut().write(sink);
        }
    }
}
