//! A driver's file: what can be known without running any of it.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::interfaces;
use super::outline::Outline;
use super::spec::{SECTION, Spec};
use crate::canonical;
use crate::problem::{Error, Problem, Result};
use crate::regular::open_regular;

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
    text: Vec<u8>,
    /// What is wrong with the spec's schema and examples, once that was looked at.
    wrong: OnceLock<Vec<Problem>>,
    content: OnceLock<Content>,
}

/// What a file says before anything of it is interpreted.
#[derive(Debug)]
pub(super) struct Raw {
    /// The text of its spec.
    pub(super) text: Vec<u8>,
    imports: Vec<String>,
    exports: Vec<String>,
    size: u64,
}

/// A driver's bytes as they were when they were first asked for.
#[derive(Debug)]
pub struct Content {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// Its sha256, 64 hex digits.
    pub sha256: String,
}

impl DriverFile {
    /// Reads a driver's spec, imports and exports. Its config schema is not compiled:
    /// see [`DriverFile::check`].
    ///
    /// # Errors
    /// The file cannot be read, is no whole component, or its spec is missing
    /// or invalid.
    pub fn read(path: &Path) -> Result<Self> {
        Self::parse(&Raw::read(path)?, path)
    }

    pub(super) fn parse(raw: &Raw, path: &Path) -> Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            spec: Arc::new(Spec::outline(&raw.text, path)?),
            imports: raw.imports.clone(),
            exports: raw.exports.clone(),
            size: raw.size,
            built_in: false,
            text: raw.text.clone(),
            wrong: OnceLock::new(),
            content: OnceLock::new(),
        })
    }

    /// Checks what costs more to check, as for a driver that is used: the config schema
    /// and the examples.
    ///
    /// # Errors
    /// Returns an error if one of them is wrong.
    pub fn check(&self) -> Result<()> {
        let wrong = self.wrong.get_or_init(|| match Spec::parse(&self.text, &self.path) {
            Ok(_) => Vec::new(),
            Err(error) => error.problems,
        });
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Error { problems: wrong.clone(), ..Error::invalid(wrong[0].clone()) })
    }

    /// The bytes of a file that is only looked at.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn bytes(path: &Path) -> Result<Vec<u8>> {
        read(path)
    }

    /// The same of a component's bytes that lie, or will lie, at a path, with all of its
    /// spec checked.
    ///
    /// # Errors
    /// They are no whole component, or its spec is missing or invalid.
    pub fn of(bytes: &[u8], path: &Path) -> Result<Self> {
        let driver = Self::parse(&Raw::new(Outline::of(bytes), path, bytes.len() as u64)?, path)?;
        driver.check()?;
        Ok(driver)
    }

    /// The text of its spec, which may be wrong.
    ///
    /// # Errors
    /// The file cannot be read, is no whole component, or has no spec.
    pub fn spec_text(path: &Path) -> Result<Vec<u8>> {
        let outline = Outline::of(&read(path)?);
        the_spec(&mut outline.map_err(|problem| Error::invalid(problem.in_file(path)))?, path)
    }

    /// Why it does not fit this host, if its interfaces tell.
    pub fn mismatch(&self) -> Option<Problem> {
        interfaces::mismatch(self)
    }

    /// The component's bytes: read once, so that what is looked at is what is used.
    /// What uses them asks [`super::registry::Registry::load`] instead, which asks
    /// whether it may.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn content(&self) -> Result<&Content> {
        if let Some(known) = self.content.get() {
            return Ok(known);
        }
        let bytes = read(&self.path)?;
        let sha256 = canonical::sha256(&bytes);
        Ok(self.content.get_or_init(|| Content { bytes, sha256 }))
    }

    /// The sha256 of the file, 64 hex digits.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn sha256(&self) -> Result<&str> {
        self.content().map(|content| content.sha256.as_str())
    }
}

impl Raw {
    /// Reads what is outside of the code and data.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let (file, size) = open(path).map_err(|error| unreadable(path, &error))?;
        let outline = Outline::read(file).map_err(|error| unreadable(path, &error))?;
        Self::new(outline, path, size)
    }

    fn new(outline: Result<Outline, Problem>, path: &Path, size: u64) -> Result<Self> {
        let mut outline = outline.map_err(|problem| Error::invalid(problem.in_file(path)))?;
        let text = the_spec(&mut outline, path)?;
        Ok(Self { text, imports: outline.imports, exports: outline.exports, size })
    }
}

/// The spec of a component.
fn the_spec(outline: &mut Outline, path: &Path) -> Result<Vec<u8>> {
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
    outline.specs.pop().ok_or_else(|| {
        Error::invalid(
            Problem::new("spec_missing", format!("the component has no spec: its custom section `{SECTION}` is missing"))
                .in_file(path)
                .help("give it one: osiris drivers pack FILE.wasm --spec spec.yaml; a driver in Rust gets its own from `osiris_sdk::export!`"),
        )
    })
}

/// Opens a driver's file, of so many bytes.
fn open(path: &Path) -> io::Result<(File, u64)> {
    let (file, size) = open_regular(path)?;
    if size > MAX_SIZE {
        return Err(ErrorKind::FileTooLarge.into());
    }
    Ok((file, size))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let read = || {
        let (file, size) = open(path)?;
        let mut bytes = Vec::with_capacity(size as usize);
        // It can grow meanwhile.
        file.take(MAX_SIZE).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::environment(
        Problem::new("driver_unreadable", format!("the driver cannot be read: {error}"))
            .in_file(path),
    )
}
