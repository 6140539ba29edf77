//! Cache of compiled code on disk, so that a driver is compiled once per machine.
//!
//! Cached code is executed without further checks. So the directory must be writable by the user
//! alone, only this host writes the files, and a driver's own precompiled code is never accepted.

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use osiris_core::fs::atomic;
use osiris_core::fs::cache_dir::create_private_dir;
use wasmtime::Engine;

use super::compiler::Output;

/// A directory of compiled components.
#[derive(Debug)]
pub(super) struct CodeCache {
    folder: PathBuf,
}

impl CodeCache {
    /// Opens the cache below `root`. Returns `None` if the directory cannot be created or other
    /// users could write to it.
    pub(super) fn open(root: &Path) -> Option<Self> {
        let folder = root.join("compiled");
        match create_private_dir(&folder) {
            Ok(()) => Some(Self { folder }),
            Err(error) => {
                tracing::warn!(
                    "cannot open the cache of compiled drivers, so every run compiles them again: {error}"
                );
                None
            }
        }
    }

    /// Returns the cached code of the component with this hash. Returns `None` if the code is
    /// missing, incomplete or compiled for another engine.
    pub(super) fn file(&self, identity: &str, sha256: &str) -> Option<PathBuf> {
        let path = self.path(identity, sha256);
        match is_whole(&path) {
            Ok(true) => Some(path),
            Ok(false) => {
                tracing::debug!("{}: incomplete code", path.display());
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

    /// Stores compiled code. Returns `None` if that fails, which costs only time later. A file that
    /// another process stored meanwhile stays: that process might be about to load it, inside a
    /// sandbox that allows exactly that file.
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

    /// Imports code that the same host compiled on another machine. A processor that cannot run the
    /// code looks for it under another name and compiles the component again.
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

/// Returns an identifier that differs between engines that cannot run each other's code.
pub(super) fn identity(engine: &Engine) -> String {
    let mut hasher = std::hash::DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    (env!("CARGO_PKG_VERSION"), std::env::consts::ARCH).hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Returns whether a file is a complete object file: its section table is at its end. The engine
/// checks the rest, but only when it is too late to compile again.
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
    fn truncated_code_is_not_cached() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CodeCache::open(folder.path()).unwrap();
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
