//! Datasets that a driver discovers.

use crate::DataType;

/// A dataset that can be read or written, returned by
/// [`Driver::discover`](crate::Driver::discover).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// The service's name for the dataset.
    pub name: String,
    /// One of table, view, file, endpoint, collection and stream.
    pub kind: String,
    /// Estimated number of rows.
    pub estimated_rows: Option<u64>,
    /// The known columns.
    pub columns: Vec<DatasetColumn>,
}

/// A column of a [`Dataset`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetColumn {
    /// The source's name for the column.
    pub name: String,
    /// Type of the column's values in a table.
    pub data_type: DataType,
    /// The service's name for the type.
    pub native_type: String,
    /// Whether a value may be null.
    pub nullable: bool,
    /// Whether the column is part of the primary key.
    pub primary_key: bool,
}
