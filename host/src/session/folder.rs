//! A session's folder. It is held open from the start of the run: a driver that
//! may write below the base path cannot move it or put a link into it to make
//! the host write elsewhere.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};
use jiff::Timestamp;

use super::id;
use crate::below::{self, Below};

/// How often another id is tried when a folder exists already.
const ATTEMPTS: usize = 8;

/// A session's folder, held open. Names are relative to it.
pub(super) struct Folder {
    /// Where it is.
    pub(super) path: PathBuf,
    dir: Dir,
}

impl Folder {
    /// Creates `<logs>/run_<id>`, which did not exist before. Returns the id too.
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

    /// Creates `<logs>/run_<id>`, which did not exist before.
    pub(super) fn create_as(logs: &Path, id: &str) -> io::Result<Self> {
        let name = format!("{}{id}", id::PREFIX);
        // The folder around it is the project's.
        let above = logs.parent().unwrap_or(logs);
        let all = Below::new(above, logs).make()?;
        below::create_private_dir(&all, name.as_ref())?;
        Ok(Self { path: logs.join(&name), dir: all.open_dir(&name)? })
    }

    /// Opens the folder of a session that is there.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let dir = Dir::open_ambient_dir(&path, ambient_authority())?;
        Ok(Self { path, dir })
    }

    /// The bytes of a file, of which there may be `limit`.
    pub(super) fn read(&self, name: &str, limit: u64) -> io::Result<Vec<u8>> {
        below::read(&self.dir, name, limit)
    }

    /// Creates a file that did not exist, to append to.
    pub(super) fn append(&self, name: &str) -> io::Result<fs::File> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        below::private(&mut options);
        Ok(self.dir.open_with(name, &options)?.into_std())
    }

    /// Returns whether there is a file of exactly this content.
    pub(super) fn holds(&self, name: &Path, bytes: &[u8]) -> bool {
        let limit = bytes.len() as u64;
        let is_file = self.dir.symlink_metadata(name).is_ok_and(|about| about.is_file());
        is_file && below::read(&self.dir, name, limit).is_ok_and(|found| found == bytes)
    }

    /// Removes what is there, be it a folder.
    pub(super) fn remove(&self, name: &Path) -> io::Result<()> {
        let removed = match self.dir.symlink_metadata(name) {
            Ok(about) if about.is_dir() => self.dir.remove_dir_all(name),
            Ok(_) => self.dir.remove_file(name),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Makes a folder and those above it, if they are not there.
    pub(super) fn make(&self, name: &Path) -> io::Result<PathBuf> {
        let mut so_far = PathBuf::new();
        let mut make = || {
            for part in name {
                so_far.push(part);
                match below::create_private_dir(&self.dir, &so_far) {
                    Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                        return Err(error);
                    }
                    _ => {}
                }
            }
            Ok(())
        };
        let made = make();
        below::refuse_links(&self.dir, &self.path, name)?;
        match self.dir.metadata(name) {
            Ok(about) if !about.is_dir() => Err(io::ErrorKind::NotADirectory.into()),
            _ => made.map(|()| self.path.join(name)),
        }
    }

    /// Puts a file in its place: a reader sees all of it or nothing. Only with
    /// `sync` does that hold through a power cut.
    pub(super) fn place(&self, name: &Path, bytes: &[u8], sync: bool) -> io::Result<PathBuf> {
        let mut partial = name.as_os_str().to_owned();
        partial.push(".tmp");
        let write = || {
            below::refuse_links(&self.dir, &self.path, name.parent().unwrap_or(name))?;
            // Whatever a driver put there is no file of the host's.
            self.remove(partial.as_ref())?;
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            below::private(&mut options);
            let mut file = self.dir.open_with(&partial, &options)?.into_std();
            file.write_all(bytes)?;
            if sync {
                file.sync_all()?;
            }
            match self.dir.rename(&partial, &self.dir, name) {
                // A folder does not make way for a file.
                Err(_) if self.dir.symlink_metadata(name).is_ok_and(|about| about.is_dir()) => {
                    self.remove(name)?;
                    self.dir.rename(&partial, &self.dir, name)
                }
                renamed => renamed,
            }
        };
        match write() {
            Ok(()) => Ok(self.path.join(name)),
            Err(error) => {
                // What counts is why it could not be written.
                self.dir.remove_file(&partial).ok();
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(logs: &Path) -> Folder {
        Folder::create(logs, Timestamp::now()).unwrap().1
    }

    #[test]
    fn a_file_that_exists_is_not_taken_over() {
        let logs = tempfile::tempdir().unwrap();
        let folder = folder(logs.path());
        fs::write(folder.path.join("lines"), "theirs").unwrap();
        assert!(folder.append("lines").is_err());
        assert_eq!(fs::read_to_string(folder.path.join("lines")).unwrap(), "theirs");
    }

    #[cfg(unix)]
    #[test]
    fn no_link_leads_outside() {
        let logs = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let folder = folder(logs.path());
        let link = |name: &str| {
            std::os::unix::fs::symlink(elsewhere.path(), folder.path.join(name)).unwrap();
        };
        link("artifacts");
        link("step");
        assert!(folder.make(Path::new("artifacts/load")).is_err());
        assert!(folder.make(Path::new("step")).is_err());
        assert!(folder.place(Path::new("artifacts/a.json"), b"{}", false).is_err());
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_is_moved_stays_the_one_that_is_written_to() {
        let logs = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let folder = folder(logs.path());
        let moved = logs.path().join("moved");
        fs::rename(&folder.path, &moved).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), &folder.path).unwrap();
        folder.place(Path::new("status.json"), b"{}", true).unwrap();
        assert!(moved.join("status.json").is_file());
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
