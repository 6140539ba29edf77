//! Which drivers were used before in a project. The user's own folder keeps it,
//! where no driver can write.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use crate::canonical;
use crate::own_folder::own_folder;

/// The drivers that were used before in one project.
#[derive(Debug)]
pub struct Seen {
    folder: PathBuf,
}

impl Seen {
    /// Those of the project in this folder.
    ///
    /// # Errors
    /// There is no folder of the user's to keep them in.
    pub fn open(base: &Path) -> io::Result<Self> {
        let project = canonical::sha256(base.as_os_str().as_encoded_bytes());
        Ok(Self { folder: own_folder(&format!("seen/{project}"))? })
    }

    /// Whether the driver with this sha256 is among them.
    pub fn has(&self, sha256: &str) -> bool {
        self.folder.join(sha256).exists()
    }

    /// Adds one.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn add(&self, sha256: &str) -> io::Result<()> {
        OpenOptions::new().create(true).append(true).open(self.folder.join(sha256)).map(drop)
    }
}
