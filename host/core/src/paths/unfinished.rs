//! Log of the files that a running call has not finished, so that a later process can remove them
//! if this one is killed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use cap_std::fs::OpenOptions;
use rustix::fs::{AtFlags, unlinkat};
use serde::{Deserialize, Serialize};

use super::resolver::Resolver;
use super::stat::{FileKind, Identity};
use super::unlink::remove_own;
use crate::fs::project_dir::{self, ProjectDir};

/// Prefix of the logs in a directory.
const PREFIX: &str = "unfinished-";
/// Maximum size of a log that is read, in bytes.
const MAX_LOG: u64 = 64 << 20;

/// Log of one call. Dropped at the end of the call, the log is removed.
#[derive(Debug)]
pub struct UnfinishedLog {
    folder: ProjectDir,
    name: String,
    /// `None` until the first file is created: most calls create none.
    file: Option<File>,
}

/// One line of a log.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    path: PathBuf,
    /// `None` if the path is finished, renamed or removed.
    identity: Option<Identity>,
}

impl UnfinishedLog {
    /// Prepares the log of a call in a directory of the host. `call` must be a valid file name.
    pub fn new(folder: ProjectDir, call: &str) -> Self {
        Self { folder, name: format!("{PREFIX}{call}.jsonl"), file: None }
    }

    /// Records a created file or directory.
    pub fn created(&mut self, path: &Path, identity: Identity) {
        self.write(&Line { path: path.to_owned(), identity: Some(identity) });
    }

    /// Records that a path is finished, renamed or removed.
    pub fn gone(&mut self, path: &Path) {
        self.write(&Line { path: path.to_owned(), identity: None });
    }

    /// Writes a line. Without the log, a killed run leaves files: no reason to fail this one.
    fn write(&mut self, line: &Line) {
        let written = || -> io::Result<()> {
            if self.file.is_none() {
                let mut options = OpenOptions::new();
                options.append(true).create_new(true);
                project_dir::restrict_to_owner(&mut options);
                let file = self.folder.create_dir()?.open_with(&self.name, &options)?;
                self.file = Some(file.into_std());
            }
            let mut text = serde_json::to_string(line)?;
            text.push('\n');
            self.file.as_mut().map_or(Ok(()), |file| file.write_all(text.as_bytes()))
        };
        if let Err(error) = { written }() {
            tracing::debug!("cannot write `{}`: {error}", self.name);
        }
    }
}

impl Drop for UnfinishedLog {
    fn drop(&mut self) {
        if self.file.is_some()
            && let Ok(Some(folder)) = self.folder.open()
        {
            folder.remove_file(&self.name).ok();
        }
    }
}

/// Removes the files of a project that a killed process has not finished, by its logs in a
/// directory, and the logs. Files that were replaced since then stay.
pub fn remove_all_unfinished(base: &Path, folder: &ProjectDir) {
    let (Ok(resolver), Ok(Some(dir))) = (Resolver::open(base), folder.open()) else { return };
    let Ok(entries) = std::fs::read_dir(folder.path("")) else { return };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    for name in names.filter(|name| name.starts_with(PREFIX)) {
        let text = folder.read(&name, MAX_LOG).ok().flatten().unwrap_or_default();
        let mut left = BTreeMap::new();
        for line in text.split(|byte| *byte == b'\n') {
            // The last line may be incomplete.
            let Ok(Line { path, identity }) = serde_json::from_slice(line) else { continue };
            match identity {
                Some(identity) => left.insert(path, identity),
                None => left.remove(&path),
            };
        }
        // Children before their parents.
        for (path, identity) in left.iter().rev() {
            if let Err(error) = remove_unfinished(&resolver, path, *identity) {
                tracing::debug!("cannot remove the unfinished file `{}`: {error}", path.display());
            }
        }
        dir.remove_file(&name).ok();
    }
}

/// Removes an unfinished file, or an empty directory, that was not replaced since its creation.
///
/// # Errors
/// Returns an error if another file has the name, or for any I/O error.
pub fn remove_unfinished(resolver: &Resolver, path: &Path, identity: Identity) -> io::Result<()> {
    let location = resolver.resolve(path, false)?;
    let (Some(parent), Some(found)) = (&location.parent, location.found) else { return Ok(()) };
    if location.path != path || found.identity != identity {
        return Err(io::Error::other("another file has the name now"));
    }
    match found.kind {
        // Directories that are not empty any more stay.
        FileKind::Folder => unlinkat(parent, &location.name, AtFlags::REMOVEDIR)?,
        _ => drop(remove_own(parent, &location.name, identity)?),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::paths::Stat;

    #[test]
    fn finished_or_changed_files_are_not_removed() {
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str| base.path().join(name);
        let folder = ProjectDir::new(base.path(), Path::new("logs/run"));
        let mut log = UnfinishedLog::new(folder.clone(), "write");
        fs::create_dir(at("out")).unwrap();
        for name in ["out/.a.tmp", "out/b.csv", "out/.c.tmp", "out"] {
            if name != "out" {
                fs::write(at(name), name).unwrap();
            }
            let file = File::open(at(name)).unwrap();
            log.created(Path::new(name), Stat::of(&file).unwrap().identity);
        }
        log.gone(Path::new("out/b.csv"));
        fs::write(at("new"), "another file").unwrap();
        fs::rename(at("new"), at("out/.c.tmp")).unwrap();
        // A killed process drops nothing.
        std::mem::forget(log);

        remove_all_unfinished(base.path(), &folder);
        let mut left: Vec<_> =
            fs::read_dir(at("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".c.tmp", "b.csv"]);
        assert_eq!(fs::read_dir(at("logs/run")).unwrap().count(), 0);
    }

    #[test]
    fn ended_call_leaves_no_log() {
        let base = tempfile::tempdir().unwrap();
        let folder = ProjectDir::new(base.path(), Path::new("logs"));
        let mut log = UnfinishedLog::new(folder, "write");
        let file = File::open(base.path()).unwrap();
        log.created(Path::new("a"), Stat::of(&file).unwrap().identity);
        assert_eq!(fs::read_dir(base.path().join("logs")).unwrap().count(), 1);
        drop(log);
        assert_eq!(fs::read_dir(base.path().join("logs")).unwrap().count(), 0);
    }
}
