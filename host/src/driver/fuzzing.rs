//! What fuzzing reaches of the drivers' side.

use super::outline::Outline;
use super::{DriverFile, interfaces};
use crate::problem::Problem;

/// Why a component does not fit this host, if its names alone tell.
pub fn mismatch(file: &DriverFile) -> Option<Problem> {
    interfaces::mismatch(file)
}

/// Every spec in a component; none if it is damaged.
pub fn specs(component: &[u8]) -> Option<Vec<Vec<u8>>> {
    Outline::of(component).ok().map(|outline| outline.specs)
}
