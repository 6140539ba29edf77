//! The folder of a new session.

use std::fs;
use std::io;
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
