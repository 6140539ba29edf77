//! Where the compiler learns about drivers.

use std::path::PathBuf;
use std::sync::Arc;

use crate::driver::registry::Registry;
use crate::driver::spec::Spec;
use crate::problem::{Error, Problem};

/// The drivers that a project can use.
pub trait Drivers {
    /// The driver of this name.
    ///
    /// # Errors
    /// Why there is none that can be used.
    fn find(&self, name: &str) -> Result<Found, Missing>;

    /// The names of all of them.
    fn names(&self) -> Vec<String>;
}

/// A driver that can be used.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its spec.
    pub spec: Arc<Spec>,
    /// The sha256 of its component, 64 hex digits.
    pub sha256: String,
}

/// Why a driver cannot be used.
#[derive(Debug, Clone)]
pub enum Missing {
    /// None has the name.
    Unknown {
        /// The folders that were searched.
        searched: Vec<PathBuf>,
    },
    /// One has the name, but something is wrong with it.
    Unusable(Vec<Problem>),
    /// One has the name, but the project keeps it out.
    Refused(Vec<Problem>),
}

impl Drivers for Registry {
    fn find(&self, name: &str) -> Result<Found, Missing> {
        if let Some(file) = Self::find(self, name) {
            let refused = |error: Error| Missing::Refused(error.problems);
            let sha256 = self.admit(file).map_err(refused)?.sha256.clone();
            file.check().map_err(|error| Missing::Unusable(error.problems))?;
            return Ok(Found { spec: file.spec.clone(), sha256 });
        }
        let broken = self.broken_as(name);
        if broken.is_empty() {
            return Err(Missing::Unknown { searched: self.folders().to_vec() });
        }
        Err(Missing::Unusable(broken))
    }

    fn names(&self) -> Vec<String> {
        self.drivers().map(|file| file.spec.name.clone()).collect()
    }
}
