//! The files of the project as one call into a driver sees them.
//!
//! A driver has one folder, the base path, and in it the paths that its
//! configuration names and nothing else ([`rights`]). Every path that it uses is
//! followed to where it leads before its rights are looked at, and what is then
//! opened has no link left in it. No driver can make links, so what a path leads
//! to does not change between the two. Beneath this the engine keeps all paths
//! below the base path, and beneath that the kernel does.

mod quota;
mod rights;
mod stream;
mod wasi;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, FileType};
use wasmtime::component::Resource;
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::{Descriptor, ErrorCode};

use self::quota::Quota;
pub(super) use self::rights::is_reserved;
use self::rights::{May, Rights};
pub(super) use self::wasi::add_to_linker;
use super::folders::Folders;
use super::grants::Grants;
use super::limits::Limits;

/// The longest path, in bytes.
const MAX_PATH: usize = 4096;
/// Refused paths that are remembered.
const REFUSED: usize = 16;

/// The files of one call.
pub(super) struct Files {
    base: Dir,
    rights: Rights,
    folders: Folders,
    quota: Quota,
    /// The host's own descriptor of the base path; none if the driver sees no files.
    root: Option<u32>,
    /// The paths of the descriptors that the driver holds.
    held: HashMap<u32, PathBuf>,
    /// The paths that were refused last, the latest first.
    refused: VecDeque<PathBuf>,
}

/// Where a path leads.
struct Place {
    /// Relative to the base path, without links.
    path: PathBuf,
    /// What is there.
    kind: Option<FileType>,
    /// Whether it was written as a folder.
    is_folder: bool,
    may: May,
}

impl Files {
    /// The files that are granted, below an open base path.
    pub(super) fn new(base: Dir, grants: &Grants, limits: &Limits) -> Self {
        let mut files = Self {
            base,
            rights: Rights::default(),
            folders: grants.folders.clone(),
            quota: Quota::new(limits),
            root: None,
            held: HashMap::new(),
            refused: VecDeque::new(),
        };
        let resolved = |path: &String| {
            let path = joined(Path::new(""), path).ok()?;
            match files.resolve(&path, true) {
                Ok(found) => Some(found),
                // It leads outside, which was refused before the run.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => None,
                // Whoever opens it is told.
                Err(_) => Some(path),
            }
        };
        let rights = Rights {
            reads: grants.reads.iter().filter_map(resolved).collect(),
            writes: grants.writes.iter().filter_map(resolved).collect(),
            // If a link has taken its place, it is not the session's any more.
            own: grants.artifacts.as_deref().and_then(|path| {
                let path = path.strip_prefix(&grants.base).ok()?;
                files.resolve(path, true).ok().filter(|found| found == path)
            }),
            ..Rights::default()
        };
        files.rights = rights;
        files
    }

    /// The host's own descriptor of the base path.
    pub(super) fn set_root(&mut self, root: u32) {
        self.root = Some(root);
    }

    /// What was refused for want of room, if anything was.
    pub(super) fn refused_room(&self) -> Option<String> {
        self.quota.refused()
    }

    /// What was refused and what was granted, for a person: a path that the driver speaks of, else
    /// the last one if a refusal `matters`.
    pub(super) fn refusal(&self, said: &str, matters: bool) -> Option<String> {
        let spoken_of = |path: &&PathBuf| said.contains(&path.display().to_string());
        let path = self.refused.iter().find(spoken_of);
        let path = path.or_else(|| self.refused.front().filter(|_| matters))?;
        let shown = path.display();
        let granted = self.rights.told();
        let why = if self.rights.may(path).make {
            "it was there before, and beside what it writes a driver may only make new files: under a name that no other run takes"
        } else {
            "a driver may read and write what its configuration names in the fields that its spec lists under `files`"
        };
        Some(format!("the host refused it `{shown}`; granted is {granted}; {why}"))
    }

    /// Removes what a failed call has made and not finished. Artifacts stay.
    pub(super) fn undo(&self) {
        for path in self.rights.made.iter().rev() {
            // A folder that somebody has put something into stays.
            let removed = self.base.remove_file(path).or_else(|_| self.base.remove_dir(path));
            if let Err(error) = removed {
                tracing::debug!("{} stays: {error}", path.display());
            }
        }
    }

    /// Where a path leads, from a descriptor that the driver holds. Where the last
    /// part is a link, `follow` says whether it is followed.
    fn place(&self, fd: &Resource<Descriptor>, path: &str, follow: bool) -> FsResult<Place> {
        let from = self.held.get(&fd.rep()).ok_or(ErrorCode::BadDescriptor)?;
        let is_folder = path.ends_with('/') || path.ends_with("/.");
        let path = self.resolve(&joined(from, path)?, follow)?;
        if self.folders.is_within(&path) {
            return Err(ErrorCode::NoEntry.into());
        }
        let kind = match self.base.symlink_metadata(shown(&path)) {
            Ok(_) if self.folders.is_hidden(&path) => None,
            Ok(found) => Some(found.file_type()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let may = self.rights.may(&path);
        Ok(Place { path, kind, is_folder, may })
    }

    /// A path without links. What is not there yet may be at its end.
    fn resolve(&self, path: &Path, follow: bool) -> io::Result<PathBuf> {
        let Some(name) = path.file_name() else { return Ok(PathBuf::new()) };
        if follow {
            match self.base.canonicalize(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                found => return found,
            }
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        Ok(match parent {
            None => name.into(),
            Some(parent) => match self.base.canonicalize(parent) {
                // So that a right to something two folders down is one before they are there.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.resolve(parent, true)?.join(name)
                }
                found => found?.join(name),
            },
        })
    }

    /// Whether a path lies in a folder that the driver may make and has not made yet.
    fn waits_for_its_folder(&self, place: &Place) -> bool {
        let folders = place.path.ancestors().skip(1);
        let mut missing = folders.take_while(|folder| !self.base.exists(shown(folder)));
        missing.any(|folder| self.rights.may(folder).make)
    }

    /// The refusal of a path, which is remembered for the error's message.
    fn refuse<T>(&mut self, place: &Place) -> FsResult<T> {
        self.refused.truncate(REFUSED - 1);
        self.refused.push_front(place.path.clone());
        Err(ErrorCode::Access.into())
    }
}

/// Takes a driver's path from a folder, dots and all, without looking at links.
fn joined(from: &Path, path: &str) -> Result<PathBuf, ErrorCode> {
    if path.is_empty() {
        return Err(ErrorCode::NoEntry);
    }
    if path.len() > MAX_PATH {
        return Err(ErrorCode::NameTooLong);
    }
    if path.starts_with('/') {
        return Err(ErrorCode::NotPermitted);
    }
    let mut whole = from.to_owned();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if whole.pop() => {}
            ".." => return Err(ErrorCode::NotPermitted),
            name if Path::new(name).file_name() == Some(name.as_ref()) => whole.push(name),
            _ => return Err(ErrorCode::NotPermitted),
        }
    }
    Ok(whole)
}

/// The base path itself is a dot.
fn shown(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}
