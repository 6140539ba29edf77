//! Records the drivers that were used in a project before, in the user's cache directory, which
//! no driver can write.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use osiris_core::canonical;
use osiris_core::fs::cache_dir::cache_dir;

/// The drivers that were used in one project before.
#[derive(Debug)]
pub struct KnownDrivers {
    folder: PathBuf,
}

impl KnownDrivers {
    /// Opens the record of the project in this directory.
    ///
    /// # Errors
    /// Returns an error if the user's cache directory cannot be used.
    pub fn open(base: &Path) -> io::Result<Self> {
        let project = canonical::sha256(base.as_os_str().as_encoded_bytes());
        Ok(Self { folder: cache_dir(&format!("seen/{project}"))? })
    }

    /// Returns whether the driver with this sha256 was used before.
    pub fn has(&self, sha256: &str) -> bool {
        self.folder.join(sha256).exists()
    }

    /// Records a driver.
    ///
    /// # Errors
    /// Returns an error if the record cannot be written.
    pub fn add(&self, sha256: &str) -> io::Result<()> {
        OpenOptions::new().create(true).append(true).open(self.folder.join(sha256)).map(drop)
    }
}
