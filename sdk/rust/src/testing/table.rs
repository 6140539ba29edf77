//! Tables in memory.

use std::rc::Rc;

use serde_json::Value;

use super::cells;
#[cfg(feature = "arrow")]
use crate::build;
use crate::{Batch, BatchBuilder, DataType, Field, Schema, host};

/// A table for a driver to read, or one that a driver wrote.
///
/// ```
/// use osiris_sdk::{DataType, Field, Schema, testing::Table};
/// use serde_json::json;
///
/// let schema = Schema::new(vec![
///     Field::new("price", DataType::Decimal128(6, 2), false),
///     Field::new("day", DataType::Date32, true),
///     Field::new("tags", DataType::list_of(DataType::Utf8), true),
/// ]);
/// let first = json!([["1.50", 11016, ["new"]]]);
/// let second = json!([["-20.00", null, null]]);
/// let table = Table::from_rows(&schema, &first).with_rows(&second);
/// assert_eq!((table.batches().len(), table.row_count()), (2, 2));
/// assert_eq!(table.rows()[1], json!(["-20.00", null, null]));
/// ```
#[derive(Debug, Clone)]
pub struct Table {
    schema: Schema,
    batches: Vec<host::Batch>,
}

/// Creates a table of nullable columns, of one batch. The cells are those of [`Table::from_rows`].
///
/// ```
/// use osiris_sdk::{DataType, testing};
/// use serde_json::json;
///
/// let columns = [("id", DataType::Int64), ("name", DataType::Utf8)];
/// let table = testing::table(&columns, &json!([[1, "Ada"], [2, null]]));
/// assert_eq!(table.rows(), json!([[1, "Ada"], [2, null]]));
/// ```
///
/// # Panics
/// Panics if a cell is invalid for its column.
#[must_use]
pub fn table(columns: &[(&str, DataType)], rows: &Value) -> Table {
    let field = |(name, data_type): &(&str, DataType)| Field::new(*name, data_type.clone(), true);
    Table::from_rows(&Schema::new(columns.iter().map(field).collect()), rows)
}

impl Table {
    /// Creates a table without rows.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        Self { schema: schema.clone(), batches: Vec::new() }
    }

    /// Creates a table of one batch: an array of rows, which are arrays of cells.
    ///
    /// Numbers are JSON numbers; floats that JSON lacks are `"NaN"`, `"inf"` or `"-inf"`. Bytes are
    /// hexadecimal. Dates, times and timestamps are counts in their unit. Decimals are text with
    /// all of their digits, `"1.50"`. Lists are arrays, and structs are objects.
    ///
    /// # Panics
    /// Panics if a cell is invalid for its column.
    #[must_use]
    pub fn from_rows(schema: &Schema, rows: &Value) -> Self {
        Self::new(schema).with_rows(rows)
    }

    /// Adds a batch of rows in the form of [`from_rows`](Self::from_rows).
    ///
    /// # Panics
    /// Panics if a cell is invalid for its column.
    #[must_use]
    pub fn with_rows(self, rows: &Value) -> Self {
        let mut batch = BatchBuilder::new(&self.schema);
        for row in rows.as_array().expect("rows are an array") {
            let row = row.as_array().unwrap_or_else(|| panic!("a row is an array, not {row}"));
            let columns = self.schema.fields.len();
            assert_eq!(row.len(), columns, "cells of row {row:?} in a table of {columns} columns");
            for ((column, field), cell) in
                batch.columns.iter_mut().zip(&self.schema.fields).zip(row)
            {
                cells::push(column, &field.data_type, cell).unwrap_or_else(|| {
                    panic!("column {}: {cell} is no {}", field.name, field.data_type)
                });
            }
        }
        self.with_batch(&mut batch)
    }

    /// Adds a batch and clears its builder.
    ///
    /// # Panics
    /// Panics if the batch does not have this table's schema.
    #[must_use]
    pub fn with_batch(mut self, batch: &mut BatchBuilder) -> Self {
        if let Err(error) = batch.check(&self.schema) {
            panic!("{error}");
        }
        let mut buffers = Vec::new();
        let nodes = batch.write(&mut |buffer| buffers.push(buffer.to_vec()));
        self.batches.push(host::Batch::new(batch.rows() as u64, nodes, buffers));
        batch.clear();
        self
    }

    /// Returns the schema of the table.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the batches, to inspect them column by column.
    #[must_use]
    pub fn batches(&self) -> Vec<Batch> {
        let schema = Rc::new(self.schema.clone());
        self.batches.iter().map(|batch| Batch::new(batch.clone(), Rc::clone(&schema))).collect()
    }

    /// Returns the number of rows.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.batches.iter().map(|batch| batch.rows() as usize).sum()
    }

    /// Returns the rows of all batches in the form of [`from_rows`](Self::from_rows).
    ///
    /// # Panics
    /// Panics if a batch is inconsistent, which was already checked when it was received.
    #[must_use]
    pub fn rows(&self) -> Value {
        let mut rows = Vec::new();
        for batch in self.batches() {
            let columns: Vec<_> = (0..self.schema.fields.len())
                .map(|index| batch.column(index).expect("a batch that was checked"))
                .collect();
            rows.extend((0..batch.rows()).map(|row| {
                let cells = columns.iter().zip(&self.schema.fields);
                cells.map(|(column, field)| cells::get(column, &field.data_type, row)).collect()
            }));
        }
        Value::Array(rows)
    }

    /// Creates a table of arrow-rs batches.
    ///
    /// # Panics
    /// Panics if the SDK does not support the type of a column, or if a batch does not have this
    /// schema.
    #[cfg(feature = "arrow")]
    #[must_use]
    pub fn from_arrow(schema: &Schema, batches: &[arrow_array::RecordBatch]) -> Self {
        let mut table = Self::new(schema);
        for batch in batches {
            if let Err(error) = build::check_arrow(batch, schema) {
                panic!("{error}");
            }
            let mut buffers = Vec::new();
            let nodes = build::write_arrow(batch, &mut |buffer| buffers.push(buffer.to_vec()));
            let nodes = nodes.expect("types that were checked");
            table.batches.push(host::Batch::new(batch.num_rows() as u64, nodes, buffers));
        }
        table
    }

    pub(super) fn from_parts(schema: Schema, batches: Vec<host::Batch>) -> Self {
        Self { schema, batches }
    }

    pub(super) fn into_batches(self) -> Vec<host::Batch> {
        self.batches
    }
}
