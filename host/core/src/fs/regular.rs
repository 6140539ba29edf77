//! Regular files, opened so that no other kind of file blocks the host.
//!
//! Opening a pipe waits for its other end, and a device or a directory has no content. A path is
//! therefore checked, opened without blocking, and the open file is checked again, to reject a
//! file that was replaced in between.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

/// Error for a path that is not a regular file.
#[derive(Debug, thiserror::Error)]
#[error("expected a file, found {0}")]
pub struct NotRegular(&'static str);

impl NotRegular {
    /// Returns the kind of the file if `error` is a [`NotRegular`].
    pub fn kind(error: &io::Error) -> Option<&'static str> {
        error.get_ref()?.downcast_ref::<Self>().map(|Self(kind)| *kind)
    }
}

/// Opens a regular file for reading and returns the file's size. Follows symlinks.
///
/// # Errors
/// Returns an error if the file is not regular or any I/O operation fails.
pub fn open_regular(path: &Path) -> io::Result<(File, u64)> {
    open(path, false)
}

/// Opens a regular file for reading and returns the file's size. Refuses symlinks.
///
/// # Errors
/// Returns an error if the path is a symlink or not a regular file, or any I/O operation fails.
pub fn open_regular_no_link(path: &Path) -> io::Result<(File, u64)> {
    open(path, true)
}

/// Reads a regular file of at most `limit` bytes. Refuses symlinks.
///
/// # Errors
/// Returns an error if the path is a symlink or not a regular file, the file is larger, or any
/// I/O operation fails.
pub fn read_regular_no_link(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_bounded(open_regular_no_link(path)?.0, limit)
}

/// Reads at most `limit` bytes of a file.
///
/// # Errors
/// Returns an error if the file is larger or any I/O operation fails.
pub fn read_bounded(file: File, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let size = crate::text::format_bytes(limit);
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("the file exceeds the size limit of {size}"),
        ));
    }
    Ok(bytes)
}

/// Checks that metadata belong to a regular file.
///
/// # Errors
/// Returns an error if they do not; the error names the kind of the file.
pub fn check_regular(about: &fs::Metadata) -> io::Result<()> {
    check(about.file_type().is_file(), about.file_type().is_dir(), about.file_type().is_symlink())
}

/// Like [`check_regular`], for a file type given as flags.
pub(crate) fn check(is_file: bool, is_dir: bool, is_link: bool) -> io::Result<()> {
    let kind = match (is_file, is_dir, is_link) {
        (true, ..) => return Ok(()),
        (_, true, _) => "a directory",
        (_, _, true) => "a symlink",
        _ => "a special file",
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, NotRegular(kind)))
}

/// Returns the flags for opening a file of unknown kind.
#[cfg(unix)]
pub(crate) fn flags(no_link: bool) -> i32 {
    use rustix::fs::OFlags;
    let link = if no_link { OFlags::NOFOLLOW } else { OFlags::empty() };
    // The bits of all these flags fit.
    (OFlags::NONBLOCK | OFlags::NOCTTY | link).bits().cast_signed()
}

fn open(path: &Path, no_link: bool) -> io::Result<(File, u64)> {
    check_regular(&if no_link { fs::symlink_metadata(path)? } else { fs::metadata(path)? })?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags(no_link));
    let file = options.open(path)?;
    let about = file.metadata()?;
    check_regular(&about)?;
    Ok((file, about.len()))
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    #[test]
    fn non_regular_files_are_refused_without_blocking() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "12").unwrap();
        symlink("file", path("link")).unwrap();
        assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
        symlink("pipe", path("to-pipe")).unwrap();
        assert_eq!(open_regular(&path("file")).unwrap().1, 2);
        assert_eq!(open_regular(&path("link")).unwrap().1, 2);
        assert_eq!(read_regular_no_link(&path("file"), 2).unwrap(), b"12");
        let error = read_regular_no_link(&path("file"), 1).unwrap_err();
        assert_eq!(error.to_string(), "the file exceeds the size limit of 1 B");
        for (name, kind) in [
            ("pipe", "a special file"),
            ("to-pipe", "a special file"),
            (".", "a directory"),
            ("/dev/zero", "a special file"),
        ] {
            let error = open_regular(&path(name)).unwrap_err();
            assert_eq!(NotRegular::kind(&error), Some(kind), "{name}");
        }
        let error = open_regular_no_link(&path("link")).unwrap_err();
        assert_eq!(error.to_string(), "expected a file, found a symlink");
        let missing = open_regular(&path("missing")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
