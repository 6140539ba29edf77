//! Compiled code on disk, so that a driver is compiled once per machine.
//!
//! What lies here is run as it is. So the folder must be the user's alone, the
//! files are written by nobody but this host, and a driver's own compiled code
//! is never accepted.

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use wasmtime::Engine;

use super::compiler::Output;
use crate::atomic;
use crate::own_folder::private;

/// A folder of compiled components.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Opens the cache in this folder; none if it cannot be made, or others could
    /// write to it.
    pub(super) fn open(root: &Path) -> Option<Self> {
        let folder = root.join("compiled");
        match private(&folder) {
            Ok(()) => Some(Self { folder }),
            Err(error) => {
                tracing::warn!("drivers are compiled anew each time: the cache: {error}");
                None
            }
        }
    }

    /// The file with the compiled code of the component with this hash, if this very
    /// engine can run it and it is whole.
    pub(super) fn file(&self, identity: &str, sha256: &str) -> Option<PathBuf> {
        let path = self.path(identity, sha256);
        match is_whole(&path) {
            Ok(true) => Some(path),
            Ok(false) => {
                tracing::debug!("{}: it is not whole", path.display());
                None
            }
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::debug!("{}: {error}", path.display());
                }
                None
            }
        }
    }

    /// Keeps compiled code; none if that fails, which only costs time later. What another
    /// process has put there meanwhile stays: that process may be about to load it, from
    /// behind a fence that lets through that very file.
    pub(super) fn put(&self, identity: &str, sha256: &str, code: &mut Output) -> Option<PathBuf> {
        let path = self.path(identity, sha256);
        if is_whole(&path).is_ok_and(|whole| !whole) {
            fs::remove_file(&path).ok();
        }
        match atomic::write_private_new(&path, |file| code.write(file)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                tracing::debug!("{}: {error}", path.display());
                None
            }
            _ => Some(path),
        }
    }

    /// Takes over what the same host compiled on another machine. A processor that
    /// cannot run it looks for it under another name, and compiles anew.
    pub(super) fn adopt(&self, name: &str, file: &Path) -> io::Result<()> {
        if Path::new(name).file_name() != Some(name.as_ref()) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        atomic::write_private(&self.folder.join(name), &fs::read(file)?)
    }

    fn path(&self, identity: &str, sha256: &str) -> PathBuf {
        self.folder.join(format!("{sha256}-{identity}.cwasm"))
    }
}

/// Tells engines apart that cannot run each other's code.
pub(super) fn identity(engine: &Engine) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    (env!("CARGO_PKG_VERSION"), std::env::consts::ARCH).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Whether a file is an object file from its start to its end: the table of its sections
/// comes last. The engine, which looks at the rest, does so where nothing can be compiled
/// any more.
fn is_whole(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut header = [0; 64];
    if length < header.len() as u64 {
        return Ok(false);
    }
    file.read_exact(&mut header)?;
    let number = |at: usize, size: usize| {
        header[at..at + size].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
    };
    let (table, entry, count) = (number(0x28, 8), number(0x3a, 2), number(0x3c, 2));
    Ok(header.starts_with(b"\x7fELF") && table.saturating_add(entry * count) <= length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_off_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let mut file = vec![0; 192];
        file[..4].copy_from_slice(b"\x7fELF");
        (file[0x28], file[0x3a], file[0x3c]) = (64, 64, 2);
        let path = cache.put("engine", "hash", &mut Output::Bytes(file.clone())).unwrap();
        assert_eq!(cache.file("engine", "hash").as_deref(), Some(&*path));
        for length in [191, 64, 63, 0] {
            fs::write(&path, &file[..length]).unwrap();
            assert_eq!(cache.file("engine", "hash"), None, "{length}");
        }
        fs::write(&path, [b'x'; 300]).unwrap();
        assert_eq!(cache.file("engine", "hash"), None);
        assert_eq!(cache.file("engine", "other"), None);
    }
}
