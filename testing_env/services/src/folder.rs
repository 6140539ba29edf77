//! Temporary folders that go away with this process, too.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// Waits for the end of its input, which is that of the process that holds the
/// other end, and then for the last one who writes to the folder.
const CLEAN: &str = r#"trap '' INT TERM HUP; cat > /dev/null; until rm -rf -- "$0" 2> /dev/null; do sleep 0.1; done"#;

/// A temporary folder of a server. A static is never dropped, so a little
/// program takes care of the folder when the process has ended.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    /// Its input is open as long as this is.
    _cleaner: Child,
}

impl Folder {
    /// Makes one.
    ///
    /// # Errors
    /// There is no room for it.
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
