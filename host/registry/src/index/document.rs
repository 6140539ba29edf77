//! The document of an index.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::MAX_SIZE;
use osiris_core::driver::compat::supports;
use osiris_core::text::quoted;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::signed;
use crate::is_sha256;
use crate::lockfile::is_driver_name;
use crate::source::Source;
use crate::trust::{PublicKey, SecretKey};

/// Maximum bytes of an index, with its signature.
pub const MAX_INDEX: u64 = 8 << 20;
/// JSON Schema of the document.
pub const SCHEMA: &str = include_str!("../index.schema.json");
/// The only version of the format.
const VERSION: u64 = 1;

/// A verified index. Keys that this version does not know are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriverIndex {
    version: u64,
    /// Number of the edition; each edition has a higher one.
    pub sequence: u64,
    /// The drivers by name.
    pub drivers: BTreeMap<String, IndexedDriver>,
}

/// A driver in an index.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexedDriver {
    /// Title of a few words.
    #[serde(default)]
    pub title: String,
    /// Description of about a paragraph.
    #[serde(default)]
    pub description: String,
    /// License, as an SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Address of a page about the driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// The versions, newest first.
    pub versions: Vec<Release>,
}

/// A version of a driver in an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Version, as a semantic version.
    pub version: String,
    /// Source: `https://HOST/FILE.wasm`, `oci://REGISTRY/NAME:TAG`, or a path relative to the index.
    pub source: String,
    /// The sha256 of the driver, 64 hex digits.
    pub sha256: String,
    /// Size of the driver in bytes.
    pub size: u64,
    /// The contract that the driver was built for, like `osiris:driver@0.1.0`.
    pub contract: String,
    /// The requested permissions, one line each, as in `osiris.lock`.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The public key that signed the driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

impl DriverIndex {
    /// Creates an index without drivers, before its first edition.
    pub(super) fn new() -> Self {
        Self { version: VERSION, sequence: 0, drivers: BTreeMap::new() }
    }

    /// Verifies and parses an index. Nothing is parsed before the signature is verified.
    ///
    /// # Errors
    /// Returns an error if the index is too large, its signature is not by `key`, or its document
    /// is invalid.
    pub fn open(bytes: &[u8], key: &PublicKey) -> Result<Self, Diagnostic> {
        if bytes.len() as u64 > MAX_INDEX {
            let limit = osiris_core::text::format_bytes(MAX_INDEX);
            return Err(invalid(format!("it is larger than the limit of {limit}")));
        }
        Self::parse(signed::open(bytes, key)?)
    }

    /// Returns the key that signed an index and the index.
    ///
    /// # Errors
    /// Returns an error if [`DriverIndex::open`] does with the key that the index names.
    pub fn open_with_own_key(bytes: &[u8]) -> Result<(PublicKey, Self), Diagnostic> {
        let key = signed::signer(bytes)?;
        Ok((key, Self::open(bytes, &key)?))
    }

    fn parse(document: &[u8]) -> Result<Self, Diagnostic> {
        /// The part that every version has.
        #[derive(Deserialize)]
        struct Head {
            version: u64,
        }
        let unreadable = |error: serde_json::Error| invalid(format!("{error:.200}"));
        let head: Head = serde_json::from_slice(document).map_err(unreadable)?;
        if head.version != VERSION {
            let message = format!(
                "the index has version {}, but this osiris supports only version {VERSION}",
                head.version
            );
            let problem = Diagnostic::new(Code::VersionUnsupported, message);
            return Err(problem.help("upgrade osiris"));
        }
        let mut index: Self = serde_json::from_slice(document).map_err(unreadable)?;
        index.check().map_err(invalid)?;
        for driver in index.drivers.values_mut() {
            driver.sort();
        }
        Ok(index)
    }

    fn check(&self) -> Result<(), String> {
        if self.sequence == 0 {
            return Err("`sequence` must be at least 1".to_owned());
        }
        for (name, driver) in &self.drivers {
            if !is_driver_name(name) {
                return Err(format!("{} is not a valid driver name", quoted(name)));
            }
            let wrong = |reason: String| format!("driver `{name}`: {reason}");
            if driver.versions.is_empty() {
                return Err(wrong("`versions` is empty".to_owned()));
            }
            for (position, release) in driver.versions.iter().enumerate() {
                release.check().map_err(wrong)?;
                let others = &driver.versions[..position];
                if others.iter().any(|other| other.version == release.version) {
                    return Err(wrong(format!("version {} is listed twice", release.version)));
                }
            }
        }
        Ok(())
    }

    /// Formats the index and signs it.
    pub fn seal(&self, key: &SecretKey) -> String {
        // Cannot fail: all map keys are text.
        let document = serde_json::to_string_pretty(self).unwrap_or_default();
        signed::seal(&format!("{document}\n"), key)
    }
}

impl IndexedDriver {
    pub(super) fn sort(&mut self) {
        let version = |release: &Release| Version::parse(&release.version).ok();
        self.versions.sort_by_cached_key(|release| std::cmp::Reverse(version(release)));
    }

    /// Returns the version to use: the newest that this host can run and is not a pre-release,
    /// otherwise the newest that this host can run, otherwise the newest.
    pub fn newest(&self) -> Option<&Release> {
        let is_stable = |release: &&&Release| {
            Version::parse(&release.version).is_ok_and(|version| version.pre.is_empty())
        };
        let usable: Vec<&Release> =
            self.versions.iter().filter(|release| supports(&release.contract)).collect();
        let stable = usable.iter().find(is_stable);
        stable.or(usable.first()).copied().or(self.versions.first())
    }

    /// Returns a version.
    pub fn version(&self, version: &str) -> Option<&Release> {
        self.versions.iter().find(|release| release.version == version)
    }
}

impl Release {
    fn check(&self) -> Result<(), String> {
        if Version::parse(&self.version).is_err() {
            return Err(format!("{} is not a version", quoted(&self.version)));
        }
        let wrong = |reason: &str| format!("version {}: {reason}", self.version);
        if !is_sha256(&self.sha256) {
            return Err(wrong("`sha256` must be 64 hex digits"));
        }
        if self.size > MAX_SIZE {
            return Err(wrong("`size` is larger than any driver"));
        }
        if self.signer.as_ref().is_some_and(|signer| signer.parse::<PublicKey>().is_err()) {
            return Err(wrong("`signer` is not a public key"));
        }
        if !is_source(&self.source) {
            return Err(wrong(&format!(
                "the source {} must be an `https` URL, an `oci` reference or a path next to the index",
                quoted(&self.source)
            )));
        }
        Ok(())
    }

    /// Returns the driver's source. A relative path is relative to the source of the index, which
    /// then must be a file or a URL.
    ///
    /// # Errors
    /// Returns an error if the source is invalid.
    pub fn source(&self, index: &Source) -> Result<Source> {
        if self.source.contains("://") {
            return Source::parse(&self.source, Path::new(""));
        }
        let parts = self.source.split('/');
        match index {
            Source::File(file) => {
                let folder = file.parent().unwrap_or(Path::new(""));
                return Ok(Source::File(folder.join(&self.source)));
            }
            Source::Web(url) => {
                let mut url = url.clone();
                url.set_query(None);
                url.set_fragment(None);
                if let Ok(mut path) = url.path_segments_mut() {
                    path.pop().extend(parts);
                }
                return Ok(Source::Web(url));
            }
            Source::Oci(_) | Source::BuiltIn(_) => {}
        }
        let message = format!(
            "the source {} is a relative path, but the index is in a registry",
            quoted(&self.source)
        );
        let help = "ask the author of the index to list the driver with an `oci` reference or an `https` URL";
        Err(Error::invalid(Diagnostic::new(Code::SourceInvalid, message).help(help)))
    }
}

/// Returns whether a source can be in an index: on a server, or next to the index.
fn is_source(text: &str) -> bool {
    if text.contains("://") {
        let source = Source::parse(text, Path::new(""));
        return matches!(source, Ok(Source::Web(_) | Source::Oci(_)));
    }
    let is_plain = |part: &str| {
        let mut components = Path::new(part).components();
        matches!((components.next(), components.next()), (Some(Component::Normal(_)), None))
    };
    text.split('/').all(is_plain) && !text.contains(['\\', '\0'])
}

pub(super) fn invalid(reason: String) -> Diagnostic {
    Diagnostic::new(Code::IndexInvalid, format!("the index is invalid: {reason}"))
        .help("ask the author of the index for a valid one")
}
