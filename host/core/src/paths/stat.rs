//! Files and directories by their identity instead of their name.

use std::ffi::OsStr;
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType};
use rustix::io::Result;
use serde::{Deserialize, Serialize};

/// Identity of a file or directory, independent of its name. A file that replaces another one has
/// another identity, even if the system reuses the inode number, as far as the file system records
/// the time of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    device: u64,
    inode: u64,
    /// Time of creation in seconds and nanoseconds; zero if the file system does not record it.
    born: (i64, u32),
}

/// Kind of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, a socket or a device.
    Other,
}

/// Kind and identity of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Kind of the file.
    pub kind: FileKind,
    /// Identity of the file.
    pub identity: Identity,
}

impl Stat {
    /// Returns the status of a name in an open directory, without following a link.
    ///
    /// # Errors
    /// Returns an error if the name does not exist, or for any I/O error.
    pub fn at(folder: impl AsFd, name: &OsStr) -> Result<Self> {
        look(folder.as_fd(), name, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// Returns the status of an open file or directory.
    ///
    /// # Errors
    /// Returns an error for any I/O error.
    pub fn of(file: impl AsFd) -> Result<Self> {
        look_at_open(file.as_fd())
    }
}

#[cfg(target_os = "linux")]
fn look(folder: std::os::fd::BorrowedFd<'_>, name: &OsStr, flags: AtFlags) -> Result<Stat> {
    use rustix::fs::{StatxFlags, makedev, statat, statx};
    use rustix::io::Errno;
    let mask = StatxFlags::TYPE | StatxFlags::INO | StatxFlags::BTIME;
    match statx(folder, name, flags, mask) {
        Ok(stat) => {
            let knows_birth =
                StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::BTIME);
            let born =
                if knows_birth { (stat.stx_btime.tv_sec, stat.stx_btime.tv_nsec) } else { (0, 0) };
            Ok(Stat {
                kind: kind(FileType::from_raw_mode(stat.stx_mode.into())),
                identity: Identity {
                    device: makedev(stat.stx_dev_major, stat.stx_dev_minor),
                    inode: stat.stx_ino,
                    born,
                },
            })
        }
        Err(Errno::NOSYS) => Ok(from_stat(&statat(folder, name, flags)?)),
        Err(error) => Err(error),
    }
}

#[cfg(target_os = "linux")]
fn look_at_open(file: std::os::fd::BorrowedFd<'_>) -> Result<Stat> {
    look(file, OsStr::new(""), AtFlags::EMPTY_PATH)
}

#[cfg(not(target_os = "linux"))]
fn look_at_open(file: std::os::fd::BorrowedFd<'_>) -> Result<Stat> {
    Ok(from_stat(&rustix::fs::fstat(file)?))
}

#[cfg(not(target_os = "linux"))]
fn look(folder: std::os::fd::BorrowedFd<'_>, name: &OsStr, flags: AtFlags) -> Result<Stat> {
    Ok(from_stat(&rustix::fs::statat(folder, name, flags)?))
}

#[expect(clippy::unnecessary_cast, reason = "these numbers have other types on other systems")]
fn from_stat(stat: &rustix::fs::Stat) -> Stat {
    Stat {
        kind: kind(FileType::from_raw_mode(stat.st_mode)),
        identity: Identity { device: stat.st_dev as u64, inode: stat.st_ino as u64, born: (0, 0) },
    }
}

fn kind(kind: FileType) -> FileKind {
    match kind {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Folder,
        FileType::Symlink => FileKind::Link,
        _ => FileKind::Other,
    }
}
