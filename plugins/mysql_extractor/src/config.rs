//! The step's configuration.

use db_common::Timeouts;
use mysql_common::{Connection, Settings, ZeroDates};
use serde::Deserialize;

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
    /// The way to read only new rows.
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
    #[serde(default = "db_common::connect_timeout")]
    pub connect_timeout: f64,
    /// Seconds for each answer.
    #[serde(default = "db_common::read_timeout")]
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

/// Seconds for times, differences for numbers.
pub type Incremental = db_common::Incremental<f64>;

impl Config {
    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts::new(self.connect_timeout, self.read_timeout)
    }
}
