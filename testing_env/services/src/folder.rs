//! Temporary directories that are removed even if this process is killed.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// Waits for the end of its input, which comes when this process ends, and then removes the
/// directory, retrying while other processes still write to it.
const CLEAN: &str = r#"trap '' INT TERM HUP; cat > /dev/null; until rm -rf -- "$0" 2> /dev/null; do sleep 0.1; done"#;

/// A temporary directory of a server. Statics are never dropped, so a small program removes the
/// directory when the process has ended.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    /// The cleaner's input remains open as long as this child is held.
    _cleaner: Child,
}

impl Folder {
    /// Creates a temporary directory.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be created or `sh` does not start.
    pub fn new(prefix: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix(prefix).tempdir()?;
        let cleaner = Command::new("sh")
            .args(["-c", CLEAN])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot run sh")?;
        Ok(Self { folder, _cleaner: cleaner })
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}
