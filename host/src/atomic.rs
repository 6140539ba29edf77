//! Files that are there whole or not at all.

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
    let mut builder = Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    prepare(&builder, path, bytes)
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
    prepare(&Builder::new(), path, bytes)?.commit()
}

fn prepare(builder: &Builder<'_, '_>, path: &Path, bytes: &[u8]) -> io::Result<Staged> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(Staged { file, path: path.to_owned() })
}
