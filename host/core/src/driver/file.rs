//! A driver's file: everything that can be read without running code of the driver.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::compat;
use super::sections::ComponentInfo;
use super::spec::{SECTION, Spec};
use crate::canonical;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Error, ExitStatus, Result};
use crate::fs::regular::open_regular;

/// Maximum size of a driver, in bytes.
pub const MAX_SIZE: u64 = 256 << 20;

/// A component with a spec.
#[derive(Debug)]
pub struct DriverFile {
    /// Path of the file.
    pub path: PathBuf,
    /// Spec of the driver.
    pub spec: Arc<Spec>,
    /// The imported interfaces, as `namespace:package/name@version`.
    pub imports: Vec<String>,
    /// The exported interfaces.
    pub exports: Vec<String>,
    /// Size of the file, in bytes.
    pub size: u64,
    /// Whether the driver is part of the osiris installation.
    pub built_in: bool,
    /// The required SHA-256 of the file, if the driver comes out of this program.
    pub(super) expected_sha256: Option<&'static str>,
    text: Vec<u8>,
    /// Problems of the spec's schema and examples, once checked.
    wrong: OnceLock<Vec<Diagnostic>>,
    content: OnceLock<Content>,
}

/// Content of a file whose spec is not parsed yet.
#[derive(Debug)]
pub(super) struct Raw {
    /// Text of the spec.
    pub(super) text: Vec<u8>,
    imports: Vec<String>,
    exports: Vec<String>,
    size: u64,
}

/// A driver's bytes with their hash.
#[derive(Debug)]
pub struct Content {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// SHA-256 of the file, 64 hex digits.
    pub sha256: String,
}

impl Content {
    /// Hashes the bytes of a whole file.
    pub fn new(bytes: Vec<u8>) -> Self {
        let sha256 = canonical::sha256(&bytes);
        Self { bytes, sha256 }
    }
}

impl DriverFile {
    /// Reads a driver's spec, imports and exports. Does not compile the config schema: see
    /// [`DriverFile::check`].
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or is not a complete component, or if its spec
    /// is missing or invalid.
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
            expected_sha256: None,
            text: raw.text.clone(),
            wrong: OnceLock::new(),
            content: OnceLock::new(),
        })
    }

    /// Checks the config schema and the examples, as required before a driver is used. Separate
    /// from reading the spec because it takes longer.
    ///
    /// # Errors
    /// Returns an error if the schema or an example is invalid.
    pub fn check(&self) -> Result<()> {
        let wrong = self.wrong.get_or_init(|| match Spec::parse(&self.text, &self.path) {
            Ok(_) => Vec::new(),
            Err(error) => error.into_diagnostics(),
        });
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Error::new(ExitStatus::Invalid, wrong.clone()))
    }

    /// Reads a file that will not be used as a driver.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn bytes(path: &Path) -> Result<Vec<u8>> {
        read(path)
    }

    /// Reads a driver from the bytes of a component that is or will be stored at `path`, and checks
    /// its whole spec.
    ///
    /// # Errors
    /// Returns an error if the bytes are not a complete component, or if its spec is missing or
    /// invalid.
    pub fn of(bytes: &[u8], path: &Path) -> Result<Self> {
        let driver =
            Self::parse(&Raw::new(ComponentInfo::parse(bytes), path, bytes.len() as u64)?, path)?;
        driver.check()?;
        Ok(driver)
    }

    /// Returns the text of a driver's spec, which can be invalid.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, is not a complete component, or has no spec.
    pub fn spec_text(path: &Path) -> Result<Vec<u8>> {
        let outline = ComponentInfo::parse(&read(path)?);
        the_spec(&mut outline.map_err(|problem| Error::invalid(problem.in_file(path)))?, path)
    }

    /// Returns the problem if the driver's interfaces are incompatible with this host. Returns
    /// `None` if they are compatible.
    pub fn mismatch(&self) -> Option<Diagnostic> {
        compat::import_mismatch(self)
    }

    /// Returns the component's bytes. They are read only once, so that the checked bytes are the
    /// bytes that are used. A project's driver comes out of
    /// [`DriverCatalog::admitted_content`](super::catalog::DriverCatalog::admitted_content)
    /// instead, which asks the lockfile and the policy first.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn content(&self) -> Result<&Content> {
        if let Some(content) = self.content.get() {
            return Ok(content);
        }
        let content = Content::new(read(&self.path)?);
        if self.expected_sha256.is_some_and(|expected| content.sha256 != expected) {
            let message = "the file is not the driver that comes with osiris";
            let problem = Diagnostic::new(Code::DriverChanged, message).in_file(&self.path);
            return Err(Error::environment(
                problem.help("remove the file, and run the command again"),
            ));
        }
        Ok(self.content.get_or_init(|| content))
    }

    /// Returns the SHA-256 of the file, 64 hex digits.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn sha256(&self) -> Result<&str> {
        self.content().map(|content| content.sha256.as_str())
    }
}

impl Raw {
    /// Reads a component's specs, imports and exports, without its code and data.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let (file, size) = open(path).map_err(|error| unreadable(path, &error))?;
        let outline = ComponentInfo::read(file).map_err(|error| unreadable(path, &error))?;
        Self::new(outline, path, size)
    }

    fn new(outline: Result<ComponentInfo, Diagnostic>, path: &Path, size: u64) -> Result<Self> {
        let mut outline = outline.map_err(|problem| Error::invalid(problem.in_file(path)))?;
        let text = the_spec(&mut outline, path)?;
        Ok(Self { text, imports: outline.imports, exports: outline.exports, size })
    }
}

/// Returns the spec of a component.
fn the_spec(outline: &mut ComponentInfo, path: &Path) -> Result<Vec<u8>> {
    if outline.specs.len() > 1 {
        // Other programs could read another one of the specs than osiris does.
        let count = outline.specs.len();
        return Err(Error::invalid(
            Diagnostic::new(
                Code::SpecDuplicate,
                format!(
                    "the component has {count} specs (custom sections `{SECTION}`), expected one"
                ),
            )
            .in_file(path)
            .help("rebuild the component with exactly one `osiris:spec` section, in any module"),
        ));
    }
    outline.specs.pop().ok_or_else(|| {
        Error::invalid(
            Diagnostic::new(Code::SpecMissing, format!("the component has no spec: missing custom section `{SECTION}`"))
                .in_file(path)
                .help("run `osiris drivers pack FILE.wasm --spec spec.yaml`; in Rust, `osiris_sdk::export!` adds the spec"),
        )
    })
}

/// Opens a driver's file and returns its size in bytes.
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
        // The file can grow while it is read.
        file.take(MAX_SIZE).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::environment(
        Diagnostic::new(Code::DriverUnreadable, format!("cannot read the driver: {error}"))
            .in_file(path),
    )
}
