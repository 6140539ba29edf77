//! Files that are there whole or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// Writes `bytes` to `path`: a temporary file beside it, fsync, rename. The
/// permissions are those of any new file.
///
/// # Errors
/// Any I/O error; `path` is then what it was before.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    stage(path, bytes)?.commit()
}

/// Like [`write()`], with what `fill` writes.
///
/// # Errors
/// Any I/O error; `path` is then what it was before.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    prepare(&public(), path, fill)?.commit()
}

/// Bytes on disk that wait for their place. Dropped, they are gone.
#[derive(Debug)]
pub struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

/// The first half of [`write()`]: whatever may want room is done after it.
///
/// # Errors
/// Any I/O error.
pub fn stage(path: &Path, bytes: &[u8]) -> io::Result<Staged> {
    prepare(&public(), path, |file| file.write_all(bytes))
}

impl Staged {
    /// The second half: they are in their place.
    ///
    /// # Errors
    /// Any I/O error; the place is then what it was before.
    pub fn commit(self) -> io::Result<()> {
        self.file.persist(self.path)?;
        Ok(())
    }
}

/// Like [`write()`], but only the user can read the file.
///
/// # Errors
/// Any I/O error; `path` is then what it was before.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    prepare(&Builder::new(), path, |file| file.write_all(bytes))?.commit()
}

/// Like [`write_private()`] with what `fill` writes, but what is there already stays.
///
/// # Errors
/// Any I/O error; `AlreadyExists` if there is something at `path`.
pub fn write_private_new(
    path: &Path,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let staged = prepare(&Builder::new(), path, fill)?;
    staged.file.persist_noclobber(path)?;
    Ok(())
}

/// The permissions of any new file.
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
