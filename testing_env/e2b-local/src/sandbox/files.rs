//! The files of a sandbox: paths mean what they mean to its processes, and none
//! leads out of its folder.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{fchown, lchown};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags, mkdirat, openat2, renameat};

/// The files of a sandbox.
#[derive(Debug)]
pub(crate) struct Files {
    folder: PathBuf,
    root: File,
    /// The user whose new files and folders are, unless they are of who runs the emulator.
    owner: Option<u32>,
}

impl Files {
    /// Opens the files in a folder of this machine. New ones belong to the user `owner`.
    pub(crate) fn open(folder: PathBuf, owner: Option<u32>) -> io::Result<Self> {
        let root = File::open(&folder)?;
        Ok(Self { folder, root, owner })
    }

    /// The folder of this machine that is the root of the sandbox.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The id of the user that new files belong to. Returns `None` if they belong to
    /// who runs the emulator.
    pub(crate) fn owner(&self) -> Option<u32> {
        self.owner
    }

    /// Opens what a path means. A file that may be made belongs to the sandbox's user
    /// then, even one that was there. Links are followed, and lead to where they lead
    /// for the sandbox's processes.
    pub(crate) fn file(&self, path: &str, flags: OFlags) -> io::Result<File> {
        let inside = match clean(path) {
            path if path == "/" => ".".to_owned(),
            path => path[1..].to_owned(),
        };
        let mode =
            if flags.contains(OFlags::CREATE) { Mode::from_raw_mode(0o644) } else { Mode::empty() };
        let flags = flags | OFlags::CLOEXEC;
        let file = File::from(openat2(&self.root, inside, flags, mode, ResolveFlags::IN_ROOT)?);
        if flags.contains(OFlags::CREATE) && self.owner.is_some() {
            fchown(&file, self.owner, self.owner)?;
        }
        Ok(file)
    }

    /// The folder that has the last part of a path, and that part.
    pub(crate) fn parent(&self, path: &str) -> io::Result<Location> {
        let path = clean(path);
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", ""));
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        // The root has no name: it is itself.
        let name = if name.is_empty() { "." } else { name };
        Ok(Location { folder: self.file(&format!("/{folder}"), flags)?, name: name.to_owned() })
    }

    /// Returns the path of an open file, all links resolved. Anybody can move the file at any time.
    pub(crate) fn real_path(&self, file: &File) -> io::Result<String> {
        let real = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
        let inside = real.strip_prefix(self.folder.canonicalize()?).map_err(io::Error::other)?;
        Ok(format!("/{}", inside.display()))
    }

    /// Makes a folder and those above it. False if it was there.
    pub(crate) fn make_folders(&self, path: &str) -> io::Result<bool> {
        let mut created = false;
        let path = clean(path);
        for (end, _) in path.match_indices('/').skip(1).chain([(path.len(), "")]) {
            let location = self.parent(&path[..end])?;
            created = match mkdirat(&location.folder, &location.name, Mode::from_raw_mode(0o755)) {
                Ok(()) => {
                    if self.owner.is_some() {
                        lchown(location.path(), self.owner, self.owner)?;
                    }
                    true
                }
                Err(rustix::io::Errno::EXIST) => false,
                Err(error) => return Err(error.into()),
            };
        }
        Ok(created)
    }

    /// Moves a file or folder, making the folders above where it goes.
    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let from = self.parent(from)?;
        self.make_parents(to)?;
        let to = self.parent(to)?;
        Ok(renameat(&from.folder, &from.name, &to.folder, &to.name)?)
    }

    /// Makes the folders above a path.
    pub(crate) fn make_parents(&self, path: &str) -> io::Result<()> {
        let path = clean(path);
        match path.rsplit_once('/') {
            Some(("", _)) | None => Ok(()),
            Some((folder, _)) => {
                self.make_folders(folder)?;
                // What was there may be no folder.
                self.file(folder, OFlags::PATH | OFlags::DIRECTORY).map(drop)
            }
        }
    }

    /// Removes a file, or a folder with all that is in it. What is not there is removed.
    pub(crate) fn remove(&self, path: &str) -> io::Result<()> {
        let result = self.parent(path).and_then(|location| {
            let at = location.path();
            if fs::symlink_metadata(&at)?.is_dir() {
                fs::remove_dir_all(at)
            } else {
                fs::remove_file(at)
            }
        });
        match result {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(())
            }
            other => other,
        }
    }
}

/// A name in an open folder.
#[derive(Debug)]
pub(crate) struct Location {
    folder: File,
    name: String,
}

impl Location {
    /// Returns a path of this machine that works as long as this value lives. The last part must
    /// not be followed if it may be a link.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}/{}", self.folder.as_raw_fd(), self.name))
    }
}

/// An absolute path without `.`, `..` and empty parts.
pub(crate) fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn files(folder: &Path) -> Files {
        fs::create_dir_all(folder.join("root/home/user")).expect("makes folders");
        fs::write(folder.join("secret"), "outside").expect("writes");
        Files::open(folder.join("root"), None).expect("opens")
    }

    #[test]
    fn symlinks_never_lead_outside_the_sandbox() {
        let folder = tempfile::tempdir().expect("has room");
        let files = files(folder.path());
        let home = folder.path().join("root/home/user");
        symlink("../../../secret", home.join("up")).expect("links");
        symlink(folder.path().join("secret"), home.join("absolute")).expect("links");
        symlink(folder.path(), home.join("folder")).expect("links");
        let paths = ["/home/user/up", "/home/user/absolute", "/home/user/folder/secret"];
        for path in paths.into_iter().chain(["/../secret", "/home/../../secret"]) {
            let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
            // It fails, or means a file of that name inside.
            let _ = files.file(path, flags);
        }
        assert!(files.make_folders("/home/user/folder/made").is_err());
        files.remove("/home/user/folder/secret").expect("is not there");
        let secret = fs::read_to_string(folder.path().join("secret"));
        assert_eq!(secret.expect("is there"), "outside");
        assert!(!folder.path().join("made").exists());
    }

    #[test]
    fn symlinks_resolve_as_for_processes() {
        let folder = tempfile::tempdir().expect("has room");
        let files = files(folder.path());
        let home = folder.path().join("root/home/user");
        fs::write(home.join("there"), "").expect("writes");
        symlink("/home/user/there", home.join("link")).expect("links");
        let file = files.file("/home/user/link", OFlags::RDONLY).expect("opens");
        assert_eq!(files.real_path(&file).expect("is inside"), "/home/user/there");
    }

    #[test]
    fn folders_are_created_once() {
        let folder = tempfile::tempdir().expect("has room");
        let files = files(folder.path());
        assert!(files.make_folders("/home/user/a/b").expect("makes"));
        assert!(!files.make_folders("/home/user/a/b").expect("is there"));
        files.remove("/home/user/a").expect("removes");
        assert!(files.make_folders("/home/user/a").expect("makes"));
    }

    #[test]
    fn paths_are_normalized() {
        assert_eq!(clean("/a//b/./../c/"), "/a/c");
        assert_eq!(clean("/../.."), "/");
    }
}
