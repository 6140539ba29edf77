//! `osiris.lock` pins the drivers of a project by their bytes. Made for git: equal drivers give
//! equal bytes, and a diff shows changes in the requested permissions.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::{AdmissionPolicy, DriverFile};
use osiris_core::fs::atomic;
use osiris_core::yaml::{self, Diagnostics, Fields, Node};
use serde_json::{Map, Value, json};

use crate::trust::{self, RequestedPermissions};

/// The only version of the file's format.
const VERSION: u64 = 1;
const KEYS: [&str; 2] = ["version", "drivers"];
const ENTRY: [&str; 8] =
    ["version", "sha256", "size", "source", "index", "digest", "signer", "grants"];

/// The locked drivers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lockfile {
    file: PathBuf,
    /// The entries, by driver name.
    pub drivers: BTreeMap<String, Entry>,
}

/// A driver as of the time when it was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The version in the driver's spec.
    pub version: String,
    /// The sha256 of the driver, 64 hex digits.
    pub sha256: String,
    /// Size of the driver in bytes.
    pub size: u64,
    /// Source of the driver as requested; a path is relative to the project.
    pub source: String,
    /// The project's name for the index of drivers that named the source.
    pub index: Option<String>,
    /// Digest of the manifest that a registry source resolved to: `sha256:` and 64 hex digits.
    pub digest: Option<String>,
    /// The public key that signed the driver.
    pub signer: Option<String>,
    /// The requested permissions, which adding the driver granted.
    pub grants: RequestedPermissions,
}

impl Lockfile {
    /// Reads the file. Without a file, no driver is locked.
    ///
    /// # Errors
    /// Returns an error if the file has any problem; the error lists all of them.
    pub fn read(file: &Path) -> Result<Self> {
        let mut lock = Self { file: file.to_owned(), drivers: BTreeMap::new() };
        if !file.try_exists().unwrap_or(true) {
            return Ok(lock);
        }
        let parse = |lock: &mut Self| {
            let root = yaml::read(file)?;
            let mut problems = Diagnostics::new(file);
            read(&root, &mut lock.drivers, &mut problems);
            problems.into_result(())
        };
        match parse(&mut lock) {
            Ok(()) => Ok(lock),
            Err(error) => Err(restorable(error)),
        }
    }

    /// Writes the file atomically.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn write(&self) -> Result<()> {
        atomic::write(&self.file, yaml::to_string(&self.to_json()).as_bytes()).map_err(|error| {
            let problem = Diagnostic::new(
                Code::LockfileUnwritable,
                format!("cannot write `osiris.lock`: {error}"),
            );
            Error::environment(problem.in_file(&self.file))
        })
    }

    /// Returns the path of the file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Returns the entry of a driver.
    ///
    /// # Errors
    /// Returns an error if the driver is not locked.
    pub fn entry(&self, name: &str) -> Result<&Entry> {
        self.drivers.get(name).ok_or_else(|| {
            let message =
                format!("driver {} is not in `osiris.lock`", osiris_core::text::quoted(name));
            let names = self.drivers.keys().map(String::as_str);
            let help = match osiris_core::text::closest_match(name, names) {
                Some(suggestion) => format!("did you mean `{suggestion}`?"),
                None => "list the locked drivers with `osiris drivers audit`".to_owned(),
            };
            Error::invalid(
                Diagnostic::new(Code::DriverUnlocked, message).in_file(&self.file).help(help),
            )
        })
    }

    /// Returns the mismatch with the locked driver. Returns `None` if the hashes match or the
    /// driver is not locked.
    pub fn check_hash(&self, driver: &DriverFile, sha256: &str) -> Option<Diagnostic> {
        let name = &driver.spec.name;
        let locked = self.drivers.get(name).filter(|locked| locked.sha256 != sha256)?;
        let message = format!(
            "driver `{name}` does not match `osiris.lock`: its sha256 is {sha256}, but {} is locked (version {})",
            locked.sha256, locked.version
        );
        let drivers_dir = self.file.parent().map(|base| base.join("drivers"));
        let help = if driver.path.parent() == drivers_dir.as_deref() {
            let file = driver.path.display();
            format!(
                "restore the locked driver with `osiris drivers sync`, or accept this file with `osiris drivers add {file}`"
            )
        } else {
            format!("remove this file, or unlock the driver with `osiris drivers remove {name}`")
        };
        Some(Diagnostic::new(Code::DriverUnlocked, message).in_file(&driver.path).help(help))
    }

    /// Returns the reason why a driver must not replace the locked one. Returns `None` if the
    /// locked key signed the driver or no key is locked.
    pub fn check_signer(&self, driver: &DriverFile, bytes: &[u8]) -> Option<Diagnostic> {
        let name = &driver.spec.name;
        let required = self.drivers.get(name)?.signer.as_deref()?;
        let signers = trust::signers(bytes).unwrap_or_default();
        if signers.iter().any(|key| key.to_string() == required) {
            return None;
        }
        let message = match signers.first() {
            Some(other) => format!(
                "driver `{name}` is signed by another key than `osiris.lock` requires: {other}, not {required}"
            ),
            None => format!(
                "driver `{name}` is unsigned, but `osiris.lock` requires a signature by {required}"
            ),
        };
        let help = format!(
            "to accept the new signer, run `osiris drivers add REF --replace`, or `osiris drivers remove {name}` first"
        );
        Some(Diagnostic::new(Code::SignerDifferent, message).in_file(&driver.path).help(help))
    }

    fn to_json(&self) -> Value {
        let drivers: Map<String, Value> =
            self.drivers.iter().map(|(name, entry)| (name.clone(), entry.to_json())).collect();
        json!({"version": VERSION, "drivers": drivers})
    }
}

impl AdmissionPolicy for Lockfile {
    fn admit(&self, driver: &DriverFile, bytes: &[u8], sha256: &str) -> Result<()> {
        let problem = self.check_hash(driver, sha256);
        let problem = problem.or_else(|| self.check_signer(driver, bytes));
        problem.map_or(Ok(()), |problem| Err(Error::environment(problem)))
    }
}

impl Entry {
    /// Formats the entry as in the file.
    pub fn to_json(&self) -> Value {
        let mut value = json!({
            "version": self.version, "sha256": self.sha256, "size": self.size,
            "source": self.source, "grants": self.grants.lines(),
        });
        let optional = [("index", &self.index), ("digest", &self.digest), ("signer", &self.signer)];
        for (key, field) in optional {
            if let Some(field) = field {
                value[key] = field.as_str().into();
            }
        }
        value
    }
}

/// Adds help for a damaged file: a merge can corrupt the lockfile, which is not edited by hand.
fn restorable(mut error: Error) -> Error {
    let help = "restore `osiris.lock` from version control, or add the drivers again with `osiris drivers add`";
    for problem in error.iter_mut().filter(|problem| problem.help.is_none()) {
        problem.help = Some(help.to_owned());
    }
    error
}

fn read(root: &Node, drivers: &mut BTreeMap<String, Entry>, problems: &mut Diagnostics<'_>) {
    let Some(fields) = Fields::of(root, "the lockfile", Code::TypeInvalid, problems) else {
        return;
    };
    let version = fields.require("version", Code::KeyMissing, "write `version: 1`", problems);
    if let Some(node) = version
        && node.as_u64() != Some(VERSION)
    {
        let message = "the lockfile: this osiris supports only version 1";
        let problem = Diagnostic::new(Code::VersionUnsupported, message);
        problems.report(node.position, problem.help("upgrade osiris"));
        return;
    }
    fields.only(&KEYS, problems);
    let Some(node) = fields.get("drivers") else { return };
    let Some(entries) = Fields::of(node, "`drivers` in the lockfile", Code::TypeInvalid, problems)
    else {
        return;
    };
    for entry in entries.entries() {
        if !is_driver_name(&entry.key) {
            let name = osiris_core::text::quoted(&entry.key);
            let message = format!("the lockfile: {name} is not a valid driver name");
            problems.report(entry.position, Diagnostic::new(Code::NameInvalid, message));
        } else if let Some(read) = read_entry(&entry.key, &entry.value, problems) {
            drivers.insert(entry.key.clone(), read);
        }
    }
}

fn read_entry(name: &str, node: &Node, problems: &mut Diagnostics<'_>) -> Option<Entry> {
    let fields =
        Fields::of(node, format!("driver `{name}` in the lockfile"), Code::TypeInvalid, problems)?;
    fields.only(&ENTRY, problems);
    let mut text = |key: &'static str, expected: &str, check: fn(&str) -> bool| {
        let node = fields.get(key)?;
        let read = |node: &Node| node.as_text().filter(|text| check(text)).map(str::to_owned);
        fields.read(key, node, expected, Code::ValueInvalid, read, problems)
    };
    let any = |text: &str| !text.is_empty();
    let version = text("version", "a version", any);
    let sha256 = text("sha256", "64 hex digits", is_sha256);
    let source = text("source", "text", any);
    let index = text("index", "text", any);
    let digest = text("digest", "`sha256:` and 64 hex digits", is_digest);
    let signer = text("signer", "text", any);
    for key in ["version", "sha256", "size", "source"] {
        fields.require(key, Code::KeyMissing, "see the other drivers in the lockfile", problems);
    }
    let size = fields.get("size").and_then(|node| {
        fields.read("size", node, "a number of bytes", Code::TypeInvalid, Node::as_u64, problems)
    });
    let grants = fields.get("grants").and_then(|node| {
        let read = |node: &Node| {
            let lines: Option<Vec<&str>> = node.as_list()?.iter().map(Node::as_text).collect();
            RequestedPermissions::from_lines(lines?)
        };
        let expected = "a list of lines like `reads files: /path`";
        fields.read("grants", node, expected, Code::ValueInvalid, read, problems)
    });
    Some(Entry {
        version: version?,
        sha256: sha256?,
        size: size?,
        source: source?,
        index,
        digest,
        signer,
        grants: grants.unwrap_or_default(),
    })
}

/// Returns whether `text` is `family.role`, which is safe as a file name.
pub fn is_driver_name(text: &str) -> bool {
    let part = |part: &str| {
        (1..=63).contains(&part.len())
            && !part.starts_with(['_', '-'])
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
    };
    text.split_once('.').is_some_and(|(family, role)| part(family) && part(role))
}

/// Returns whether `text` is 64 lower-case hex digits.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Returns whether `text` is `sha256:` and 64 hex digits.
pub(super) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(is_sha256)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(text: &str) -> Result<Lockfile> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("osiris.lock");
        std::fs::write(&file, text).unwrap();
        Lockfile::read(&file)
    }

    #[test]
    fn lockfile_reads_back_as_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut lock = Lockfile::read(&folder.path().join("osiris.lock")).unwrap();
        assert!(lock.drivers.is_empty());
        let entry = Entry {
            version: "1.0.0".to_owned(),
            sha256: "a".repeat(64),
            size: 17,
            source: "oci://registry.example/acme/crm:1.0.0".to_owned(),
            index: Some("acme".to_owned()),
            digest: Some(format!("sha256:{}", "b".repeat(64))),
            signer: None,
            grants: RequestedPermissions::from_lines(["reads files: /path", "limit memory: 1GiB"])
                .unwrap(),
        };
        lock.drivers.insert("acme.crm".to_owned(), entry);
        lock.write().unwrap();
        let bytes = std::fs::read_to_string(lock.file()).unwrap();
        insta::assert_snapshot!(bytes);
        let again = Lockfile::read(lock.file()).unwrap();
        assert_eq!(again, lock);
        again.write().unwrap();
        assert_eq!(std::fs::read_to_string(lock.file()).unwrap(), bytes);
    }

    #[test]
    fn invalid_lockfile_is_rejected_with_position() {
        for (text, expected) in [
            ("drivers: {}", "missing key `version`"),
            ("version: 2", "this osiris supports only version 1"),
            ("version: 1\ndrivers: []", "must be a mapping"),
            ("version: 1\ndrivers: {'../../x': {}}", "`../../x` is not a valid driver name"),
            ("version: 1\ndrivers: {a.b: {sha256: abc}}", "`sha256` must be 64 hex digits"),
            ("version: 1\ndrivers: {a.b: {size: -1}}", "`size` must be a number of bytes"),
            ("version: 1\ndrivers: {a.b: {grants: [1]}}", "`grants` must be a list of lines"),
            ("version: 1\ndrivers: {a.b: {grants: [flies]}}", "`grants` must be a list of lines"),
            ("version: 1\ndrivers: {a.b: {color: red}}", "unknown key `color`"),
            ("version: 1\n<<<<<<< HEAD\ndrivers: {}", "osiris.lock:3"),
        ] {
            let error = lock(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
