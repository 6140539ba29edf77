//! Files that appear under their name complete or not at all, inside a directory that is held open.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, OpenOptions};

use super::project_dir::restrict_to_owner;

/// A new file under a temporary name next to its final one. Removed on drop unless committed.
#[derive(Debug)]
pub struct StagedFile {
    dir: Dir,
    temporary: PathBuf,
    name: PathBuf,
    file: File,
    is_committed: bool,
}

impl StagedFile {
    /// Creates the file for `name`, a path inside `dir` whose parent exists. With `private`, only
    /// the user can access the file.
    ///
    /// # Errors
    /// Returns an error if `name` has no file name or any I/O operation fails.
    pub fn create(dir: &Dir, name: &Path, private: bool) -> io::Result<Self> {
        let file_name = name.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        // Not the process id: other processes can guess it, and in a container, the next process
        // often has the id of a killed one.
        let random = RandomState::new().hash_one(file_name);
        let temporary = name.with_file_name(format!(".{random:016x}.tmp"));
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        if private {
            restrict_to_owner(&mut options);
        }
        let file = dir.open_with(&temporary, &options)?.into_std();
        let (dir, name) = (dir.try_clone()?, name.to_owned());
        Ok(Self { dir, temporary, name, file, is_committed: false })
    }

    /// Returns the file, to write and read.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Renames the file to its final name, replacing a file or a symlink. The content survives a
    /// power cut only if the file was synced before.
    ///
    /// # Errors
    /// Returns an error if any I/O operation fails; the final name is then unchanged.
    pub fn commit(mut self) -> io::Result<()> {
        self.dir.rename(&self.temporary, &self.dir, &self.name)?;
        self.is_committed = true;
        Ok(())
    }
}

impl Drop for StagedFile {
    fn drop(&mut self) {
        if !self.is_committed {
            // If the file is missing, another process removed it.
            self.dir.remove_file(&self.temporary).ok();
        }
    }
}
