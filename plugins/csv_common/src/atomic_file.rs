//! A file that appears when it is whole, or not at all.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use osiris_sdk::{Error, Result};

/// A temporary file beside the one that is to be written. Dropping it removes
/// the temporary file unless it is committed.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    temporary: PathBuf,
    committed: bool,
}

impl AtomicFile {
    /// Creates the temporary file. `option` names `path` in a configuration.
    ///
    /// # Errors
    /// Kind `config` if `path` names no file, `not-found` if its folder does not
    /// exist and `create_dirs` is false, or the reason that the folder or the
    /// file cannot be made.
    pub fn create(option: &str, path: &Path, create_dirs: bool) -> Result<(Self, File)> {
        if path.is_dir() {
            return Err(Error::config(format!(
                "{} is a directory; `{option}` names the file to write, such as {}",
                path.display(),
                path.join("data.csv").display()
            )));
        }
        let name = path.file_name().ok_or_else(|| {
            Error::config(format!("{option}: {:?} does not name a file", path.display()))
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
    ///
    /// # Errors
    /// The reason that either fails.
    pub fn commit(mut self, file: File) -> Result<()> {
        file.sync_all().map_err(|error| unwritable(&self.path, &error))?;
        drop(file);
        fs::rename(&self.temporary, &self.path).map_err(|error| unwritable(&self.path, &error))?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for AtomicFile {
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
#[must_use]
pub fn unwritable(path: &Path, error: &io::Error) -> Error {
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
