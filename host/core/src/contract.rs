//! Names that the contract between the host and a driver fixes.

use serde::{Deserialize, Serialize};

/// The WIT package that drivers target, with its version.
pub const CONTRACT: &str = "osiris:driver@0.1.0";

/// Use of a driver by a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Reads external data into a table.
    Extract,
    /// Computes a table from tables.
    Transform,
    /// Writes a table to an external destination.
    Write,
    /// Lists the available datasets; not allowed in steps.
    Discover,
}
