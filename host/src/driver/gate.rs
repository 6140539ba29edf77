//! Who may refuse a driver before any of it is used.

use std::fmt;

use super::DriverFile;
use crate::problem::Result;

/// A rule that every driver's bytes must pass, each time that they are read for use.
pub trait Gate: fmt::Debug + Send + Sync {
    /// Looks at a driver; `bytes` are what will be used, and `sha256` is theirs.
    ///
    /// # Errors
    /// Why it may not be used, and the way out.
    fn admit(&self, driver: &DriverFile, bytes: &[u8], sha256: &str) -> Result<()>;
}
