//! The step's configuration.

use std::collections::BTreeMap;
use std::time::Duration;

use mysql_common::{Connection, Limits, Settings};
use osiris_sdk::{Error, Result};
use serde::Deserialize;

/// What `spec.yaml` describes, field by field.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// Where the server is.
    pub resolved_connection: Connection,
    /// The table to write. Empty where the host asks what is there, which takes none.
    #[serde(default)]
    pub table: String,
    /// What happens to the rows that are there.
    #[serde(default)]
    pub mode: Mode,
    /// Columns that tell which row is meant.
    #[serde(default)]
    pub upsert_keys: Vec<String>,
    /// Whether a table that is not there is made.
    #[serde(default = "yes")]
    pub create_table: bool,
    /// For replace: true if a table that is there is made anew from the input.
    #[serde(default)]
    pub recreate: bool,
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
    #[serde(default = "ten")]
    pub connect_timeout: f64,
    /// Seconds for each answer.
    #[serde(default = "five_minutes")]
    pub read_timeout: f64,
    /// Seconds to wait for rows that others hold.
    #[serde(default = "fifty")]
    pub lock_timeout: u32,
}

/// What happens to the rows that are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// They stay.
    #[default]
    Append,
    /// They go, in a table that takes the old one's place.
    Replace,
    /// Those with the key of a new one become that one.
    Upsert,
    /// They go, from the table as it is.
    Truncate,
}

/// The treatment of times with a zone in a column without one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ZonedTimes {
    /// The step fails.
    #[default]
    Error,
    /// They are written as those of UTC.
    Utc,
}

impl Config {
    pub(crate) fn limits(&self) -> Limits {
        // A hundred days are for ever.
        let seconds = |seconds: f64| Duration::from_secs_f64(seconds.clamp(0.001, 8.64e6));
        Limits { connect: seconds(self.connect_timeout), read: seconds(self.read_timeout) }
    }

    /// The primary key of a table that is made.
    pub(crate) fn created_key(&self) -> &[String] {
        if self.primary_key.is_empty() { &self.upsert_keys } else { &self.primary_key }
    }

    /// Whether the configuration makes sense as a whole.
    pub(crate) fn check(&self) -> Result<()> {
        if self.recreate && self.mode != Mode::Replace {
            return Err(Error::config("`recreate` goes with `mode: replace`"));
        }
        let is_other = |key| !self.upsert_keys.contains(key);
        if self.mode == Mode::Upsert
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
            (Mode::Upsert, true) => Err(Error::config(
                "`mode: upsert` needs `upsert_keys`: the columns that tell which row is meant",
            )),
            (Mode::Upsert, false) | (_, true) => Ok(()),
            (_, false) => Err(Error::config("`upsert_keys` goes with `mode: upsert`")),
        }
    }
}

fn yes() -> bool {
    true
}

fn ten() -> f64 {
    10.0
}

fn five_minutes() -> f64 {
    300.0
}

fn fifty() -> u32 {
    50
}
