//! The folder of a new session, and whole files in it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::id;

/// How often another id is tried when a folder exists already.
const ATTEMPTS: usize = 8;

/// Creates `<logs>/run_<id>`, which did not exist before. Returns the id and
/// the folder.
pub(super) fn create(logs: &Path, now: Timestamp) -> io::Result<(String, PathBuf)> {
    fs::create_dir_all(logs)?;
    let mut attempt = 1;
    loop {
        let id = id::new(now);
        let dir = logs.join(format!("{}{id}", id::PREFIX));
        match fs::create_dir(&dir) {
            Ok(()) => return Ok((id, dir)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS => {
                attempt += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Writes a file of which a reader sees all or nothing. Unlike `atomic::write`
/// it does not wait for the disk: until its run has ended well, a file of a
/// session promises nothing to one who comes back after a power cut.
pub(super) fn place(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".tmp-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
