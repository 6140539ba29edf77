//! Files that are there whole or not at all.

use std::io::{self, Write};
use std::path::Path;

/// Writes `bytes` to `path`: a temporary file beside it, fsync, rename.
///
/// # Errors
/// Any I/O error; `path` is then what it was before.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".tmp-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
