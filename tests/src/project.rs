//! A temporary project for a test.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::osiris::Osiris;

/// A temporary directory with a project and a home directory. Removed on drop.
#[derive(Debug)]
pub struct TestProject {
    folder: TempDir,
}

impl Default for TestProject {
    fn default() -> Self {
        Self::new()
    }
}

impl TestProject {
    /// Creates an empty project.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("osiris-test-")
            .tempdir()
            .expect("the folder for temporary files can be written");
        for name in ["project", "home"] {
            fs::create_dir(folder.path().join(name)).expect("the folder is empty");
        }
        Self { folder }
    }

    /// Returns the directory around the project, which nothing may touch.
    pub fn outside(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the project directory.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Returns a path in the project.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root().join(path)
    }

    /// Writes a file into the project and creates missing directories.
    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        let folder = path.parent().expect("a file lies in a folder");
        fs::create_dir_all(folder).expect("the project can be written");
        fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Reads a file of the project.
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Returns whether a file exists in the project.
    pub fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Returns every file of the project outside osiris's own directories, sorted.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        walk(&self.root(), &mut |path| {
            let name = path.strip_prefix(self.root()).unwrap_or(path).display().to_string();
            if !name.starts_with("logs/") && !name.starts_with(".osiris/") {
                files.push(name);
            }
        });
        files.sort();
        files
    }

    /// Returns `osiris` with these arguments, ready to start in the project.
    pub fn osiris<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Osiris {
        Osiris::new(self, arguments)
    }

    /// Returns a shell with osiris on its `PATH`, ready to run a script in the project.
    pub fn shell(&self, script: &str) -> Osiris {
        Osiris::shell(self, script)
    }
}

impl Drop for TestProject {
    /// Restores permissions that a test removed, so that all files can be deleted.
    fn drop(&mut self) {
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            let _ = fs::set_permissions(&folder, Permissions::from_mode(0o755));
            let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
            folders.extend(
                entries
                    .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
                    .map(|entry| entry.path()),
            );
        }
    }
}

/// Calls `see` with every file below a directory.
pub(crate) fn walk(folder: &Path, see: &mut dyn FnMut(&Path)) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => walk(&entry.path(), see),
            _ => see(&entry.path()),
        }
    }
}
