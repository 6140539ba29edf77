//! What a driver finds.

use crate::DataType;

/// Something that can be read or written, as [`Driver::discover`](crate::Driver::discover) tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// What the service calls it.
    pub name: String,
    /// One of table, view, file, endpoint, collection and stream.
    pub kind: String,
    /// About how many rows there are.
    pub estimated_rows: Option<u64>,
    /// What is known of its columns.
    pub columns: Vec<DatasetColumn>,
}

/// A column of a [`Dataset`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetColumn {
    /// As it is in the source.
    pub name: String,
    /// What its values become.
    pub data_type: DataType,
    /// The service's own name for the type.
    pub native_type: String,
    /// Whether a value may be missing.
    pub nullable: bool,
    /// Whether it is part of the primary key.
    pub primary_key: bool,
}
