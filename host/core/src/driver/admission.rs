//! Admission rules for drivers, checked before any part of a driver is used.

use std::fmt;

use super::DriverFile;
use crate::diagnostic::Result;

/// A rule that a driver's bytes must pass each time they are read for use.
pub trait AdmissionPolicy: fmt::Debug + Send + Sync {
    /// Checks a driver. `bytes` are the bytes that will be used, and `sha256` is their hash.
    ///
    /// # Errors
    /// Returns an error with the reason and the fix if the driver may not be used.
    fn admit(&self, driver: &DriverFile, bytes: &[u8], sha256: &str) -> Result<()>;
}
