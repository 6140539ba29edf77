//! One batch in the making.

use super::{ColumnBuilder, Sink};
use crate::bindings::osiris::driver::arrow::Node;
use crate::{Error, Result, Schema};

/// Collects rows, column by column, until [`Output::send`](crate::Output::send)
/// takes them. Batches of 256 KiB to 1 MiB go through the pipeline fastest.
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    /// One a field of the schema. Push the same number of values to each.
    pub columns: Vec<ColumnBuilder>,
}

impl BatchBuilder {
    /// An empty batch.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        let columns = schema.fields.iter().map(|field| ColumnBuilder::new(&field.data_type));
        Self { columns: columns.collect() }
    }

    /// How many rows are complete: the length of the last column, which is
    /// filled last.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.columns.last().map_or(0, ColumnBuilder::len)
    }

    /// About how much memory the rows take, to decide when to send. Looks at
    /// every column, so ask once every few hundred rows.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(ColumnBuilder::bytes).sum()
    }

    /// Forgets the rows and keeps the memory for the next ones.
    pub fn clear(&mut self) {
        for column in &mut self.columns {
            column.clear();
        }
    }

    /// Whether this is a batch of that schema, ready to be sent.
    pub(crate) fn check(&self, schema: &Schema) -> Result<()> {
        if self.columns.len() != schema.fields.len() {
            return Err(Error::internal(format!(
                "the batch has {} columns, the schema of this output {}",
                self.columns.len(),
                schema.fields.len()
            )));
        }
        let rows = self.rows();
        for (column, field) in self.columns.iter().zip(&schema.fields) {
            let error = if !column.is_of(&field.data_type) {
                Error::internal(format!("the builder is not one of {}", field.data_type))
            } else if column.len() != rows {
                Error::internal(format!("{} values in a batch of {rows} rows", column.len()))
            } else if let Err(error) = column.as_array().check() {
                error
            } else {
                continue;
            };
            return Err(error.context(format_args!("column {:?}", field.name)));
        }
        Ok(())
    }

    /// Hands every buffer to `push`, depth first, and returns the nodes.
    pub(crate) fn write(&mut self, push: &mut dyn FnMut(&[u8])) -> Vec<Node> {
        let mut sink = Sink { nodes: Vec::with_capacity(self.columns.len()), push };
        for column in &mut self.columns {
            column.as_array_mut().write(&mut sink);
        }
        sink.nodes
    }
}
