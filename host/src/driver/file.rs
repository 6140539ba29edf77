//! A driver's file: what can be known without running any of it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use wasmparser::{Encoding, Parser, Payload};

use super::interfaces;
use super::spec::{SECTION, Spec};
use crate::canonical;
use crate::problem::{Error, Problem, Result};

/// The largest driver there may be, in bytes.
pub const MAX_SIZE: u64 = 256 << 20;

/// A component with a spec.
#[derive(Debug)]
pub struct DriverFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it says of itself.
    pub spec: Arc<Spec>,
    /// The interfaces that it wants, as `namespace:package/name@version`.
    pub imports: Vec<String>,
    /// The interfaces that it offers.
    pub exports: Vec<String>,
    /// Bytes of the file.
    pub size: u64,
    /// Whether it came with osiris.
    pub built_in: bool,
    sha256: OnceLock<String>,
}

impl DriverFile {
    /// Reads a driver's spec, imports and exports.
    ///
    /// # Errors
    /// The file cannot be read, is no whole component, or its spec is missing
    /// or invalid.
    pub fn read(path: &Path) -> Result<Self> {
        Self::of(&read(path)?, path)
    }

    /// The bytes of a file that is only looked at.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn bytes(path: &Path) -> Result<Vec<u8>> {
        read(path)
    }

    /// The same of a component's bytes that lie, or will lie, at a path.
    ///
    /// # Errors
    /// They are no whole component, or its spec is missing or invalid.
    pub fn of(bytes: &[u8], path: &Path) -> Result<Self> {
        let mut outline =
            Outline::of(bytes).map_err(|problem| Error::invalid(problem.in_file(path)))?;
        if outline.specs.len() > 1 {
            // Whoever else reads it might read another one than is used here.
            let count = outline.specs.len();
            return Err(Error::invalid(
                Problem::new(
                    "spec_twice",
                    format!("the component has {count} specs: custom sections `{SECTION}`"),
                )
                .in_file(path)
                .help("build it again with one; the section may stand once, in whatever module"),
            ));
        }
        let Some(spec) = outline.specs.pop() else {
            return Err(Error::invalid(
                Problem::new("spec_missing", format!("the component has no spec: its custom section `{SECTION}` is missing"))
                    .in_file(path)
                    .help("give it one: osiris drivers pack FILE.wasm --spec spec.yaml; a driver in Rust gets its own from `osiris_sdk::export!`"),
            ));
        };
        Ok(Self {
            path: path.to_owned(),
            spec: Arc::new(Spec::parse(&spec, path)?),
            imports: outline.imports,
            exports: outline.exports,
            size: bytes.len() as u64,
            built_in: false,
            sha256: OnceLock::new(),
        })
    }

    /// Why it does not fit this host, if its interfaces tell.
    pub fn mismatch(&self) -> Option<Problem> {
        interfaces::mismatch(self)
    }

    /// The component's bytes as they are now, with their sha256. What uses them asks
    /// [`super::registry::Registry::load`] instead, which asks whether it may.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn load(&self) -> Result<(Vec<u8>, String)> {
        let bytes = read(&self.path)?;
        let sha256 = canonical::sha256(&bytes);
        Ok((bytes, sha256))
    }

    /// The sha256 of the file, 64 hex digits.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn sha256(&self) -> Result<&str> {
        if let Some(known) = self.sha256.get() {
            return Ok(known);
        }
        let (_, sha256) = self.load()?;
        Ok(self.sha256.get_or_init(|| sha256))
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let read = || {
        // Looked at before it is opened, because opening a pipe waits for its other end.
        let about = fs::metadata(path)?;
        if !about.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        if about.len() > MAX_SIZE {
            return Err(ErrorKind::FileTooLarge.into());
        }
        fs::read(path)
    };
    read().map_err(|error| {
        Error::environment(
            Problem::new("driver_unreadable", format!("the driver cannot be read: {error}"))
                .in_file(path),
        )
    })
}

/// Says what is wrong with a component's bytes.
pub(super) fn damaged(error: &wasmparser::BinaryReaderError) -> Problem {
    let message = format!("the component is damaged or cut off: {}", error.message());
    Problem::new("component_invalid", message).help("build or download it again")
}

/// What a component's sections say.
#[derive(Default)]
pub(super) struct Outline {
    pub(super) specs: Vec<Vec<u8>>,
    imports: Vec<String>,
    exports: Vec<String>,
}

impl Outline {
    pub(super) fn of(bytes: &[u8]) -> Result<Self, Problem> {
        if !bytes.starts_with(b"\0asm") {
            return Err(Problem::new("not_wasm", "this is no WebAssembly file")
                .help("build the driver with `osiris drivers build`"));
        }
        if Parser::is_core_wasm(bytes) {
            return Err(Problem::new("core_module", "this is a core module, not a component")
                .help("build it for the target wasm32-wasip2, or wrap it with `wasm-tools component new`"));
        }
        Self::parse(bytes).map_err(|error| damaged(&error))
    }

    fn parse(bytes: &[u8]) -> wasmparser::Result<Self> {
        let mut outline = Self::default();
        // A custom section of an inner module counts: that is where compilers put it.
        let mut depth = 0;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::Version { encoding: Encoding::Component | Encoding::Module, .. } => {
                    depth += 1
                }
                Payload::End(_) => depth -= 1,
                Payload::CustomSection(section) if section.name() == SECTION => {
                    outline.specs.push(section.data().to_vec());
                }
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section {
                        outline.imports.push(import?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section {
                        outline.exports.push(export?.name.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        outline.imports.sort_unstable();
        outline.exports.sort_unstable();
        Ok(outline)
    }
}
