//! Files that are there whole or not at all.

use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

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

/// Like [`write_private()`], but what is there already stays.
///
/// # Errors
/// Any I/O error; `AlreadyExists` if there is something at `path`.
pub fn write_private_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    written(&Builder::new(), path, bytes)?.persist_noclobber(path)?;
    Ok(())
}

fn persist(builder: &Builder<'_, '_>, path: &Path, bytes: &[u8]) -> io::Result<()> {
    written(builder, path, bytes)?.persist(path)?;
    Ok(())
}

/// A temporary file beside `path`.
fn written(builder: &Builder<'_, '_>, path: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}
