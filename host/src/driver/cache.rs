//! Compiled code on disk, so that a driver is compiled once per machine.
//!
//! What lies here is run as it is. So the folder must be the user's alone, the
//! files are written by nobody but this host, and a driver's own compiled code
//! is never accepted.

use std::hash::{Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use wasmtime::Engine;
use wasmtime::component::Component;

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

    /// The component with this hash, if this very engine compiled it before.
    pub(super) fn get(&self, engine: &Engine, sha256: &str) -> Option<Component> {
        let path = self.path(engine, sha256);
        if !path.exists() {
            return None;
        }
        #[expect(unsafe_code, reason = "the only way to load compiled code")]
        // SAFETY: the file was written whole by `put` from this engine's own output: `Cache::open`
        // made sure that only this user can write to the folder, and the name carries the hash of
        // the component and of everything that decides compatibility.
        let component = unsafe { Component::deserialize_file(engine, &path) };
        component.inspect_err(|error| tracing::debug!("{}: {error}", path.display())).ok()
    }

    /// Keeps a compiled component. A failure only costs time later.
    pub(super) fn put(&self, engine: &Engine, sha256: &str, component: &Component) {
        let path = self.path(engine, sha256);
        let written = component
            .serialize()
            .map_err(io::Error::other)
            .and_then(|code| atomic::write_private(&path, &code));
        if let Err(error) = written {
            tracing::debug!("{}: {error}", path.display());
        }
    }

    /// The compiled code of the component with this hash, if it is there.
    pub(super) fn file(&self, engine: &Engine, sha256: &str) -> Option<PathBuf> {
        Some(self.path(engine, sha256)).filter(|path| path.exists())
    }

    /// Takes over what the same host compiled on another machine. A processor that
    /// cannot run it looks for it under another name, and compiles anew.
    pub(super) fn adopt(&self, name: &str, file: &Path) -> io::Result<()> {
        if Path::new(name).file_name() != Some(name.as_ref()) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        atomic::write_private(&self.folder.join(name), &std::fs::read(file)?)
    }

    fn path(&self, engine: &Engine, sha256: &str) -> PathBuf {
        let mut hasher = std::hash::DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        (env!("CARGO_PKG_VERSION"), std::env::consts::ARCH).hash(&mut hasher);
        self.folder.join(format!("{sha256}-{:016x}.cwasm", hasher.finish()))
    }
}
