//! The compiler's view of the available drivers.

use std::path::PathBuf;
use std::sync::Arc;

use osiris_core::diagnostic::{Diagnostic, Error};
use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::driver::spec::Spec;

/// The drivers that a project can use.
pub trait Drivers: Sync {
    /// Returns the driver of this name.
    ///
    /// # Errors
    /// Returns an error if no usable driver has this name; the error is the reason.
    fn find(&self, name: &str) -> Result<Found, Missing>;

    /// Returns the names of all drivers.
    fn names(&self) -> Vec<String>;
}

/// A usable driver.
#[derive(Debug, Clone)]
pub struct Found {
    /// The driver's spec.
    pub spec: Arc<Spec>,
    /// The sha256 of the driver's component, 64 hex digits.
    pub sha256: String,
    /// Whether the driver comes with osiris.
    pub built_in: bool,
}

/// The reason why a driver cannot be used.
#[derive(Debug, Clone)]
pub enum Missing {
    /// No driver has the name.
    Unknown {
        /// The directories that were searched.
        searched: Vec<PathBuf>,
    },
    /// The driver exists, but is broken.
    Unusable(Vec<Diagnostic>),
    /// The driver exists, but the project's policy or lockfile denies it.
    Refused(Vec<Diagnostic>),
}

impl Drivers for DriverCatalog {
    fn find(&self, name: &str) -> Result<Found, Missing> {
        if let Some(file) = Self::find(self, name) {
            let refused = |error: Error| Missing::Refused(error.into_diagnostics());
            let sha256 = self.admitted_content(file).map_err(refused)?.sha256.clone();
            file.check().map_err(|error| Missing::Unusable(error.into_diagnostics()))?;
            return Ok(Found { spec: file.spec.clone(), sha256, built_in: file.built_in });
        }
        let broken = self.load_errors_for(name);
        if broken.is_empty() {
            return Err(Missing::Unknown { searched: self.dirs().to_vec() });
        }
        Err(Missing::Unusable(broken))
    }

    fn names(&self) -> Vec<String> {
        self.drivers().map(|file| file.spec.name.clone()).collect()
    }
}
