//! Atomic writes: a file appears complete or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// Writes `bytes` to a temporary file next to `path`, syncs the file and renames it to `path`.
/// The permissions are those of any new file.
///
/// # Errors
/// Returns an error if any I/O operation fails; `path` is then unchanged.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    stage(path, bytes)?.commit()
}

/// Like [`write()`], with the content that `fill` writes.
///
/// # Errors
/// Returns an error if any I/O operation fails; `path` is then unchanged.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    prepare(&public(), path, fill)?.commit()
}

/// Bytes on disk, not yet at their path. Deleted when dropped without a commit.
#[derive(Debug)]
pub struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

/// Writes and syncs the temporary file, the first half of [`write()`]: any work that needs free
/// disk space is done afterwards.
///
/// # Errors
/// Returns an error if any I/O operation fails.
pub fn stage(path: &Path, bytes: &[u8]) -> io::Result<Staged> {
    prepare(&public(), path, |file| file.write_all(bytes))
}

impl Staged {
    /// Renames the file to its path, the second half of [`write()`].
    ///
    /// # Errors
    /// Returns an error if any I/O operation fails; the path is then unchanged.
    pub fn commit(self) -> io::Result<()> {
        self.file.persist(self.path)?;
        Ok(())
    }
}

/// Like [`write()`], but makes the file readable by the user only.
///
/// # Errors
/// Returns an error if any I/O operation fails; `path` is then unchanged.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    prepare(&Builder::new(), path, |file| file.write_all(bytes))?.commit()
}

/// Like [`write()`], but never replaces a file.
///
/// # Errors
/// Returns an error if any I/O operation fails, `AlreadyExists` if `path` exists.
pub fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let staged = prepare(&public(), path, |file| file.write_all(bytes))?;
    staged.file.persist_noclobber(path)?;
    Ok(())
}

/// Like [`write_private()`] with the content that `fill` writes, but never replaces a file.
///
/// # Errors
/// Returns an error if any I/O operation fails, `AlreadyExists` if `path` exists.
pub fn write_private_new(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let staged = prepare(&Builder::new(), path, fill)?;
    staged.file.persist_noclobber(path)?;
    Ok(())
}

/// Returns a builder with the permissions of any new file.
fn public() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

fn prepare(
    builder: &Builder<'_, '_>,
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<Staged> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut file = builder.tempfile_in(folder.unwrap_or(Path::new(".")))?;
    fill(file.as_file_mut())?;
    file.as_file().sync_all()?;
    Ok(Staged { file, path: path.to_owned() })
}
