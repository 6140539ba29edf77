//! The step's configuration, as it is written.

use db_common::Timeouts;
use postgres_common::{Connection, Settings};
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
    #[serde(default = "db_common::connect_timeout")]
    pub connect_timeout: f64,
    /// Seconds to wait for an answer.
    #[serde(default = "db_common::read_timeout")]
    pub read_timeout: f64,
    /// Seconds that a statement may take, or 0.
    #[serde(default)]
    pub statement_timeout: f64,
}

/// Intervals for times, differences for numbers.
pub type Incremental = db_common::Incremental<Value>;

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
        Timeouts::new(self.connect_timeout, self.read_timeout)
            .with_statement(self.statement_timeout)
    }
}

fn row_limit() -> usize {
    // A batch, which holds at least a row, has 64 MiB at most unless the project allows more.
    60 << 20
}
