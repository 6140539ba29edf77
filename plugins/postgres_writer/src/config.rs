//! The step's configuration.

use std::time::Duration;

use osiris_sdk::{Error, Result, Schema};
use postgres_common::{Connection, Relation, Waits};
use serde::Deserialize;

/// What `spec.yaml` describes, field by field.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// How to reach the server.
    pub resolved_connection: Connection,
    /// The table to write. Empty where the host asks what is there, which takes none.
    #[serde(default)]
    pub table: String,
    /// What becomes of the rows that are there.
    #[serde(default)]
    pub mode: WriteMode,
    /// What tells rows apart.
    #[serde(default)]
    pub upsert_keys: Vec<String>,
    /// Whether a table that does not exist is created.
    #[serde(default = "yes")]
    pub create_table: bool,
    /// Seconds to wait for a connection.
    #[serde(default = "connect_timeout")]
    pub connect_timeout: f64,
    /// Seconds to wait for an answer.
    #[serde(default = "read_timeout")]
    pub read_timeout: f64,
    /// Seconds that a statement may take, or 0.
    #[serde(default)]
    pub statement_timeout: f64,
}

/// What becomes of the rows that are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WriteMode {
    /// They stay.
    #[default]
    Append,
    /// They go, and so does the table if the new ones do not fit.
    Replace,
    /// Those with the same keys are updated.
    Upsert,
    /// They go.
    Truncate,
}

impl Config {
    pub(crate) fn waits(&self) -> Waits {
        Waits {
            connect: Duration::from_secs_f64(self.connect_timeout),
            read: Duration::from_secs_f64(self.read_timeout),
            statement: (self.statement_timeout > 0.0)
                .then(|| Duration::from_secs_f64(self.statement_timeout)),
        }
    }

    pub(crate) fn relation(&self) -> Relation {
        Relation::new(self.resolved_connection.schema(), &self.table)
    }

    /// Whether mode and keys make sense for these columns.
    pub(crate) fn check(&self, schema: &Schema) -> Result<()> {
        if schema.fields.is_empty() {
            return Err(Error::config("the table that comes in has no columns to write"));
        }
        if let Some(field) = schema.fields.iter().enumerate().find_map(|(index, field)| {
            schema.fields[..index].iter().find(|other| other.name == field.name)
        }) {
            return Err(Error::config(format!(
                "the table that comes in has two columns {:?}; rename one of them",
                field.name
            )));
        }
        match (self.mode, self.upsert_keys.is_empty()) {
            (WriteMode::Upsert, true) => {
                return Err(Error::config(
                    "mode upsert needs `upsert_keys`, the columns that tell rows apart",
                ));
            }
            (WriteMode::Upsert, false) | (_, true) => {}
            (_, false) => {
                return Err(Error::config("`upsert_keys` goes with `mode: upsert` only"));
            }
        }
        match self.upsert_keys.iter().find(|key| schema.index_of(key).is_none()) {
            Some(key) => Err(Error::config(format!(
                "upsert_keys: the table that comes in has no column {key:?}"
            ))),
            None => Ok(()),
        }
    }
}

fn yes() -> bool {
    true
}

fn connect_timeout() -> f64 {
    10.0
}

fn read_timeout() -> f64 {
    300.0
}
