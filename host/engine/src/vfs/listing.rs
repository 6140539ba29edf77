//! Directory listings, read entry by entry: the host never holds a whole listing in memory, however
//! long it is.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use osiris_core::paths::{FileKind, Stat};
use rustix::fs::{Dir, FileType, Mode, OFlags, openat};
use wasmtime_wasi::p2::bindings::filesystem::types::{DescriptorType, DirectoryEntry, ErrorCode};

/// Maximum listings that a call can have open at the same time.
pub(super) const MAX_OPEN: usize = 64;

/// An open listing of a directory.
pub(super) struct Listing {
    entries: Dir,
    /// Path of the directory.
    folder: PathBuf,
}

impl Listing {
    /// Starts a listing of an open directory.
    pub(super) fn new(folder: &std::fs::File, path: PathBuf) -> Result<Self, ErrorCode> {
        // Opened again, for a separate read position, and because the directory can be open with
        // `O_PATH` only.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let entries = openat(folder, ".", flags, Mode::empty()).and_then(Dir::new);
        Ok(Self { entries: entries.map_err(std::io::Error::from)?, folder: path })
    }

    /// Returns the next entry with its path.
    pub(super) fn next(&mut self) -> Result<Option<(PathBuf, DirectoryEntry)>, ErrorCode> {
        loop {
            let Some(entry) = self.entries.read() else { return Ok(None) };
            let entry = entry.map_err(std::io::Error::from)?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            let type_ = match entry.file_type() {
                FileType::RegularFile => DescriptorType::RegularFile,
                FileType::Directory => DescriptorType::Directory,
                FileType::Symlink => DescriptorType::SymbolicLink,
                FileType::BlockDevice => DescriptorType::BlockDevice,
                FileType::CharacterDevice => DescriptorType::CharacterDevice,
                // Some file systems report the type only through `stat`.
                FileType::Unknown => {
                    let folder = self.entries.fd().map_err(std::io::Error::from)?;
                    match Stat::at(folder, name).map(|found| found.kind) {
                        Ok(FileKind::File) => DescriptorType::RegularFile,
                        Ok(FileKind::Folder) => DescriptorType::Directory,
                        Ok(FileKind::Link) => DescriptorType::SymbolicLink,
                        Ok(FileKind::Other) | Err(_) => DescriptorType::Unknown,
                    }
                }
                _ => DescriptorType::Unknown,
            };
            let path = self.folder.join(name);
            let name = name.to_str().ok_or(ErrorCode::IllegalByteSequence)?.to_owned();
            return Ok(Some((path, DirectoryEntry { type_, name })));
        }
    }
}
