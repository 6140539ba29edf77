//! A builder of batches.

use super::{ColumnBuilder, Sink};
use crate::bindings::osiris::driver::arrow::Node;
use crate::{Error, Result, Schema};

/// Collects rows, column by column, until [`Output::send`](crate::Output::send) takes them. Batches
/// of 256 KiB to 1 MiB have the best throughput.
///
/// ```
/// use osiris_sdk::{BatchBuilder, ColumnBuilder, DataType, Field, Schema, testing};
/// use serde_json::json;
///
/// let schema = Schema::new(vec![
///     Field::new("id", DataType::Int64, false),
///     Field::new("name", DataType::Utf8, true),
/// ]);
/// let mut batch = BatchBuilder::new(&schema);
/// // Columns that are known when the driver is written, together:
/// let [ColumnBuilder::Int64(ids), ColumnBuilder::Utf8(names)] = &mut batch.columns[..] else {
///     unreachable!("these are the types of the schema")
/// };
/// ids.push(1);
/// names.push_str("Ada");
/// ids.push(2);
/// names.push_null();
/// // Columns that only the configuration determines, one by one:
/// for column in &mut batch.columns {
///     match column {
///         ColumnBuilder::Int64(numbers) => numbers.push(3),
///         ColumnBuilder::Utf8(texts) => texts.push_str("Grace"),
///         other => other.push_null(),
///     }
/// }
/// assert_eq!(batch.rows(), 3);
/// // A driver would call `output.send(&mut batch)?`.
/// let table = testing::Table::new(&schema).with_batch(&mut batch);
/// assert_eq!(table.rows(), json!([[1, "Ada"], [2, null], [3, "Grace"]]));
/// assert_eq!(batch.rows(), 0);
/// ```
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    /// One builder per column of the schema. Push the same number of values to each.
    pub columns: Vec<ColumnBuilder>,
}

impl BatchBuilder {
    /// Creates an empty batch.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        let columns = schema.fields.iter().map(|field| ColumnBuilder::new(&field.data_type));
        Self { columns: columns.collect() }
    }

    /// Returns the number of complete rows: the length of the last column, which is filled last.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.last().map_or(0, ColumnBuilder::len)
    }

    /// Returns the estimated memory of the rows in bytes, to decide when to send. Inspects every
    /// column, so call it only once every few hundred rows.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(ColumnBuilder::bytes).sum()
    }

    /// Removes the rows and keeps the memory for the next ones.
    pub fn clear(&mut self) {
        for column in &mut self.columns {
            column.clear();
        }
    }

    /// Checks that the batch has the columns of a schema and is ready to be sent.
    pub(crate) fn check(&self, schema: &Schema) -> Result<()> {
        if self.columns.len() != schema.fields.len() {
            return Err(Error::internal(format!(
                "the batch has {} columns, the schema of this output {}: make it with \
                 `BatchBuilder::new` of that schema",
                self.columns.len(),
                schema.fields.len()
            )));
        }
        let rows = self.rows();
        for (column, field) in self.columns.iter().zip(&schema.fields) {
            let error = if !column.is_of(&field.data_type) {
                Error::internal(format!(
                    "the builder is not one of {}: make the batch with `BatchBuilder::new` of the \
                     schema of this output",
                    field.data_type
                ))
            } else if column.len() != rows {
                Error::internal(format!(
                    "{} values in a batch of {rows} rows: push one to each column for every row",
                    column.len()
                ))
            } else if let Err(error) = column.as_array().check() {
                error
            } else {
                continue;
            };
            return Err(error.context(format_args!("column {:?}", field.name)));
        }
        Ok(())
    }

    /// Passes every buffer to `push`, depth first, and returns the nodes.
    pub(crate) fn write(&mut self, push: &mut dyn FnMut(&[u8])) -> Vec<Node> {
        let mut sink = Sink { nodes: Vec::with_capacity(self.columns.len()), push };
        for column in &mut self.columns {
            column.as_array_mut().write(&mut sink);
        }
        sink.nodes
    }
}
