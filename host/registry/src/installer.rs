//! The project's own drivers and their lockfile, changed together.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use osiris_core::canonical::sha256_of;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::MAX_SIZE;
use osiris_core::fs::atomic;
use osiris_core::fs::layout::ProjectLayout;
use osiris_core::fs::regular::open_regular;

use super::fetch::Fetched;
use super::lockfile::{Entry, Lockfile};
use crate::trust::{self, PublicKey, RequestedPermissions};

/// `drivers/` and `osiris.lock`, open for changes by one process at a time.
#[derive(Debug)]
pub struct DriverInstaller<'p> {
    layout: &'p ProjectLayout,
    /// Keys that the project trusts, by name.
    keys: &'p BTreeMap<String, PublicKey>,
    /// The locked drivers.
    pub lock: Lockfile,
    /// The project directory, with an advisory file lock.
    _held: File,
}

impl<'p> DriverInstaller<'p> {
    /// Waits until no other process has the store open, and opens it.
    ///
    /// # Errors
    /// Returns an error if the lockfile cannot be read.
    pub fn open(layout: &'p ProjectLayout, keys: &'p BTreeMap<String, PublicKey>) -> Result<Self> {
        let hold = || {
            let folder = File::open(&layout.base)?;
            match folder.lock() {
                // Some network file systems have no locks; there, the user must avoid concurrent
                // changes.
                Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
                _ => Ok(folder),
            }
        };
        let held = hold().map_err(|error| unwritable(&layout.base, &error))?;
        Ok(Self { layout, keys, lock: Lockfile::read(&layout.lock_file())?, _held: held })
    }

    /// Returns the path of a driver, which does not have to exist.
    pub fn path(&self, name: &str) -> PathBuf {
        self.layout.driver(name)
    }

    /// Writes a driver and locks it, with the key that signed it.
    ///
    /// # Errors
    /// Returns an error if a file cannot be written; nothing is changed then.
    pub fn install(&mut self, fetched: &Fetched) -> Result<PathBuf> {
        let spec = &fetched.driver.spec;
        let path = self.path(&spec.name);
        let signer = self.signer(fetched)?;
        let source = fetched.source.recorded(&self.layout.base);
        let entry = Entry {
            version: spec.version.clone(),
            sha256: fetched.sha256.clone(),
            size: fetched.bytes.len() as u64,
            source,
            index: fetched.index.clone(),
            digest: fetched.digest.clone(),
            signer,
            grants: RequestedPermissions::of(spec),
        };
        let stage = || {
            fs::create_dir_all(self.layout.drivers_dir())?;
            atomic::stage(&path, &fetched.bytes)
        };
        // Everything that can fail for lack of disk space is done before the lockfile changes.
        let staged = stage().map_err(|error| unwritable(&path, &error))?;
        self.lock.drivers.insert(spec.name.clone(), entry);
        self.lock.write()?;
        staged.commit().map_err(|error| unwritable(&path, &error))?;
        Ok(path)
    }

    /// Returns the key to lock: the locked key if it also signed this driver, otherwise a key
    /// that the project trusts, otherwise the first signer.
    fn signer(&self, fetched: &Fetched) -> Result<Option<String>> {
        let signers = trust::signers(&fetched.bytes).map_err(Error::invalid)?;
        let locked = self.lock.drivers.get(&fetched.driver.spec.name);
        let locked = locked.and_then(|entry| entry.signer.as_deref());
        let locked_signer = signers.iter().find(|key| locked == Some(&key.to_string()));
        let trusted =
            signers.iter().find(|key| self.keys.values().any(|project_key| project_key == *key));
        Ok(locked_signer.or(trusted).or(signers.first()).map(ToString::to_string))
    }

    /// Restores a driver to its locked bytes.
    ///
    /// # Errors
    /// Returns an error if the driver cannot be written.
    pub fn restore(&self, fetched: &Fetched) -> Result<PathBuf> {
        let path = self.path(&fetched.driver.spec.name);
        let write = || {
            fs::create_dir_all(self.layout.drivers_dir())?;
            atomic::write(&path, &fetched.bytes)
        };
        write().map_err(|error| unwritable(&path, &error))?;
        Ok(path)
    }

    /// Removes a driver and its entry.
    ///
    /// # Errors
    /// Returns an error if the driver is not locked or a file cannot be changed.
    pub fn remove(&mut self, name: &str) -> Result<PathBuf> {
        self.lock.entry(name)?;
        let path = self.path(name);
        self.lock.drivers.remove(name);
        self.lock.write()?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(unwritable(&path, &error)),
            _ => Ok(path),
        }
    }
}

/// Returns the sha256 of a file. Returns `None` if the file does not exist.
///
/// # Errors
/// Returns an error if the file exists but cannot be read.
pub fn hash_file(path: &Path) -> Result<Option<String>> {
    let read = || {
        let (file, size) = open_regular(path)?;
        match size <= MAX_SIZE {
            true => sha256_of(file),
            false => Err(io::Error::other("the file is too large for a driver")),
        }
    };
    match read() {
        Ok((_, sha256)) => Ok(Some(sha256)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::environment(
            Diagnostic::new(Code::DriverUnreadable, format!("cannot read the driver: {error}"))
                .in_file(path),
        )),
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    let problem = Diagnostic::new(
        Code::DriverUnwritable,
        format!("cannot change the project's drivers: {error}"),
    );
    Error::environment(problem.in_file(path))
}
