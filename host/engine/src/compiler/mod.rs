//! Compiles components. A few kilobytes of an untrusted component can keep a compiler busy for
//! hours and use up the memory of the machine, and a bug in the compiler must not compromise the
//! host. So compilation runs in a separate process of this program, with limits on time and memory
//! and without access to files.

mod bounds;
mod budget;
mod child;
#[cfg(target_os = "linux")]
mod confine;
mod refusal;
mod service;

/// Systems without limits on a process and without a process sandbox: the time limit of the parent
/// process remains.
#[cfg(not(target_os = "linux"))]
mod confine {
    pub(super) fn close_inherited() {}

    pub(super) fn confine(_: &super::Order) -> std::io::Result<()> {
        Ok(())
    }
}

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;

use osiris_core::program;

pub(super) use self::bounds::check;
pub(super) use self::child::compile as in_child;
pub(super) use self::refusal::Refusal;
pub use self::service::{Order, serve};

/// Name of the command that compiles for another process.
pub const COMMAND: &str = "compile-driver";

/// Place where components are compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// In a separate process of this program: an `osiris` executable of this version.
    Child(PathBuf),
    /// In this process. An untrusted component can use up its time and memory, so use this only for
    /// trusted components.
    InProcess,
}

impl Default for Compiler {
    /// This program if it is `osiris`, else the `osiris` next to it.
    fn default() -> Self {
        Self::Child(program::osiris().unwrap_or_default())
    }
}

/// Compiled code that is not stored yet: in an anonymous file, or in memory.
pub(super) enum Output {
    File(File),
    Bytes(Vec<u8>),
}

impl Output {
    /// Writes the code to a file.
    pub(super) fn write(&mut self, file: &mut File) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => file.write_all(bytes),
            Self::File(code) => {
                code.rewind()?;
                io::copy(code, file).map(drop)
            }
        }
    }

    /// Returns all of the code.
    pub(super) fn bytes(self) -> io::Result<Vec<u8>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::File(mut code) => {
                let mut bytes = Vec::new();
                code.rewind()?;
                code.read_to_end(&mut bytes)?;
                Ok(bytes)
            }
        }
    }
}
