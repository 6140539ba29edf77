//! Access to the host's own directories inside a project. A driver that may write to the project,
//! now or in an earlier run, can replace any of these directories with a symlink, so every
//! operation here refuses symlinks.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, OpenOptions};
use rustix::fs::{Mode, OFlags, openat};

use super::staged::StagedFile;
use crate::fs::regular;

/// Flags for a directory. On Linux, a handle for the entries without access to their list: Landlock
/// denies listing directories that a run only passes through.
#[cfg(target_os = "linux")]
const DIR: OFlags = OFlags::DIRECTORY.union(OFlags::PATH);
#[cfg(not(target_os = "linux"))]
const DIR: OFlags = OFlags::DIRECTORY;

/// A directory inside the project, which does not have to exist yet.
#[derive(Debug, Clone)]
pub struct ProjectDir {
    base: PathBuf,
    folder: PathBuf,
}

impl ProjectDir {
    /// Creates a handle on `folder`, an absolute path or one relative to `base`.
    pub fn new(base: &Path, folder: &Path) -> Self {
        let folder = folder.strip_prefix(base).unwrap_or(folder);
        Self { base: base.to_owned(), folder: folder.to_owned() }
    }

    /// Opens the directory, creates missing components and makes them accessible to the user
    /// only.
    ///
    /// # Errors
    /// Returns an error if a component is a symlink or any I/O operation fails.
    pub fn create_dir(&self) -> io::Result<Dir> {
        self.create_with_mode(true)
    }

    /// Opens a directory of the user, creating missing components.
    ///
    /// # Errors
    /// Returns an error if a component is a symlink or any I/O operation fails.
    pub fn create_shared_dir(&self) -> io::Result<Dir> {
        self.create_with_mode(false)
    }

    fn create_with_mode(&self, private: bool) -> io::Result<Dir> {
        let mut dir = self.root()?;
        let mut path = self.base.clone();
        for part in &self.folder {
            path.push(part);
            let result = match private {
                true => create_private_dir(&dir, part.as_ref()),
                false => dir.create_dir(part),
            };
            match result {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            dir = open_dir(&dir, part.as_ref(), &path)?;
            if private {
                restrict_dir_to_owner(&dir);
            }
        }
        Ok(dir)
    }

    /// Opens the directory. Returns `None` if the directory does not exist.
    ///
    /// # Errors
    /// Returns an error if a component is a symlink or any I/O operation fails.
    pub fn open(&self) -> io::Result<Option<Dir>> {
        let mut dir = self.root()?;
        let mut path = self.base.clone();
        for part in &self.folder {
            path.push(part);
            match open_dir(&dir, part.as_ref(), &path) {
                Ok(inner) => dir = inner,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(dir))
    }

    /// Reads a file of at most `limit` bytes. Returns `None` if the file does not exist.
    ///
    /// # Errors
    /// Returns an error if the file is a symlink, not a regular file or too large, or any I/O
    /// operation fails.
    pub fn read(&self, name: &str, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(dir) = self.open()? else { return Ok(None) };
        let path = self.path(name);
        match open_file(&dir, name.as_ref(), &path)
            .and_then(|file| regular::read_bounded(file, limit))
        {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Atomically writes a file that only the user can read.
    ///
    /// # Errors
    /// Returns an error if a component is a symlink or any I/O operation fails; the file is then
    /// unchanged.
    pub fn write_atomic(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut staged = StagedFile::create(&self.create_dir()?, name.as_ref(), true)?;
        staged.file().write_all(bytes)?;
        staged.file().sync_all()?;
        staged.commit()
    }

    /// Creates an unnamed file to write and read, which disappears when the process ends in any
    /// way.
    ///
    /// # Errors
    /// Returns an error if a component is a symlink or any I/O operation fails.
    pub fn anonymous_file(&self) -> io::Result<File> {
        Ok(cap_tempfile::TempFile::new_anonymous(&self.create_dir()?)?.into_std())
    }

    /// Returns the whole path of an entry of the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.base.join(&self.folder).join(name)
    }

    fn root(&self) -> io::Result<Dir> {
        // Not through the standard library, which drops `O_PATH` with musl.
        let flags = DIR | OFlags::CLOEXEC;
        Ok(Dir::from_std_file(rustix::fs::open(&self.base, flags, Mode::empty())?.into()))
    }
}

/// Opens a directory inside another one. Never follows a symlink.
fn open_dir(dir: &Dir, name: &Path, path: &Path) -> io::Result<Dir> {
    refuse_link(dir, name, path)?;
    let flags = DIR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(Dir::from_std_file(openat(dir, name, flags, Mode::empty())?.into()))
}

/// Opens a regular file in a directory. Never follows a symlink.
fn open_file(dir: &Dir, name: &Path, path: &Path) -> io::Result<File> {
    refuse_link(dir, name, path)?;
    // Opening a pipe would wait for its other end.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(dir, name, flags, Mode::empty())?);
    regular::check_regular(&file.metadata()?)?;
    Ok(file)
}

/// Reads a regular file of at most `limit` bytes inside a directory.
///
/// # Errors
/// Returns an error if `path` is not such a file or any I/O operation fails.
pub fn read(dir: &Dir, path: impl AsRef<Path>, limit: u64) -> io::Result<Vec<u8>> {
    let path = path.as_ref();
    let about = dir.metadata(path)?;
    regular::check(about.is_file(), about.is_dir(), about.is_symlink())?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    cap_std::fs::OpenOptionsExt::custom_flags(&mut options, regular::flags(false));
    let file = dir.open_with(path, &options)?.into_std();
    regular::check_regular(&file.metadata()?)?;
    regular::read_bounded(file, limit)
}

/// Creates a directory that only the user can access.
///
/// # Errors
/// Returns an error if any I/O operation fails, also if the directory exists.
pub fn create_private_dir(dir: &Dir, name: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut builder = cap_std::fs::DirBuilder::new();
        cap_std::fs::DirBuilderExt::mode(&mut builder, 0o700);
        dir.create_dir_with(name, &builder)
    }
    #[cfg(not(unix))]
    dir.create_dir(name)
}

/// Makes a new file accessible to the user only.
pub fn restrict_to_owner(options: &mut OpenOptions) {
    #[cfg(unix)]
    cap_std::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

/// Removes the access of other users, which older versions gave them.
fn restrict_dir_to_owner(dir: &Dir) {
    #[cfg(unix)]
    {
        use cap_std::fs::{Permissions, PermissionsExt as _};
        let mode = dir.dir_metadata().map_or(0o700, |about| about.permissions().mode());
        if mode & 0o077 != 0 {
            // Permissions that the user took away stay so, and a directory of another user is
            // left as is.
            dir.set_permissions(".", Permissions::from_mode(mode & 0o700)).ok();
        }
    }
    #[cfg(not(unix))]
    let _ = dir;
}

/// Error for a symlink where the host does not follow any.
#[derive(Debug, thiserror::Error)]
#[error("`{}` is a symlink, which osiris does not follow", .0.display())]
struct Link(PathBuf);

fn refuse_link(dir: &Dir, name: &Path, path: &Path) -> io::Result<()> {
    if dir.symlink_metadata(name)?.is_symlink() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, Link(path.to_owned())));
    }
    Ok(())
}

/// Checks that no component of a path inside `dir`, which is at `base`, is a symlink.
///
/// # Errors
/// Returns an error if a component is a symlink, or on any I/O error other than a missing
/// component.
pub fn refuse_links(dir: &Dir, base: &Path, path: &Path) -> io::Result<()> {
    let mut prefix = PathBuf::new();
    for part in path {
        prefix.push(part);
        match refuse_link(dir, &prefix, &base.join(&prefix)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        }
    }
    Ok(())
}

/// Returns the help for an error: the removal of a symlink, otherwise `otherwise`.
pub fn io_help(error: &io::Error, otherwise: &str) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Link>()) {
        Some(Link(path)) => format!(
            "remove the symlink: `rm '{}'`; if you did not create the symlink, a step with write access did",
            path.display()
        ),
        None => otherwise.to_owned(),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn written_file_reads_back_without_leftovers() {
        let base = tempfile::tempdir().unwrap();
        let below = ProjectDir::new(base.path(), &base.path().join("a/b"));
        assert_eq!(below.read("file", 9).unwrap(), None);
        below.write_atomic("file", b"1").unwrap();
        below.write_atomic("file", b"22").unwrap();
        assert_eq!(below.read("file", 2).unwrap().as_deref(), Some(&b"22"[..]));
        let error = below.read("file", 1).unwrap_err();
        assert_eq!(error.to_string(), "the file exceeds the size limit of 1 B");
        let mut file = below.anonymous_file().unwrap();
        file.write_all(b"x").unwrap();
        assert_eq!(fs::read_dir(base.path().join("a/b")).unwrap().count(), 1);
        assert!(ProjectDir::new(base.path(), Path::new("a")).read("b", 9).is_err(), "a directory");
    }

    #[test]
    fn symlinked_folders_are_refused() {
        let (base, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let own = base.path().join("own");
        fs::create_dir(&own).unwrap();
        fs::create_dir(base.path().join("data")).unwrap();
        for target in [elsewhere.path(), Path::new("../data"), Path::new("nowhere")] {
            let link = own.join("link");
            symlink(target, &link).unwrap();
            for folder in ["own/link", "own/link/deeper"] {
                let below = ProjectDir::new(base.path(), Path::new(folder));
                let errors = [
                    below.create_dir().map(drop).unwrap_err(),
                    below.open().map(drop).unwrap_err(),
                    below.read("file", 9).map(drop).unwrap_err(),
                    below.write_atomic("file", b"1").unwrap_err(),
                    below.anonymous_file().map(drop).unwrap_err(),
                ];
                for error in errors {
                    let link = link.display();
                    let text = format!("`{link}` is a symlink, which osiris does not follow");
                    assert_eq!(error.to_string(), text);
                    assert!(
                        io_help(&error, "")
                            .starts_with(&format!("remove the symlink: `rm '{link}'`"))
                    );
                }
            }
            let file = ProjectDir::new(base.path(), Path::new("own"));
            assert!(file.read("link", 9).is_err());
            fs::remove_file(link).unwrap();
        }
        for folder in [base.path().join("data"), elsewhere.path().to_owned()] {
            assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
        }
        assert_eq!(io_help(&io::ErrorKind::NotFound.into(), "free disk space"), "free disk space");
    }

    #[test]
    fn writing_replaces_a_symlink_and_keeps_its_target() {
        let (base, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = elsewhere.path().join("theirs");
        fs::write(&target, "theirs").unwrap();
        symlink(&target, base.path().join("file")).unwrap();
        let below = ProjectDir::new(base.path(), Path::new(""));
        below.write_atomic("file", b"mine").unwrap();
        assert_eq!(below.read("file", 9).unwrap().as_deref(), Some(&b"mine"[..]));
        assert_eq!(fs::read_to_string(target).unwrap(), "theirs");
    }
}
