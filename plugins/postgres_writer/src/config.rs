//! The step's configuration.

use std::collections::BTreeMap;

use db_common::{SchemaChanges, Timeouts, WriteMode};
use osiris_sdk::{Error, Result, Schema};
use postgres_common::{Connection, Relation, Settings};
use serde::Deserialize;

use crate::feed::Rules;

/// The fields that `spec.yaml` describes.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// The connection to the server.
    pub resolved_connection: Connection,
    /// The table to write. Empty where the host asks what is there, which takes none.
    #[serde(default)]
    pub table: String,
    /// The treatment of the rows that are there.
    #[serde(default)]
    pub mode: WriteMode,
    /// The columns that tell rows apart.
    #[serde(default)]
    pub upsert_keys: Vec<String>,
    /// Whether a table that does not exist is created.
    #[serde(default = "yes")]
    pub create_table: bool,
    /// The primary key of a table that is created.
    #[serde(default)]
    pub primary_key: Vec<String>,
    /// Types of columns that are created.
    #[serde(default)]
    pub column_types: BTreeMap<String, String>,
    /// The treatment of a table that the rows do not fit.
    #[serde(default)]
    pub schema_changes: Option<SchemaChanges>,
    /// The treatment of values that a column would round.
    #[serde(default)]
    pub inexact: Inexact,
    /// The treatment of characters of code 0.
    #[serde(default)]
    pub nul: Nul,
    /// Settings of the server for the transaction.
    #[serde(default)]
    pub session: Settings,
    /// Seconds to wait for a connection.
    #[serde(default = "db_common::connect_timeout")]
    pub connect_timeout: f64,
    /// Seconds to wait for an answer.
    #[serde(default = "db_common::read_timeout")]
    pub read_timeout: f64,
    /// Seconds that a statement may take, or 0.
    #[serde(default)]
    pub statement_timeout: f64,
}

/// The treatment of values that a column would round.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Inexact {
    /// The step fails.
    #[default]
    Error,
    /// They are rounded.
    Round,
}

/// The treatment of characters of code 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nul {
    /// The step fails.
    #[default]
    Error,
    /// They are left out.
    Remove,
}

impl Config {
    /// Returns what values are checked for.
    pub(crate) fn rules(&self) -> Rules {
        Rules { exact: self.inexact == Inexact::Error, remove_nul: self.nul == Nul::Remove }
    }

    /// Returns how far the table may change.
    pub(crate) fn changes(&self) -> SchemaChanges {
        self.schema_changes.unwrap_or(match self.mode {
            WriteMode::Replace => SchemaChanges::Widen,
            _ => SchemaChanges::Error,
        })
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts::new(self.connect_timeout, self.read_timeout)
            .with_statement(self.statement_timeout)
    }

    pub(crate) fn relation(&self) -> Result<Relation> {
        self.resolved_connection.relation(&self.table)
    }

    /// Checks that mode and keys make sense for these columns.
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
        if self.schema_changes == Some(SchemaChanges::Recreate) && self.mode != WriteMode::Replace {
            return Err(Error::config("`schema_changes: recreate` goes with `mode: replace` only"));
        }
        let keys = self.upsert_keys.iter().map(|key| ("upsert_keys", key));
        let primary = self.primary_key.iter().map(|key| ("primary_key", key));
        let typed = self.column_types.keys().map(|name| ("column_types", name));
        match keys.chain(primary).chain(typed).find(|(_, name)| schema.index_of(name).is_none()) {
            Some((field, name)) => Err(Error::config(format!(
                "{field}: the table that comes in has no column {name:?}"
            ))),
            None => Ok(()),
        }
    }
}

fn yes() -> bool {
    true
}
