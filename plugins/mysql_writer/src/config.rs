//! The step's configuration.

use std::time::Duration;

use mysql_common::{Connection, Limits};
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

impl Config {
    pub(crate) fn limits(&self) -> Limits {
        // A hundred days are for ever.
        let seconds = |seconds: f64| Duration::from_secs_f64(seconds.clamp(0.001, 8.64e6));
        Limits { connect: seconds(self.connect_timeout), read: seconds(self.read_timeout) }
    }

    /// Whether the configuration makes sense as a whole.
    pub(crate) fn check(&self) -> Result<()> {
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
