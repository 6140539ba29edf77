//! Virtual file system of one call into a driver.
//!
//! A driver sees one directory, the base path, and in it only the paths that its configuration
//! names ([`Permissions`]) and the files that it created itself ([`creations`]). Every path is
//! resolved to an open directory and one name in it ([`Resolver`]), and operations use these two,
//! so that a concurrent rename cannot redirect them. The permissions of a descriptor are decided
//! when it is opened.

mod creations;
mod listing;
mod quota;
mod stream;
mod wasi;

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};

use osiris_core::driver::limits::Limits;
use osiris_core::paths::{
    self, FileKind, PathAccess, Permissions, Resolver, Stat, UnfinishedLog, reserved,
};
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::filesystem::{Descriptor, Dir};
use wasmtime_wasi::p2::FsResult;
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;
use wasmtime_wasi::{FsPerms, OpenMode};

use self::creations::Creations;
use self::quota::Quota;
use super::hidden_dirs::HiddenDirs;

pub(super) use self::wasi::add_to_linker;

/// Maximum length of a path, in bytes.
const MAX_PATH: usize = 4096;
/// Maximum denied paths that are recorded.
const MAX_DENIED_PATHS: usize = 16;

/// The files of one call.
pub(super) struct Files {
    resolver: Resolver,
    permissions: Permissions,
    folders: HiddenDirs,
    creations: Creations,
    quota: Quota,
    /// The host's own descriptor, which refers to the directory of the next operation. `None` if
    /// the driver sees no files.
    slot: Option<u32>,
    /// Descriptors that the driver holds.
    handles: HashMap<u32, Handle>,
    /// Number of open directory listings.
    lists: usize,
    /// The last denied paths, the latest first.
    denied_paths: VecDeque<PathBuf>,
}

/// A descriptor that the driver holds.
struct Handle {
    path: PathBuf,
    /// Permissions at the time of opening.
    access: PathAccess,
}

/// A driver's path, resolved.
struct ResolvedPath {
    location: paths::Location,
    /// Whether the path was written with a slash at its end.
    is_folder: bool,
    access: PathAccess,
}

impl ResolvedPath {
    fn kind(&self) -> Option<FileKind> {
        self.location.found.map(|found| found.kind)
    }
}

impl Files {
    /// Creates the file system with these permissions. `log` records unfinished files.
    pub(super) fn new(
        resolver: Resolver,
        permissions: Permissions,
        folders: HiddenDirs,
        limits: &Limits,
        log: Option<UnfinishedLog>,
    ) -> Self {
        Self {
            resolver,
            permissions,
            folders,
            creations: Creations::new(log),
            quota: Quota::new(limits),
            slot: None,
            handles: HashMap::new(),
            lists: 0,
            denied_paths: VecDeque::new(),
        }
    }

    /// Creates the host's own descriptor, if the driver sees any files.
    pub(super) fn attach(&mut self, table: &mut ResourceTable) -> wasmtime::Result<()> {
        if self.permissions.write_access().is_some() {
            let base = self.resolver.resolve(Path::new(""), false)?;
            let base = self.folder(base.parent.ok_or(ErrorCode::NoEntry)?.into());
            self.slot = Some(table.push(base)?.rep());
        }
        Ok(())
    }

    /// Creates the engine's descriptor of a directory.
    fn folder(&self, folder: std::fs::File) -> Descriptor {
        let (perms, mode) = match self.permissions.write_access() {
            Some(true) => (FsPerms::ReadWrite, OpenMode::READ | OpenMode::WRITE),
            _ => (FsPerms::ReadOnly, OpenMode::READ),
        };
        // Files are local: dispatching each call to another thread costs more than the call.
        Descriptor::Dir(Dir::new(folder, perms, mode, true))
    }

    /// Returns the message of the last denial for lack of space, if any.
    pub(super) fn quota_denial(&self) -> Option<String> {
        self.quota.denial()
    }

    /// Returns the message of a denied path, with the permitted paths. Selects the last denied path
    /// that the driver's `message` mentions, else the last denied path if the error
    /// `is_permission_error`.
    pub(super) fn denial(&self, message: &str, is_permission_error: bool) -> Option<String> {
        let is_mentioned = |path: &&PathBuf| message.contains(&path.display().to_string());
        let path = self.denied_paths.iter().find(is_mentioned);
        let path = path.or_else(|| self.denied_paths.front().filter(|_| is_permission_error))?;
        let shown = path.display();
        let granted = self.permissions.summary();
        let access = self.permissions.of(path);
        let reason = if access.write && !access.create {
            "drivers cannot create names with control or invisible characters".to_owned()
        } else if access.create {
            "the path existed before, and next to its outputs a driver can only create new files, under names that no other run uses".to_owned()
        } else if let Some(own) = self.permissions.wants_allowing(path) {
            format!(
                "the path is one of the project's own files; to allow drivers to read it, add {} to `osiris.yaml`",
                paths::setting(&own)
            )
        } else if let (None, Some(output)) = (reserved(path), self.permissions.neighbour(path)) {
            let name = output.file_name().unwrap_or_default().display();
            format!(
                "next to `{}` a driver can only create names that begin with `.{name}.` or `{name}.`, such as `.{name}.tmp`, and that no other step uses",
                output.display()
            )
        } else {
            "a driver can access the paths that its configuration names in the fields listed under `files` in its spec".to_owned()
        };
        Some(format!("access to `{shown}` denied; allowed: {granted}; {reason}"))
    }

    /// Removes unfinished files and directories that a failed call has created and that were not
    /// replaced since. Artifacts stay.
    pub(super) fn undo(&self) {
        for (path, identity) in self.creations.unfinished() {
            if let Err(error) = paths::remove_unfinished(&self.resolver, path, identity) {
                tracing::debug!("cannot remove {}: {error}", path.display());
            }
        }
    }

    /// Resolves a path relative to a descriptor that the driver holds. `follow` decides whether a
    /// link at the end of the path is followed.
    fn resolve(
        &self,
        fd: &Resource<Descriptor>,
        path: &str,
        follow: bool,
    ) -> FsResult<ResolvedPath> {
        let from = &self.handles.get(&fd.rep()).ok_or(ErrorCode::BadDescriptor)?.path;
        let is_folder = path.ends_with('/') || path.ends_with("/.");
        let mut location = self.resolver.resolve(&joined(from, path)?, follow)?;
        if self.folders.is_within(&location.path) {
            return Err(ErrorCode::NoEntry.into());
        }
        if self.folders.is_hidden(&location.path) {
            location.found = None;
        }
        let access = self.access(&location.path, location.found);
        let access = match &location.parent {
            // In a directory that it created itself, a driver may create anything.
            Some(parent) if !access.create && self.makes_in(&location.path, parent)? => {
                PathAccess { stat: true, create: true, create_dir: true, ..access }
            }
            _ => access,
        };
        Ok(ResolvedPath { location, is_folder, access })
    }

    /// Returns the permissions for the file or directory at a path.
    fn access(&self, path: &Path, found: Option<Stat>) -> PathAccess {
        match found {
            Some(found) if self.creations.owns(path, found.identity) => PathAccess::ALL,
            _ => self.permissions.of(path),
        }
    }

    /// Returns the entry at a path if only the driver's creation of it gives the driver write
    /// permission, and not the configuration. If another file takes the path, the driver loses that
    /// permission.
    fn own(&self, target: &ResolvedPath) -> Option<Stat> {
        target.location.found.filter(|_| !self.permissions.of(&target.location.path).write)
    }

    /// Returns whether a path is in a directory that the driver created itself.
    fn makes_in(&self, path: &Path, parent: &std::os::fd::OwnedFd) -> std::io::Result<bool> {
        let Some(folder) = path.parent().filter(|folder| self.creations.knows(folder)) else {
            return Ok(false);
        };
        let is_nameable = reserved(path).is_none() && !self.permissions.hides_characters(path);
        Ok(is_nameable && self.creations.owns(folder, Stat::of(parent)?.identity))
    }

    /// Returns whether a path is in a directory that the driver may create but has not created yet.
    fn waits_for_its_folder(&self, target: &ResolvedPath) -> bool {
        let folders = target.location.path.ancestors().skip(1);
        let mut missing = folders.take_while(|folder| !self.resolver.exists(folder));
        missing.any(|folder| {
            let above = folder.parent().unwrap_or(Path::new(""));
            self.permissions.of(folder).create_dir || self.creations.knows(above)
        })
    }

    /// Denies a path, and remembers it for the error message.
    fn refuse<T>(&mut self, path: &Path) -> FsResult<T> {
        self.denied_paths.truncate(MAX_DENIED_PATHS - 1);
        self.denied_paths.push_front(path.to_owned());
        Err(ErrorCode::Access.into())
    }
}

/// Joins a driver's path to a directory and resolves `.` and `..` in it, without looking at links.
fn joined(from: &Path, path: &str) -> Result<PathBuf, ErrorCode> {
    if path.is_empty() {
        return Err(ErrorCode::NoEntry);
    }
    if path.len() > MAX_PATH {
        return Err(ErrorCode::NameTooLong);
    }
    if path.starts_with('/') || path.contains('\0') {
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
