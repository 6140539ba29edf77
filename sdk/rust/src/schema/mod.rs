//! What a table looks like.

#[cfg(feature = "arrow")]
mod arrow;
mod data_type;
mod format;
mod wire;

pub use data_type::{DataType, TimeUnit};

/// The columns of a table, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// One a column.
    pub fields: Vec<Field>,
}

impl Schema {
    /// A schema of these columns.
    #[must_use]
    pub fn new(fields: Vec<Field>) -> Self {
        Self { fields }
    }

    /// The place of a column, if there is one of that name.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

/// A column, or a part of a nested one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// As it is in the source.
    pub name: String,
    /// What its values are.
    pub data_type: DataType,
    /// Whether a value may be missing.
    pub nullable: bool,
    /// Facts about the column that travel with it.
    pub metadata: Vec<(String, String)>,
}

impl Field {
    /// A field without metadata.
    pub fn new(name: impl Into<String>, data_type: DataType, nullable: bool) -> Self {
        Self { name: name.into(), data_type, nullable, metadata: Vec::new() }
    }
}
