//! Files that are there whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use tempfile::Builder;

/// Writes `bytes` to `path`: a temporary file beside it, fsync, rename. The
/// permissions are those of any new file.
///
/// # Errors
/// Any I/O error; `path` is then what it was before.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    persist(&builder, path, bytes)
}

/// Like [`write()`], but only the user can read the file.
///
/// # Errors
/// Any I/O error; `path` is then what it was before.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    persist(&Builder::new(), path, bytes)
}

fn persist(builder: &Builder<'_, '_>, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
