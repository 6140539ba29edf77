//! Schemas of tables.

#[cfg(feature = "arrow")]
mod arrow;
mod data_type;
mod format;
mod wire;

pub use data_type::{DataType, TimeUnit};

use crate::{Error, Result};

/// The columns of a table, in order.
///
/// ```
/// use osiris_sdk::{DataType, Field, Schema};
///
/// let schema = Schema::new(vec![
///     Field::new("id", DataType::Int64, false),
///     Field::new("name", DataType::Utf8, true),
/// ]);
/// assert_eq!(schema.index_of("name"), Some(1));
/// assert_eq!(schema.fields[1].data_type.to_string(), "utf8");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// One field per column.
    pub fields: Vec<Field>,
}

impl Schema {
    /// Creates a schema with these columns.
    #[must_use]
    pub fn new(fields: Vec<Field>) -> Self {
        Self { fields }
    }

    /// Returns the index of the column with a name. Returns `None` if there is no such column.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// Returns the index of a column that the configuration names.
    ///
    /// # Errors
    /// Returns an error of kind `config` if there is no column with that name, with the existing
    /// names, or if the column has another type.
    ///
    /// ```
    /// use osiris_sdk::{DataType, Field, Schema};
    ///
    /// let schema = Schema::new(vec![
    ///     Field::new("id", DataType::Int64, false),
    ///     Field::new("name", DataType::Utf8, true),
    /// ]);
    /// assert_eq!(schema.find("name", &DataType::Utf8)?, 1);
    /// let error = schema.find("nmae", &DataType::Utf8).unwrap_err();
    /// assert_eq!(error.message, "there is no column `nmae`; there are: id, name");
    /// let error = schema.find("id", &DataType::Utf8).unwrap_err();
    /// assert_eq!(error.message, "the column `id` is of type int64, not utf8");
    /// # Ok::<(), osiris_sdk::Error>(())
    /// ```
    pub fn find(&self, name: &str, data_type: &DataType) -> Result<usize> {
        let Some(index) = self.index_of(name) else {
            let names: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
            let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(Error::config(format!("there is no column `{name}`; there are: {there}")));
        };
        let found = &self.fields[index].data_type;
        if found != data_type {
            let message = format!("the column `{name}` is of type {found}, not {data_type}");
            return Err(Error::config(message));
        }
        Ok(index)
    }
}

/// A column, or a child of a nested column.
///
/// ```
/// use osiris_sdk::{DataType, Field};
///
/// let mut weight = Field::new("weight", DataType::Float64, true);
/// weight.metadata.push(("unit".into(), "kg".into()));
/// assert!(weight.nullable);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The source's name for the column.
    pub name: String,
    /// Type of the column's values.
    pub data_type: DataType,
    /// Whether a value may be null.
    pub nullable: bool,
    /// Metadata of the column, as key and value.
    pub metadata: Vec<(String, String)>,
}

impl Field {
    /// Creates a field without metadata.
    pub fn new(name: impl Into<String>, data_type: DataType, nullable: bool) -> Self {
        Self { name: name.into(), data_type, nullable, metadata: Vec::new() }
    }
}
