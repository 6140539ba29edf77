//! A session's directory. The host holds a handle on the directory from the start of the run: a
//! driver that may write below the base path cannot move the directory or replace it with a link to
//! make the host write elsewhere.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use jiff::Timestamp;
use osiris_core::fs::project_dir::{self, ProjectDir};
use osiris_core::fs::staged::StagedFile;

use super::id;

/// Attempts to find an id whose directory does not exist yet.
const ATTEMPTS: usize = 8;

/// An open handle on a session's directory. Names are relative to the directory.
pub(super) struct SessionDir {
    /// Path of the directory when it was opened.
    pub(super) path: PathBuf,
    dir: Dir,
}

impl SessionDir {
    /// Creates `<logs>/run_<id>` under a new id and returns the id too.
    pub(super) fn create(logs: &Path, now: Timestamp) -> io::Result<(String, Self)> {
        let mut attempt = 1;
        loop {
            let id = id::new(now);
            match Self::create_as(logs, &id) {
                Ok(folder) => return Ok((id, folder)),
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists && attempt < ATTEMPTS =>
                {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Creates `<logs>/run_<id>`, which must not exist yet.
    pub(super) fn create_as(logs: &Path, id: &str) -> io::Result<Self> {
        let name = format!("{}{id}", id::PREFIX);
        // The parent of the logs is the project's directory.
        let base = logs.parent().unwrap_or(logs);
        let logs_dir = ProjectDir::new(base, logs).create_dir()?;
        project_dir::create_private_dir(&logs_dir, name.as_ref())?;
        Ok(Self { path: logs.join(&name), dir: logs_dir.open_dir(&name)? })
    }

    /// Opens the directory of an existing session.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let dir = Dir::open_ambient_dir(&path, ambient_authority())?;
        Ok(Self { path, dir })
    }

    /// Reads a file of at most `limit` bytes.
    pub(super) fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        project_dir::read(&self.dir, name, limit)
    }

    /// Creates a file for appending. Fails if the file exists.
    pub(super) fn create_append(&self, name: &str) -> io::Result<fs::File> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        project_dir::restrict_to_owner(&mut options);
        Ok(self.dir.open_with(name, &options)?.into_std())
    }

    /// Returns whether `name` is a file with exactly this content.
    pub(super) fn holds(&self, name: &Path, bytes: &[u8]) -> bool {
        let limit = bytes.len() as u64;
        let is_file = self.dir.symlink_metadata(name).is_ok_and(|metadata| metadata.is_file());
        is_file && project_dir::read(&self.dir, name, limit).is_ok_and(|content| content == bytes)
    }

    /// Removes a file, link or directory; does nothing if `name` does not exist.
    pub(super) fn remove(&self, name: &Path) -> io::Result<()> {
        let result = match self.dir.symlink_metadata(name) {
            Ok(metadata) if metadata.is_dir() => self.dir.remove_dir_all(name),
            Ok(_) => self.dir.remove_file(name),
            Err(error) => Err(error),
        };
        match result {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Creates a directory and its parents, as far as they are missing.
    pub(super) fn create_dir(&self, name: &Path) -> io::Result<PathBuf> {
        let mut so_far = PathBuf::new();
        let mut create = || {
            for part in name {
                so_far.push(part);
                match project_dir::create_private_dir(&self.dir, &so_far) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(error);
                    }
                    _ => {}
                }
            }
            Ok(())
        };
        let result = create();
        project_dir::refuse_links(&self.dir, &self.path, name)?;
        match self.dir.metadata(name) {
            Ok(metadata) if !metadata.is_dir() => Err(io::ErrorKind::NotADirectory.into()),
            _ => result.map(|()| self.path.join(name)),
        }
    }

    /// Writes a file and renames it to `name`, so that a reader sees all of it or nothing. Survives
    /// a power cut only with `sync`.
    pub(super) fn write_atomic(
        &self,
        name: &Path,
        bytes: &[u8],
        sync: bool,
    ) -> io::Result<PathBuf> {
        project_dir::refuse_links(&self.dir, &self.path, name.parent().unwrap_or(name))?;
        let mut staged = StagedFile::create(&self.dir, name, true)?;
        staged.file().write_all(bytes)?;
        if sync {
            staged.file().sync_all()?;
        }
        // A rename cannot replace a directory with a file.
        if self.dir.symlink_metadata(name).is_ok_and(|metadata| metadata.is_dir()) {
            self.remove(name)?;
        }
        staged.commit()?;
        Ok(self.path.join(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(logs: &Path) -> SessionDir {
        SessionDir::create(logs, Timestamp::now()).unwrap().1
    }

    #[test]
    fn existing_file_is_not_opened_for_append() {
        let logs = tempfile::tempdir().unwrap();
        let folder = folder(logs.path());
        fs::write(folder.path.join("lines"), "theirs").unwrap();
        assert!(folder.create_append("lines").is_err());
        assert_eq!(fs::read_to_string(folder.path.join("lines")).unwrap(), "theirs");
    }

    #[cfg(unix)]
    #[test]
    fn symlinks_in_a_session_are_not_followed() {
        let logs = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let folder = folder(logs.path());
        let link = |name: &str| {
            std::os::unix::fs::symlink(elsewhere.path(), folder.path.join(name)).unwrap();
        };
        link("artifacts");
        link("step");
        assert!(folder.create_dir(Path::new("artifacts/load")).is_err());
        assert!(folder.create_dir(Path::new("step")).is_err());
        assert!(folder.write_atomic(Path::new("artifacts/a.json"), b"{}", false).is_err());
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn moved_session_folder_is_still_written_to() {
        let logs = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let folder = folder(logs.path());
        let moved = logs.path().join("moved");
        fs::rename(&folder.path, &moved).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), &folder.path).unwrap();
        folder.write_atomic(Path::new("status.json"), b"{}", true).unwrap();
        assert!(moved.join("status.json").is_file());
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
