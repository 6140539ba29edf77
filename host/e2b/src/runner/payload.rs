//! The files that a run needs in a sandbox, addressed by content.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use osiris_core::canonical;
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::catalog::DriverCatalog;
use osiris_core::driver::spec::Destination;
use osiris_core::paths::{FileKind, Permissions, ProjectPath, Resolver, leads_outside};
use osiris_pipeline::connection::with_defaults;
use osiris_runtime::run::{Prepared, StateStore};

/// Variable with the path of the `osiris` to run in sandboxes, for machines whose own binary cannot
/// run there.
pub const RUNTIME_ENV: &str = "OSIRIS_E2B_RUNTIME";

/// Whether this program, and the code that it compiles, run in sandboxes: those are Linux on
/// x86-64. Where it is not, sandboxes compile the drivers themselves.
pub const RUNS_IN_SANDBOX: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

/// A file to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Local path.
    pub path: PathBuf,
    /// Size in bytes.
    pub size: u64,
    /// The sha256 of the content, 64 hex digits.
    pub sha256: String,
}

impl Blob {
    /// Reads a file's size and hash.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn read(path: &Path) -> Result<Self> {
        let read = || canonical::sha256_of(File::open(path)?);
        let (size, sha256) = read().map_err(|error| unreadable(path, &error))?;
        Ok(Self { path: path.to_owned(), size, sha256 })
    }
}

/// Everything that a run needs except its plan and its secrets.
#[derive(Debug)]
pub struct Payload {
    /// The `osiris` program.
    pub runtime: Blob,
    /// Drivers, by name.
    pub drivers: BTreeMap<String, Blob>,
    /// Compiled code of the drivers, by name in the code cache.
    pub compiled: BTreeMap<String, Blob>,
    /// Files that steps read, by path below the base path.
    pub inputs: BTreeMap<String, Blob>,
    /// Existing directories, below the base path.
    pub folders: BTreeSet<String>,
    /// Files that exist where a path needs a directory, below the base path.
    pub in_the_way: BTreeSet<String>,
    /// Saved states of the steps, by step id.
    pub states: BTreeMap<String, String>,
}

impl Payload {
    /// Finds and hashes all files.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read or this program cannot run in a sandbox.
    pub fn collect(prepared: &Prepared, catalog: &DriverCatalog) -> Result<Self> {
        let mut payload = Self {
            runtime: runtime_blob()?,
            drivers: BTreeMap::new(),
            compiled: BTreeMap::new(),
            inputs: BTreeMap::new(),
            folders: BTreeSet::new(),
            in_the_way: BTreeSet::new(),
            states: BTreeMap::new(),
        };
        let job = prepared.job();
        let resolver = Resolver::open(&job.base).map_err(|error| unreadable(&job.base, &error))?;
        let store = StateStore::new(&job.base, &job.state, &job.manifest.pipeline.id);
        for (index, (task, driver)) in prepared.tasks().zip(prepared.drivers()).enumerate() {
            let name = &driver.spec.name;
            if let Some(file) = catalog.find(name)
                && !payload.drivers.contains_key(name)
            {
                payload.drivers.insert(name.clone(), Blob::read(&file.path)?);
                let compiled = RUNS_IN_SANDBOX
                    .then(|| prepared.engine().cached_code(&driver.sha256))
                    .flatten();
                if let Some((path, name)) = compiled.as_deref().and_then(with_name) {
                    payload.compiled.insert(name.to_owned(), Blob::read(path)?);
                }
            }
            let grants = prepared.grants(index, None);
            let permissions = grants.permissions(&resolver);
            let from = ReadableFiles { base: &job.base, resolver: &resolver, permissions };
            // Every path was checked when the run was prepared.
            let normal = |path: &String| ProjectPath::new(path).ok();
            // An output that keeps existing data is also an input.
            let keeps_data = |destination: &Destination| {
                !destination.replaces.holds(&with_defaults(&task.config, &driver.spec))
            };
            let keeps_output = driver.spec.destination.as_ref().is_some_and(keeps_data);
            let kept_outputs = grants.writes.iter().filter(|_| keeps_output);
            for path in grants.reads.iter().chain(kept_outputs).filter_map(normal) {
                payload
                    .add(&from, path.as_str(), &mut Vec::new())
                    .map_err(|error| unreadable(&job.base.join(&path), &error))?;
            }
            for path in grants.writes.iter().filter_map(normal) {
                payload.add_folders(&resolver, path.as_str());
            }
            let state = store.load(&task.step.id).map_err(|why| {
                let id = &task.step.id;
                let message = format!("cannot read the state of step `{id}`: {why}");
                Error::environment(Diagnostic::new(Code::StateUnreadable, message))
            })?;
            payload.states.extend(state.map(|state| (task.step.id.clone(), state)));
        }
        Ok(payload)
    }

    /// Returns all files that might have to be uploaded, with display names.
    pub fn blobs(&self) -> impl Iterator<Item = (&str, &Blob)> {
        let named = |(name, blob)| (String::as_str(name), blob);
        std::iter::once(("osiris", &self.runtime))
            .chain(self.drivers.iter().map(named))
            .chain(self.compiled.values().map(|blob| ("compiled code", blob)))
            .chain(self.inputs.iter().map(named))
    }

    /// Adds a file, or all files in a directory, as far as the step may read them on this machine.
    /// Links are replaced by their targets. Missing files are skipped: the driver reports them,
    /// there as here.
    fn add(
        &mut self,
        from: &ReadableFiles<'_>,
        path: &str,
        ancestors: &mut Vec<PathBuf>,
    ) -> io::Result<()> {
        let location = match from.resolver.resolve(Path::new(path), true) {
            Ok(location) => location,
            Err(error) => {
                if !leads_outside(&error) {
                    self.add_folders(from.resolver, path);
                }
                return Ok(());
            }
        };
        if location.found.is_some() && !from.permissions.of(&location.path).read {
            return Ok(());
        }
        self.add_folders(from.resolver, path);
        match location.found.map(|found| found.kind) {
            None => Ok(()),
            // A link to one of its parent directories would recurse forever.
            Some(FileKind::Folder) if ancestors.contains(&location.path) => Ok(()),
            Some(FileKind::Folder) => {
                let names = Resolver::names(&location)?;
                ancestors.push(location.path);
                for name in names {
                    let name = name.to_str().ok_or_else(|| {
                        io::Error::other(format!(
                            "the directory contains a name that is not valid UTF-8: {name:?}"
                        ))
                    })?;
                    let slash = if path.is_empty() { "" } else { "/" };
                    self.add(from, &format!("{path}{slash}{name}"), ancestors)?;
                }
                ancestors.pop();
                Ok(())
            }
            Some(FileKind::File) => {
                let (size, sha256) = canonical::sha256_of(Resolver::open_file(&location)?)?;
                let blob = Blob { path: from.base.join(location.path), size, sha256 };
                self.inputs.insert(path.to_owned(), blob);
                Ok(())
            }
            Some(FileKind::Link | FileKind::Other) => {
                Err(io::Error::other("expected a file or a directory"))
            }
        }
    }

    /// Adds the existing directories on the way to a path, and the path itself if it is a
    /// directory. A driver that meets a file on the way reports it, there as here.
    fn add_folders(&mut self, resolver: &Resolver, path: &str) {
        let mut folder = PathBuf::new();
        let mut parts = Path::new(path).components().peekable();
        while let Some(part) = parts.next() {
            folder.push(part);
            let name = || folder.to_string_lossy().into_owned();
            let found = resolver.resolve(&folder, true).ok().and_then(|place| place.found);
            match found.map(|found| found.kind) {
                Some(FileKind::Folder) => drop(self.folders.insert(name())),
                Some(_) if parts.peek().is_some() => {
                    self.in_the_way.insert(name());
                    return;
                }
                _ => return,
            }
        }
    }
}

/// Location of a step's inputs, and the permissions to read them.
struct ReadableFiles<'a> {
    base: &'a Path,
    resolver: &'a Resolver,
    permissions: Permissions,
}

fn with_name(path: &Path) -> Option<(&Path, &str)> {
    Some((path, path.file_name()?.to_str()?))
}

/// Returns the program to run in the sandbox: this one, or another of the same version.
///
/// # Errors
/// Returns an error if there is no program that runs in a sandbox, or it cannot be read.
pub fn runtime_blob() -> Result<Blob> {
    if let Some(path) = std::env::var_os(RUNTIME_ENV) {
        let path = Path::new(&path);
        check_runtime(path)?;
        return Blob::read(path);
    }
    if !RUNS_IN_SANDBOX {
        let own = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
        let message = format!(
            "cannot upload this osiris: it is a program for {own}, and E2B's sandboxes are Linux on x86-64"
        );
        return Err(no_runtime(message));
    }
    let own = std::env::current_exe().map_err(|error| unreadable(Path::new("osiris"), &error))?;
    Blob::read(&own)
}

/// Checks that a file is no program for another system. Anything else than a program is left to
/// the sandbox: it may be a script.
fn check_runtime(path: &Path) -> Result<()> {
    let mut header = [0; 20];
    let read = File::open(path).and_then(|mut file| file.read(&mut header));
    let length = read.map_err(|error| unreadable(path, &error))?;
    match foreign_system(&header[..length]) {
        None => Ok(()),
        Some(system) => Err(no_runtime(format!(
            "cannot upload `{}`: it is a program for {system}, and E2B's sandboxes are Linux on x86-64",
            path.display()
        ))),
    }
}

/// Returns the system of a program that does not run on Linux on x86-64, from its first bytes.
fn foreign_system(header: &[u8]) -> Option<String> {
    match header {
        // Mach-O: one architecture, or several.
        [0xcf, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => Some("macOS".to_owned()),
        [b'M', b'Z', ..] => Some("Windows".to_owned()),
        [0x7f, b'E', b'L', b'F', .., low, high] if header.len() == 20 => {
            match u16::from_le_bytes([*low, *high]) {
                62 => None,
                183 => Some("arm64".to_owned()),
                machine => Some(format!("the processor {machine} of ELF")),
            }
        }
        _ => None,
    }
}

fn no_runtime(message: String) -> Error {
    let version = env!("CARGO_PKG_VERSION");
    let help = format!(
        "unpack osiris-{version}-x86_64-unknown-linux-musl.tar.gz of the same release, and set `{RUNTIME_ENV}` to the path of its bin/osiris"
    );
    Error::environment(Diagnostic::new(Code::RuntimeMissing, message).help(help))
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    let message = format!("cannot read a file for the sandbox: {error}");
    Error::environment(Diagnostic::new(Code::UploadUnreadable, message).in_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_for_other_systems_are_found() {
        let elf = |machine: u16| {
            let mut header = b"\x7fELF\x02\x01\x01".to_vec();
            header.resize(18, 0);
            header.extend(machine.to_le_bytes());
            header
        };
        assert_eq!(foreign_system(&elf(62)), None);
        assert_eq!(foreign_system(b"#!/bin/sh\nexec osiris"), None);
        assert_eq!(foreign_system(b""), None);
        assert_eq!(foreign_system(&elf(62)[..10]), None);
        assert_eq!(foreign_system(&elf(183)).as_deref(), Some("arm64"));
        assert_eq!(foreign_system(&elf(243)).as_deref(), Some("the processor 243 of ELF"));
        assert_eq!(foreign_system(b"\xcf\xfa\xed\xfe\x0c").as_deref(), Some("macOS"));
        assert_eq!(foreign_system(b"MZ\x90").as_deref(), Some("Windows"));
    }
}
