//! Compiled code that is not loaded yet. Code is found or compiled before the kernel sandbox is
//! enforced, and loaded inside it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error};
use osiris_core::driver::spec::Spec;
use wasmtime::Engine;
use wasmtime::component::Component;

/// A compiled driver.
#[derive(Clone)]
pub struct CompiledDriver {
    pub(super) location: CodeLocation,
    /// Spec of the driver.
    pub spec: Arc<Spec>,
    /// The file of the driver.
    pub(super) path: PathBuf,
    /// SHA-256 of the component.
    pub sha256: String,
}

/// Location of compiled code.
#[derive(Clone)]
pub(super) enum CodeLocation {
    /// In a file of the cache.
    File(PathBuf),
    /// In memory, if there is no cache.
    Bytes(Arc<[u8]>),
}

impl CodeLocation {
    /// Loads the code into `engine`.
    pub(super) fn component(&self, engine: &Engine) -> wasmtime::Result<Component> {
        #[expect(unsafe_code, reason = "the only way to load compiled code")]
        // SAFETY: this program wrote the complete code, in this process or in one that it started:
        // `CodeCache::open` made sure that only this user can write to the directory, and the name
        // contains the hash of the component and of everything that decides compatibility.
        unsafe {
            match self {
                Self::File(path) => Component::deserialize_file(engine, path),
                Self::Bytes(bytes) => Component::deserialize(engine, bytes),
            }
        }
    }
}

impl CompiledDriver {
    /// Returns the file that the code is loaded from. Returns `None` if the code is in memory.
    pub fn file(&self) -> Option<&Path> {
        match &self.location {
            CodeLocation::File(path) => Some(path),
            CodeLocation::Bytes(_) => None,
        }
    }

    /// The error for code that cannot be loaded.
    pub(super) fn unusable(&self, error: &wasmtime::Error) -> Error {
        let name = &self.spec.name;
        let message = format!("cannot load the compiled code of driver `{name}`: {error:#}");
        let problem = Diagnostic::new(Code::CodeDamaged, message);
        Error::environment(match self.file() {
            // The driver is compiled again if the file is missing.
            Some(file) => problem.in_file(file).help(format!("run `rm '{}'`", file.display())),
            None => problem.in_file(&self.path),
        })
    }
}

#[cfg(test)]
impl CompiledDriver {
    /// Empty code.
    pub(crate) fn of(spec: Arc<Spec>) -> Self {
        let location = CodeLocation::Bytes([].into());
        Self { location, spec, path: PathBuf::new(), sha256: String::new() }
    }
}

impl fmt::Debug for CompiledDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompiledDriver").field("driver", &self.spec.name).finish_non_exhaustive()
    }
}
