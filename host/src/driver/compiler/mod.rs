//! Compiles components. A few kilobytes of a stranger's can keep a compiler busy for
//! hours and take all memory of the machine, and a mistake of the compiler's own must
//! not be one of the host. So it works in a process apart, which is this program
//! again: with little time, little memory, and nothing that it could open.

mod bounds;
mod budget;
mod child;
mod refusal;
mod service;

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;

pub use self::service::{Order, serve};

pub(super) use self::bounds::check;
pub(super) use self::child::compile as in_child;
pub(super) use self::refusal::Refusal;

use crate::own_program;

/// The name of the command that compiles for another process.
pub const COMMAND: &str = "compile-driver";

/// Place where components are compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// In a process apart, started from this program: an `osiris` of this version.
    Child(PathBuf),
    /// In this process. A stranger's component can take all of its time and memory, so
    /// this is for components of one's own.
    InProcess,
}

impl Default for Compiler {
    /// This program, if it is `osiris`; else the one that lies beside it.
    fn default() -> Self {
        Self::Child(own_program::osiris().unwrap_or_default())
    }
}

/// Compiled code on its way: at the start of a file without a name, or in memory.
pub(super) enum Output {
    File(File),
    Bytes(Vec<u8>),
}

impl Output {
    /// Writes it to a file.
    pub(super) fn write(&mut self, file: &mut File) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => file.write_all(bytes),
            Self::File(code) => {
                code.rewind()?;
                io::copy(code, file).map(drop)
            }
        }
    }

    /// All of it.
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
