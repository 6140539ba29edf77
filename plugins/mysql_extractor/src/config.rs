//! The step's configuration.

use std::time::Duration;

use mysql_common::{Connection, Settings, Timeouts, ZeroDates};
use serde::Deserialize;
use serde_json::Value;

/// The configuration that `spec.yaml` describes.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// The connection to the server.
    pub resolved_connection: Connection,
    /// The query, in SQL.
    #[serde(default)]
    pub query: Option<String>,
    /// The table to read, in place of a query.
    #[serde(default)]
    pub table: Option<String>,
    /// The columns of the table to read, in this order.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// The rows of the table to read: a condition in SQL.
    #[serde(default)]
    pub filter: Option<String>,
    /// Rows to read, at most.
    #[serde(default)]
    pub limit: Option<u64>,
    /// The cursor, to read only new rows.
    #[serde(default)]
    pub incremental: Option<Incremental>,
    /// The treatment of dates that the calendar does not have.
    #[serde(default)]
    pub zero_dates: ZeroDates,
    /// The meaning of TINYINT(1).
    #[serde(default)]
    pub tinyint1: Tinyint1,
    /// Settings of the server for this session.
    #[serde(default)]
    pub session: Settings,
    /// Seconds until the server has let the user in.
    #[serde(default = "ten")]
    pub connect_timeout: f64,
    /// Seconds for each answer.
    #[serde(default = "five_minutes")]
    pub read_timeout: f64,
}

/// The meaning of TINYINT(1), which BOOLEAN is in the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tinyint1 {
    /// An integer.
    #[default]
    Integer,
    /// True or false; other values than 0 and 1 fail the step.
    Boolean,
}

/// Reads what lies beyond what the last run read.
#[derive(Debug, Clone, Deserialize)]
pub struct Incremental {
    /// The column that grows.
    pub cursor: String,
    /// The value behind which the first run begins.
    #[serde(default)]
    pub start: Option<Value>,
    /// True if rows of the last value itself are read again.
    #[serde(default)]
    pub inclusive: bool,
    /// The distance from the last value at which a run begins.
    #[serde(default)]
    pub overlap: Option<f64>,
    /// The treatment of a state that another source left.
    #[serde(default)]
    pub other_source: OtherSource,
}

/// The treatment of a state that another server, database, table or query left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherSource {
    /// The step fails.
    #[default]
    Error,
    /// The run goes on from its value.
    Continue,
}

impl Config {
    pub(crate) fn timeouts(&self) -> Timeouts {
        // A hundred days are for ever.
        let seconds = |seconds: f64| Duration::from_secs_f64(seconds.clamp(0.001, 8.64e6));
        Timeouts { connect: seconds(self.connect_timeout), read: seconds(self.read_timeout) }
    }
}

fn ten() -> f64 {
    10.0
}

fn five_minutes() -> f64 {
    300.0
}
