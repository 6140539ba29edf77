//! Files that are there whole or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// Writes `bytes` to `path`: a temporary file beside it, fsync, rename. The
/// permissions are those of any new file.
///
/// # Errors
/// Any I/O error; `path` is then what it was before.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// Like [`write()`], with what `fill` writes.
///
/// # Errors
/// Any I/O error; `path` is then what it was before.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    filled(&builder, path, fill)?.persist(path)?;
    Ok(())
}

/// Like [`write()`], but only the user can read the file.
///
/// # Errors
/// Any I/O error; `path` is then what it was before.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    filled(&Builder::new(), path, |file| file.write_all(bytes))?.persist(path)?;
    Ok(())
}

/// Like [`write_private()`], but what is there already stays.
///
/// # Errors
/// Any I/O error; `AlreadyExists` if there is something at `path`.
pub fn write_private_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    filled(&Builder::new(), path, |file| file.write_all(bytes))?.persist_noclobber(path)?;
    Ok(())
}

/// A temporary file beside `path` with what `fill` writes.
fn filled(
    builder: &Builder<'_, '_>,
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    fill(file.as_file_mut())?;
    file.as_file().sync_all()?;
    Ok(file)
}
