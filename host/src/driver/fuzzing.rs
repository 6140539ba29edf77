//! What fuzzing reaches of the drivers' side.

use super::{DriverFile, interfaces};
use crate::problem::Problem;

/// Why a component does not fit this host, if its names alone tell.
pub fn mismatch(file: &DriverFile) -> Option<Problem> {
    interfaces::mismatch(file)
}
