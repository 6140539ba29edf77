//! Options of writers.

use serde::Deserialize;

/// The treatment of the rows that are in the table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteMode {
    /// The rows stay.
    #[default]
    Append,
    /// The rows go, and the table changes if the new ones do not fit.
    Replace,
    /// Rows with the keys of a new one are updated.
    Upsert,
    /// The rows go, and the table stays as it is.
    Truncate,
}

/// The treatment of a table that the rows do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemaChanges {
    /// The step fails.
    Error,
    /// The table gets the columns that it lacks.
    AddColumns,
    /// And its columns get types that hold more.
    Widen,
    /// Its columns get types that hold more, and if that is not enough, the table is dropped and
    /// created anew.
    Recreate,
}

impl SchemaChanges {
    /// Returns whether a table gets the columns that it lacks.
    #[must_use]
    pub fn adds_columns(self) -> bool {
        matches!(self, Self::AddColumns | Self::Widen)
    }

    /// Returns whether columns get types that hold more.
    #[must_use]
    pub fn widens(self) -> bool {
        matches!(self, Self::Widen | Self::Recreate)
    }
}
