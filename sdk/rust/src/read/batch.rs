//! A batch of an input.

use std::cell::OnceCell;
use std::rc::Rc;

use super::Column;
use super::buffers::Buffers;
use crate::bindings::osiris::driver::arrow::Node;
use crate::host;
use crate::{DataType, Error, Result, Schema};

/// A batch of rows, returned by [`Input::next`](crate::Input::next). The batch stays in the host;
/// only the columns that are read are copied.
///
/// ```
/// use osiris_sdk::{Column, DataType, Field, Schema, testing};
///
/// let schema = Schema::new(vec![
///     Field::new("id", DataType::Int64, false),
///     Field::new("name", DataType::Utf8, true),
/// ]);
/// let rows = serde_json::json!([[1, "Ada"], [2, null]]);
/// let batch = testing::Table::from_rows(&schema, &rows).batches().remove(0);
///
/// assert_eq!(batch.rows(), 2);
/// let index = batch.schema().index_of("name").unwrap();
/// let Column::Utf8(names) = batch.column(index).unwrap() else { panic!("it is text") };
/// assert_eq!(names.get_str(0), Some("Ada"));
/// assert_eq!(names.get_str(1), None);
/// ```
#[derive(Debug)]
pub struct Batch {
    handle: host::Batch,
    schema: Rc<Schema>,
    layout: OnceCell<Layout>,
}

/// Position of each column's nodes and buffers.
#[derive(Debug)]
struct Layout {
    nodes: Vec<Node>,
    /// First node and first buffer of each column.
    starts: Vec<(usize, u32)>,
}

impl Batch {
    pub(crate) fn new(handle: host::Batch, schema: Rc<Schema>) -> Self {
        Self { handle, schema, layout: OnceCell::new() }
    }

    pub(crate) fn handle(&self) -> &host::Batch {
        &self.handle
    }

    /// Returns the schema of the batch.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        // A batch with more rows than the address space cannot exist.
        self.handle.rows() as usize
    }

    /// Copies the column at an index, counted from 0, from the host.
    ///
    /// # Errors
    /// Returns an error of kind `internal` if there is no such column, or if the host's batch is
    /// inconsistent.
    pub fn column(&self, index: usize) -> Result<Column> {
        let Some(field) = self.schema.fields.get(index) else {
            return Err(Error::internal(format!(
                "there is no column {index}: the table has {}, counted from 0",
                self.schema.fields.len()
            )));
        };
        let layout = self.layout.get_or_init(|| Layout::new(self.handle.nodes(), &self.schema));
        let (node, buffer) = layout.starts[index];
        let nodes = layout.nodes.get(node..).unwrap_or_default();
        let fetch = |number| self.handle.buffer(number);
        let column = Column::read(&field.data_type, &mut Buffers::new(nodes, buffer, &fetch))
            .map_err(|error| error.context(format_args!("column {:?}", field.name)))?;
        if column.len() != self.rows() {
            return Err(Error::internal(format!(
                "column {:?} has {} values in a batch of {} rows",
                field.name,
                column.len(),
                self.rows()
            )));
        }
        Ok(column)
    }
}

impl Layout {
    fn new(nodes: Vec<Node>, schema: &Schema) -> Self {
        let (mut node, mut buffer) = (0, 0);
        let mut starts = Vec::with_capacity(schema.fields.len());
        for field in &schema.fields {
            starts.push((node, buffer));
            let end = node + arrays(&field.data_type);
            let own = nodes.get(node..end).unwrap_or_default();
            buffer += own.iter().map(|node| node.buffers).sum::<u32>();
            node = end;
        }
        Self { nodes, starts }
    }
}

/// Returns the number of arrays in a column of a type.
fn arrays(data_type: &DataType) -> usize {
    1 + data_type.children().iter().map(|child| arrays(&child.data_type)).sum::<usize>()
}
