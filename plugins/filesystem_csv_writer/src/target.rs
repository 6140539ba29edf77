//! The file that is written: not there until it is whole.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use osiris_sdk::{Error, Result};

/// A temporary file beside the one that is to be written. It goes away unless
/// it is committed.
#[derive(Debug)]
pub(crate) struct Target {
    path: PathBuf,
    temporary: PathBuf,
    committed: bool,
}

impl Target {
    /// Creates the temporary file.
    pub(crate) fn create(path: &Path, create_dirs: bool) -> Result<(Self, File)> {
        if path.is_dir() {
            return Err(Error::config(format!(
                "{} is a directory; `path` names the file to write, such as {}",
                path.display(),
                path.join("data.csv").display()
            )));
        }
        let name = path.file_name().ok_or_else(|| {
            Error::config(format!("path: {:?} does not name a file", path.display()))
        })?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            make_folder(folder, create_dirs)?;
        }
        // The name is new in each attempt, so two steps or runs never share a file.
        let tag = RandomState::new().hash_one(name);
        let temporary = path.with_file_name(format!(".{}.{tag:016x}.tmp", name.to_string_lossy()));
        let file = File::create_new(&temporary).map_err(|error| unwritable(path, &error))?;
        Ok((Self { path: path.to_owned(), temporary, committed: false }, file))
    }

    /// Makes sure that the content is on the disk, and gives it its name.
    pub(crate) fn commit(mut self, file: File) -> Result<()> {
        file.sync_all().map_err(|error| unwritable(&self.path, &error))?;
        drop(file);
        fs::rename(&self.temporary, &self.path).map_err(|error| unwritable(&self.path, &error))?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if !self.committed {
            // There is an error already, which matters more than this one.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

fn make_folder(folder: &Path, create_dirs: bool) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if !create_dirs {
        return Err(Error::not_found(format!(
            "the folder {} does not exist; make it, or set `create_dirs: true`",
            folder.display()
        )));
    }
    fs::create_dir_all(folder).map_err(|error| {
        Error::from(error).context(format_args!("making the folder {}", folder.display()))
    })
}

/// "I/O error" in wasi-libc.
const EIO: i32 = 29;

/// Says which file could not be written and why.
pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Error {
    let kind = Error::from(io::Error::from(error.kind())).kind;
    let why = match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::FileTooLarge | io::ErrorKind::QuotaExceeded => {
            "a file may not be larger here; raise the quota or `ulimit -f`".to_owned()
        }
        io::ErrorKind::ReadOnlyFilesystem => "the folder is read-only".to_owned(),
        // A stream of WASI says no more than that it failed, which is EIO here.
        _ if error.raw_os_error() == Some(EIO) => "the disk is full, or it failed".to_owned(),
        _ => error.to_string(),
    };
    Error::new(kind, format!("CSV file cannot be written: {}: {why}", path.display()))
}
