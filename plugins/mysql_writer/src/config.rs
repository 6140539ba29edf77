//! The step's configuration.

use std::collections::BTreeMap;

use db_common::{SchemaChanges, Timeouts, WriteMode};
use mysql_common::{Connection, Settings};
use osiris_sdk::{Error, Result};
use serde::Deserialize;

/// The configuration that `spec.yaml` describes.
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
    /// Columns that tell which row is meant.
    #[serde(default)]
    pub upsert_keys: Vec<String>,
    /// Whether a table that does not exist is created.
    #[serde(default = "yes")]
    pub create_table: bool,
    /// The treatment of a table that the rows do not fit.
    #[serde(default)]
    pub schema_changes: Option<SchemaChanges>,
    /// The primary key of a table that is made.
    #[serde(default)]
    pub primary_key: Vec<String>,
    /// Types in SQL of columns that are made.
    #[serde(default)]
    pub column_types: BTreeMap<String, String>,
    /// The treatment of times with a zone in a column without one.
    #[serde(default)]
    pub zoned_times: ZonedTimes,
    /// True if LOAD DATA is used where the server allows it.
    #[serde(default = "yes")]
    pub load_data: bool,
    /// Settings of the server for this session.
    #[serde(default)]
    pub session: Settings,
    /// Seconds until the server has let the user in.
    #[serde(default = "db_common::connect_timeout")]
    pub connect_timeout: f64,
    /// Seconds for each answer.
    #[serde(default = "db_common::read_timeout")]
    pub read_timeout: f64,
    /// Seconds to wait for rows that others hold.
    #[serde(default = "fifty")]
    pub lock_timeout: u32,
}

/// The treatment of times with a zone in a column without one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZonedTimes {
    /// The step fails.
    #[default]
    Error,
    /// The times are written as those of UTC.
    Utc,
}

impl Config {
    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts::new(self.connect_timeout, self.read_timeout)
    }

    /// Returns how far the table may change.
    pub(crate) fn changes(&self) -> SchemaChanges {
        self.schema_changes.unwrap_or(match self.mode {
            WriteMode::Replace => SchemaChanges::AddColumns,
            _ => SchemaChanges::Error,
        })
    }

    /// The primary key of a table that is made.
    pub(crate) fn created_key(&self) -> &[String] {
        if self.primary_key.is_empty() { &self.upsert_keys } else { &self.primary_key }
    }

    /// Checks that the options go together.
    pub(crate) fn check(&self) -> Result<()> {
        if self.changes() == SchemaChanges::Recreate {
            if self.mode != WriteMode::Replace {
                return Err(Error::config(
                    "`schema_changes: recreate` goes with `mode: replace` only",
                ));
            }
            if !self.create_table {
                return Err(Error::config(
                    "`schema_changes: recreate` creates a table, and `create_table` is false; \
                     leave one of the two out",
                ));
            }
        }
        let is_other = |key| !self.upsert_keys.contains(key);
        if self.mode == WriteMode::Upsert
            && !self.primary_key.is_empty()
            && (self.primary_key.len() != self.upsert_keys.len()
                || self.primary_key.iter().any(is_other))
        {
            return Err(Error::config(
                "`primary_key` is not `upsert_keys`; with `mode: upsert` a table that is made has \
                 the upsert_keys for its primary key: leave `primary_key` out",
            ));
        }
        match (self.mode, self.upsert_keys.is_empty()) {
            (WriteMode::Upsert, true) => Err(Error::config(
                "`mode: upsert` needs `upsert_keys`: the columns that tell which row is meant",
            )),
            (WriteMode::Upsert, false) | (_, true) => Ok(()),
            (_, false) => Err(Error::config("`upsert_keys` goes with `mode: upsert`")),
        }
    }
}

fn yes() -> bool {
    true
}

fn fifty() -> u32 {
    50
}
