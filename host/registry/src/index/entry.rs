//! Changes the file of an index.

use std::path::{Path, PathBuf};

use osiris_core::canonical;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::DriverFile;
use osiris_core::driver::compat::contract_of;
use osiris_core::fs::atomic;
use osiris_core::yaml::read_bytes;

use super::document::{DriverIndex, IndexedDriver, MAX_INDEX, Release};
use crate::fetch::Fetched;
use crate::trust::{self, PublicKey, RequestedPermissions, SecretKey};

/// The facts about a driver that its file does not contain.
#[derive(Debug, Clone, Default)]
pub struct EntryDetails {
    /// License, as an SPDX expression. `None` keeps the license in the index.
    pub license: Option<String>,
    /// Address of a page about the driver. `None` keeps the address in the index.
    pub homepage: Option<String>,
}

/// The file of an index, open for changes by the owner of its key.
#[derive(Debug)]
pub struct IndexFile {
    path: PathBuf,
    key: SecretKey,
    original: DriverIndex,
    /// The index with the changes.
    pub index: DriverIndex,
}

impl IndexFile {
    /// Opens the file, or creates an index if the file does not exist.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or is not an index signed with `key`.
    pub fn open(path: &Path, key: SecretKey) -> Result<Self> {
        let index = match path.try_exists() {
            Ok(false) => DriverIndex::new(),
            _ => {
                let bytes = read_bytes(path, MAX_INDEX)?;
                DriverIndex::open(&bytes, &key.public()).map_err(|mut problem| {
                    if problem.code == Code::IndexUntrusted {
                        problem.help = Some(
                            "name the key of the index with `--key`, or create another index file"
                                .to_owned(),
                        );
                    }
                    Error::invalid(problem.in_file(path))
                })?
            }
        };
        Ok(Self { path: path.to_owned(), key, original: index.clone(), index })
    }

    /// Returns the public key of the index.
    pub fn key(&self) -> PublicKey {
        self.key.public()
    }

    /// Adds a version of a driver. A version with other bytes is only replaced with `replace`.
    ///
    /// # Errors
    /// Returns an error if the version is taken, or the driver was changed after it was signed.
    pub fn add(
        &mut self,
        driver: &DriverFile,
        bytes: &[u8],
        source: &str,
        details: &EntryDetails,
        replace: bool,
    ) -> Result<()> {
        let spec = &driver.spec;
        let signers = trust::signers(bytes)
            .map_err(|problem| Error::invalid(problem.in_file(&driver.path)))?;
        let release = Release {
            version: spec.version.clone(),
            source: source.to_owned(),
            sha256: canonical::sha256(bytes),
            size: bytes.len() as u64,
            contract: contract_of(driver).unwrap_or_default(),
            permissions: RequestedPermissions::of(spec).lines(),
            // The key of the index is the one that the index's users know.
            signer: signers
                .iter()
                .find(|signer| **signer == self.key())
                .or(signers.first())
                .map(ToString::to_string),
        };
        let entry = self.index.drivers.entry(spec.name.clone()).or_default();
        if let Some(other) = entry.version(&spec.version).filter(|_| !replace)
            && other.sha256 != release.sha256
        {
            let message = format!(
                "the index already has version {} of `{}` with other content: sha256 {}",
                spec.version, spec.name, other.sha256
            );
            let help = "change the version of the driver, or add `--replace`";
            let problem = Diagnostic::new(Code::TagTaken, message).in_file(&self.path);
            return Err(Error::failed(problem.help(help)));
        }
        entry.versions.retain(|other| other.version != spec.version);
        entry.versions.push(release);
        entry.sort();
        entry.describe(driver, details);
        Ok(())
    }

    /// Writes the index with the next sequence. Returns whether the index changed; an unchanged
    /// one is not written.
    ///
    /// # Errors
    /// Returns an error if the index would be invalid or cannot be written.
    pub fn write(&mut self) -> Result<bool> {
        if self.index == self.original {
            return Ok(false);
        }
        self.index.sequence = self.original.sequence.saturating_add(1);
        let text = self.index.seal(&self.key);
        // Readers check the same.
        DriverIndex::open(text.as_bytes(), &self.key())
            .map_err(|problem| Error::invalid(problem.in_file(&self.path)))?;
        atomic::write(&self.path, text.as_bytes()).map_err(|error| {
            let message = format!("cannot write the index: {error}");
            Error::environment(Diagnostic::new(Code::IndexUnwritable, message).in_file(&self.path))
        })?;
        self.original = self.index.clone();
        Ok(true)
    }
}

impl IndexedDriver {
    /// Takes over the texts of the newest version.
    fn describe(&mut self, driver: &DriverFile, details: &EntryDetails) {
        let spec = &driver.spec;
        if self.versions.first().is_some_and(|newest| newest.version == spec.version) {
            self.title.clone_from(&spec.title);
            self.description.clone_from(&spec.description);
        }
        if details.license.is_some() {
            self.license.clone_from(&details.license);
        }
        if details.homepage.is_some() {
            self.homepage.clone_from(&details.homepage);
        }
    }
}

impl Release {
    /// Checks that a fetched driver is the one that the index describes.
    ///
    /// # Errors
    /// Returns an error with the difference.
    pub fn check_describes(&self, fetched: &Fetched) -> Result<()> {
        let spec = &fetched.driver.spec;
        let requested = RequestedPermissions::of(spec).lines();
        let more: Vec<&String> =
            requested.iter().filter(|line| !self.permissions.contains(line)).collect();
        let reason = if fetched.sha256 != self.sha256 {
            format!("lists the sha256 {}, but the driver has {}", self.sha256, fetched.sha256)
        } else if spec.version != self.version {
            format!("lists version {}, but the driver has version {}", self.version, spec.version)
        } else if let Some(line) = more.first() {
            format!("does not list a permission that the driver requests: {line}")
        } else {
            match &self.signer {
                Some(signer) if !is_signed_by(&fetched.bytes, signer) => {
                    format!("lists the driver as signed by {signer}, but it is not")
                }
                _ => return Ok(()),
            }
        };
        let index = fetched.index.as_deref().unwrap_or_default();
        let message =
            format!("index `{index}`: the entry of `{}` is wrong: it {reason}", spec.name);
        let help = "report this to the author of the index; nothing was changed";
        Err(Error::failed(Diagnostic::new(Code::IndexInvalid, message).help(help)))
    }
}

fn is_signed_by(bytes: &[u8], signer: &str) -> bool {
    trust::signers(bytes).is_ok_and(|keys| keys.iter().any(|key| key.to_string() == signer))
}
