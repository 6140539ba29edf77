//! The option `incremental`.

use serde::Deserialize;
use serde_json::Value;

/// Reads only the rows beyond the last one of the run before. `O` is the type of the overlap.
#[derive(Debug, Clone, Deserialize)]
pub struct Incremental<O> {
    /// The column whose values grow.
    pub cursor: String,
    /// The value after which the first run begins.
    #[serde(default)]
    pub start: Option<Value>,
    /// Whether rows with the last value itself are read again.
    #[serde(default)]
    pub inclusive: bool,
    /// The distance before the last value at which a run begins.
    pub overlap: Option<O>,
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

impl<O> Incremental<O> {
    /// Returns the SQL operator between the cursor and the value at which a run begins.
    #[must_use]
    pub fn comparison(&self) -> &'static str {
        if self.inclusive || self.overlap.is_some() { ">=" } else { ">" }
    }
}
