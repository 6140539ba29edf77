//! Resolves paths below an open base path, and never out of it.
//!
//! A path without links is opened by the kernel in one call if possible (`openat2`). Every other
//! path, and every path on other systems, is walked component by component: no component is opened
//! through a link, a link is read and its components are walked in its place, and `..` goes back to
//! a directory that is already open.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags, openat, readlinkat, renameat};
use rustix::io::Errno;

use super::stat::{FileKind, Stat};

/// Maximum links followed for one path, as in Linux.
const MAX_LINKS: usize = 40;
/// Maximum directories open at the same time for one path.
const MAX_DEPTH: usize = 256;
/// Flags for opening intermediate directories.
#[cfg(target_os = "linux")]
const FOLDER: OFlags =
    OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
#[cfg(not(target_os = "linux"))]
const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// An open base path.
#[derive(Debug)]
pub struct Resolver {
    base: OwnedFd,
    /// Whether the kernel resolves paths; disabled in tests.
    by_kernel: bool,
}

/// A resolved path.
#[derive(Debug)]
pub struct Location {
    /// The path relative to the base path, without links and dots. Empty for the base path.
    pub path: PathBuf,
    /// The open parent directory. `None` if the parent does not exist.
    pub parent: Option<OwnedFd>,
    /// The name in the parent directory; `.` for the base path.
    pub name: OsString,
    /// The file at the path when it was resolved. `None` if there was none.
    pub found: Option<Stat>,
}

/// The error for a path that leads out of the base path.
#[derive(Debug, thiserror::Error)]
#[error("the path leads outside the base path")]
struct Outside;

/// Returns whether an error means that a path leads out of the base path.
pub fn leads_outside(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Outside>())
}

fn outside() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, Outside)
}

impl Resolver {
    /// Opens a base path.
    ///
    /// # Errors
    /// Returns an error if the base path is not a directory that can be opened.
    pub fn open(base: &Path) -> io::Result<Self> {
        // The user sets the base path, so its links are followed.
        let flags = FOLDER.difference(OFlags::NOFOLLOW);
        let base = rustix::fs::open(base, flags, Mode::empty())?;
        Ok(Self { base, by_kernel: cfg!(target_os = "linux") })
    }

    /// Opens a base path for walking every path component by component.
    #[cfg(test)]
    pub fn walking(base: &Path) -> io::Result<Self> {
        Ok(Self { by_kernel: false, ..Self::open(base)? })
    }

    /// Resolves a path to its parent directory and name. `follow` decides whether a link at the end
    /// is followed, too. The path need not exist.
    ///
    /// # Errors
    /// Returns an error if the path leads out of the base path, if a file is in place of a
    /// directory, if there are too many links, or for any I/O error.
    pub fn resolve(&self, path: &Path, follow: bool) -> io::Result<Location> {
        let Some(name) = path.file_name() else { return self.base_itself() };
        if let Some(parent) = self.opened(path.parent().unwrap_or(Path::new("")))? {
            let found = if_exists(Stat::at(&parent, name))?;
            if !(follow && found.is_some_and(|found| found.kind == FileKind::Link)) {
                let (path, name) = (path.to_owned(), name.to_owned());
                return Ok(Location { path, parent: Some(parent), name, found });
            }
        }
        self.walk(path, follow)
    }

    /// Returns whether a path, which must be without links, exists.
    pub fn exists(&self, path: &Path) -> bool {
        self.resolve(path, false).is_ok_and(|location| location.found.is_some())
    }

    /// Opens the file at a location for reading.
    ///
    /// # Errors
    /// Returns an error if the location is not a regular file, or for any I/O error.
    pub fn open_file(location: &Location) -> io::Result<std::fs::File> {
        let parent = location.parent.as_ref().ok_or(Errno::NOENT)?;
        // Does not wait for the other end of a pipe.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(parent, &location.name, flags, Mode::empty())?;
        match Stat::of(&file)?.kind {
            FileKind::File => Ok(file.into()),
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
        }
    }

    /// Returns the names in the directory at a location, sorted.
    ///
    /// # Errors
    /// Returns an error if the location is not a directory, or for any I/O error.
    pub fn names(location: &Location) -> io::Result<Vec<OsString>> {
        let parent = location.parent.as_ref().ok_or(Errno::NOENT)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::Dir::new(openat(parent, &location.name, flags, Mode::empty())?)?;
        let mut names = Vec::new();
        for entry in folder {
            let name = OsString::from_vec(entry?.file_name().to_bytes().to_vec());
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn base_itself(&self) -> io::Result<Location> {
        let parent = self.base.try_clone()?;
        let found = Some(Stat::of(&parent)?);
        Ok(Location { path: PathBuf::new(), parent: Some(parent), name: ".".into(), found })
    }

    /// Opens a directory in one call. Returns `None` if the path has to be walked.
    fn opened(&self, folder: &Path) -> io::Result<Option<OwnedFd>> {
        if !self.by_kernel {
            return Ok(None);
        }
        if folder.as_os_str().is_empty() {
            return Ok(Some(self.base.try_clone()?));
        }
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{ResolveFlags, openat2};
            let resolve =
                ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
            // Older kernels lack the call, and some containers deny it.
            Ok(openat2(&self.base, folder, FOLDER, Mode::empty(), resolve).ok())
        }
        #[cfg(not(target_os = "linux"))]
        Ok(None)
    }

    fn walk(&self, path: &Path, follow: bool) -> io::Result<Location> {
        let mut opened: Vec<(OwnedFd, OsString)> = Vec::new();
        let mut rest: VecDeque<OsString> = parts(path)?.into();
        let mut links = 0;
        while let Some(part) = rest.pop_front() {
            if part == ".." {
                opened.pop().ok_or_else(outside)?;
                continue;
            }
            let folder = self.last(&opened);
            let is_last = rest.is_empty();
            let found = if_exists(Stat::at(folder, &part))?;
            match found.map(|found| found.kind) {
                Some(FileKind::Link) if !is_last || follow => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(Errno::LOOP.into());
                    }
                    let target = readlinkat(folder, &part, Vec::new())?.into_bytes();
                    for part in parts(Path::new(&OsString::from_vec(target)))?.into_iter().rev() {
                        rest.push_front(part);
                    }
                }
                Some(FileKind::Folder) if !is_last => {
                    match openat(folder, &part, FOLDER, Mode::empty()) {
                        Ok(_) if opened.len() == MAX_DEPTH => return Err(Errno::NAMETOOLONG.into()),
                        Ok(inner) => opened.push((inner, part)),
                        // The directory has been replaced: look at the component again.
                        Err(Errno::NOTDIR | Errno::LOOP | Errno::NOENT) if links < MAX_LINKS => {
                            links += 1;
                            rest.push_front(part);
                        }
                        Err(error) => return Err(error.into()),
                    }
                }
                Some(_) if !is_last => return Err(Errno::NOTDIR.into()),
                None if !is_last => return missing(&opened, part, rest),
                _ => {
                    let path = path_of(&opened).join(&part);
                    let parent = Some(folder.try_clone_to_owned()?);
                    return Ok(Location { path, parent, name: part, found });
                }
            }
        }
        // The path ended with `..`, in a directory that is already open.
        let path = path_of(&opened);
        let Some((_, name)) = opened.pop() else { return self.base_itself() };
        let parent = self.last(&opened).try_clone_to_owned()?;
        let found = if_exists(Stat::at(&parent, &name))?;
        Ok(Location { path, parent: Some(parent), name, found })
    }

    fn last<'a>(&'a self, opened: &'a [(OwnedFd, OsString)]) -> BorrowedFd<'a> {
        opened.last().map_or(self.base.as_fd(), |(folder, _)| folder.as_fd())
    }
}

/// Returns a location whose parent directory does not exist.
fn missing(
    opened: &[(OwnedFd, OsString)],
    part: OsString,
    rest: VecDeque<OsString>,
) -> io::Result<Location> {
    // The target of `..` in a missing directory is unknown.
    if rest.iter().any(|part| part == "..") {
        return Err(Errno::NOENT.into());
    }
    let mut path = path_of(opened);
    path.push(part);
    path.extend(&rest);
    let name = rest.into_iter().next_back().unwrap_or_default();
    Ok(Location { path, parent: None, name, found: None })
}

fn path_of(opened: &[(OwnedFd, OsString)]) -> PathBuf {
    opened.iter().map(|(_, name)| name).collect()
}

/// Returns the components of a relative path, including each `..`.
fn parts(path: &Path) -> io::Result<Vec<OsString>> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_owned()),
            Component::ParentDir => parts.push("..".into()),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return Err(outside()),
        }
    }
    Ok(parts)
}

fn if_exists(stat: rustix::io::Result<Stat>) -> io::Result<Option<Stat>> {
    match stat {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Renames a file or directory if the new name does not exist.
///
/// # Errors
/// Returns an error if the new name exists, or for any I/O error.
pub fn rename_new(from: (impl AsFd, &OsStr), to: (impl AsFd, &OsStr)) -> rustix::io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        let flags = RenameFlags::NOREPLACE;
        match renameat_with(from.0.as_fd(), from.1, to.0.as_fd(), to.1, flags) {
            // Some file systems do not support the flag.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            renamed => return renamed,
        }
    }
    rename_checked((from.0.as_fd(), from.1), (to.0.as_fd(), to.1))
}

/// Renames in steps: links a file to its new name, which fails if the name exists, and removes the
/// old name.
fn rename_checked(
    from: (BorrowedFd<'_>, &OsStr),
    to: (BorrowedFd<'_>, &OsStr),
) -> rustix::io::Result<()> {
    use rustix::fs::{AtFlags, linkat, unlinkat};
    if Stat::at(from.0, from.1)?.kind == FileKind::File
        && let Ok(()) = linkat(from.0, from.1, to.0, to.1, AtFlags::empty())
    {
        return unlinkat(from.0, from.1, AtFlags::empty());
    }
    match Stat::at(to.0, to.1) {
        Ok(_) => Err(Errno::EXIST),
        Err(Errno::NOENT) => renameat(from.0, from.1, to.0, to.1),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
pub(super) fn rename_in_steps(folder: &OwnedFd, from: &str, to: &str) -> rustix::io::Result<()> {
    rename_checked((folder.as_fd(), from.as_ref()), (folder.as_fd(), to.as_ref()))
}
