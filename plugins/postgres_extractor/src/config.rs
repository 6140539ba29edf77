//! The step's configuration, as it is written.

use std::time::Duration;

use postgres_common::{Connection, Settings, Timeouts};
use serde::Deserialize;
use serde_json::Value;

/// The fields that `spec.yaml` describes.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// The connection to the server.
    pub resolved_connection: Connection,
    /// The query to read, in SQL.
    #[serde(default)]
    pub query: Option<String>,
    /// Or the table to read.
    #[serde(default)]
    pub table: Option<String>,
    /// Its columns.
    #[serde(default)]
    pub columns: Option<Vec<String>>,
    /// A condition for its rows.
    #[serde(default)]
    pub filter: Option<String>,
    /// Rows to read, at most.
    #[serde(default)]
    pub limit: Option<u64>,
    /// The way to read only new rows.
    #[serde(default)]
    pub incremental: Option<Incremental>,
    /// The treatment of dates and timestamps that are infinity.
    #[serde(default)]
    pub infinity: Special,
    /// The treatment of decimals that are no number.
    #[serde(default)]
    pub nan: Special,
    /// The column whose range is divided when the step is split.
    #[serde(default)]
    pub partition_key: Option<String>,
    /// Bytes in a row, at most.
    #[serde(default = "row_limit")]
    pub row_limit: usize,
    /// Settings of the server for the transaction.
    #[serde(default)]
    pub session: Settings,
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

/// The way to tell new rows.
#[derive(Debug, Clone, Deserialize)]
pub struct Incremental {
    /// A column whose values grow.
    pub cursor: String,
    /// The value behind which the first run begins.
    #[serde(default)]
    pub start: Option<Value>,
    /// Whether rows with the last value itself are read again.
    #[serde(default)]
    pub inclusive: bool,
    /// The distance before the last value at which a run begins.
    #[serde(default)]
    pub overlap: Option<Value>,
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

/// The treatment of a value that the columns of a table do not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Special {
    /// The step fails.
    #[default]
    Error,
    /// It becomes a missing value.
    Null,
    /// Columns that may have it become text.
    Text,
}

impl Config {
    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts {
            connect: Duration::from_secs_f64(self.connect_timeout),
            read: Duration::from_secs_f64(self.read_timeout),
            statement: (self.statement_timeout > 0.0)
                .then(|| Duration::from_secs_f64(self.statement_timeout)),
        }
    }
}

fn row_limit() -> usize {
    // A batch, which holds at least a row, has 64 MiB at most unless the project allows more.
    60 << 20
}

fn connect_timeout() -> f64 {
    10.0
}

fn read_timeout() -> f64 {
    300.0
}
