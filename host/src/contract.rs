//! Names that the contract between the host and a driver fixes.

use serde::{Deserialize, Serialize};

/// The WIT package that drivers target, with its version.
pub const CONTRACT: &str = "osiris:driver@0.1.0";

/// The use of a driver by a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Makes a table from the outside.
    Extract,
    /// Makes a table from tables.
    Transform,
    /// Takes one table to the outside.
    Write,
    /// Lists what is there; not for steps.
    Discover,
}
