//! One batch of a table.

use std::cell::OnceCell;
use std::rc::Rc;

use super::Column;
use super::buffers::Buffers;
use crate::bindings::osiris::driver::arrow::Node;
use crate::host;
use crate::{DataType, Error, Result, Schema};

/// A batch of rows. It stays with the host; only the columns that are read are
/// copied. [`Input::next`](crate::Input::next) gives one after the other.
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

/// Where each column's nodes and buffers are.
#[derive(Debug)]
struct Layout {
    nodes: Vec<Node>,
    /// The first node and the first buffer of each column.
    starts: Vec<(usize, u32)>,
}

impl Batch {
    pub(crate) fn new(handle: host::Batch, schema: Rc<Schema>) -> Self {
        Self { handle, schema, layout: OnceCell::new() }
    }

    pub(crate) fn handle(&self) -> &host::Batch {
        &self.handle
    }

    /// What the columns are.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        // A host that counts beyond the address space has no such batch.
        self.handle.rows() as usize
    }

    /// Copies a column from the host, counted from 0.
    ///
    /// # Errors
    /// Kind `internal` if there is no such column, or if what the host has
    /// does not fit together.
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

/// How many arrays a column of that type is made of.
fn arrays(data_type: &DataType) -> usize {
    1 + data_type.children().iter().map(|child| arrays(&child.data_type)).sum::<usize>()
}
