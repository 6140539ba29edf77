//! Registry of the available drivers: finds drivers by name and loads them after the admission
//! checks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use memchr::memmem;

use super::embedded::{self, EmbeddedDriver, ExtractionDir};
use super::file::Raw;
use super::{AdmissionPolicy, Content, DriverFile};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Error, ExitStatus, Result};

/// Maximum bytes of specs read in search of drivers. A driver in a file named after it is found
/// even beyond this limit.
const MAX_SPECS: usize = 4 << 20;

/// The drivers of a project, its user and this installation.
///
/// [`DriverCatalog::verified_content`] is the only source of a driver's bytes, so that no driver
/// runs without passing the admission policies. Invalid files do not affect the use of other
/// drivers: a file is only parsed if it can be the requested driver, or if all drivers are
/// requested.
#[derive(Debug)]
pub struct DriverCatalog {
    policies: Vec<Box<dyn AdmissionPolicy>>,
    folders: Vec<PathBuf>,
    files: Vec<Candidate>,
    /// The directory of extracted drivers, which must outlive the catalog if it is temporary.
    _extracted: Option<ExtractionDir>,
    /// Bytes of specs that can still be read.
    left: AtomicUsize,
}

/// A candidate file for a driver. Results of reading it are cached.
#[derive(Debug)]
struct Candidate {
    path: PathBuf,
    origin: Origin,
    raw: OnceLock<std::result::Result<Raw, Error>>,
    file: OnceLock<std::result::Result<Arc<DriverFile>, Vec<Diagnostic>>>,
}

/// The origin of a driver. A driver hides those of the same name with a later origin.
#[derive(Debug, Clone, Copy)]
enum Origin {
    /// The project, or `$OSIRIS_DRIVERS`.
    User,
    /// This program.
    Embedded(&'static EmbeddedDriver),
    /// A directory of this installation.
    Installed,
}

impl Origin {
    fn rank(self) -> u8 {
        match self {
            Self::User => 0,
            Self::Embedded(_) => 1,
            Self::Installed => 2,
        }
    }
}

impl DriverCatalog {
    /// Finds every `*.wasm` file in the project's drivers directory and in `$OSIRIS_DRIVERS`, and
    /// the drivers that come with osiris: inside this program, and next to the program. A driver of
    /// the user hides one that comes with osiris. A file that is not a driver, or has the same name
    /// as another driver, only affects those who use it. Every admission policy must admit a driver
    /// before its use.
    ///
    /// Returns an error if a directory cannot be read.
    pub fn open(project_drivers: &Path, policies: Vec<Box<dyn AdmissionPolicy>>) -> Result<Self> {
        let mut folders = vec![project_drivers.to_owned()];
        folders.extend(std::env::var_os("OSIRIS_DRIVERS").map(PathBuf::from));
        folders.extend(built_in());
        folders.dedup();
        let built_in = built_in();
        let mut files = Vec::new();
        for folder in &folders {
            let is_built_in = built_in.as_ref() == Some(folder);
            let origin = if is_built_in { Origin::Installed } else { Origin::User };
            let paths = wasm_files(folder)?.into_iter();
            files.extend(paths.map(|path| Candidate::new(path, origin)));
        }
        let embedded = embedded::drivers();
        let extracted = match embedded {
            [] => None,
            _ => Some(ExtractionDir::create().map_err(|error| {
                let message = format!("cannot extract the drivers of osiris: {error}");
                let help = "set `OSIRIS_CACHE` to a directory that you can write to";
                Error::environment(Diagnostic::new(Code::DriverUnreadable, message).help(help))
            })?),
        };
        let at = |dir: &ExtractionDir| {
            let of = |driver| Candidate::new(dir.path_of(driver), Origin::Embedded(driver));
            embedded.iter().map(of).collect::<Vec<_>>()
        };
        files.extend(extracted.as_ref().map(at).unwrap_or_default());
        let left = AtomicUsize::new(MAX_SPECS);
        Ok(Self { policies, folders, files, _extracted: extracted, left })
    }

    /// Creates a registry of exactly these files.
    ///
    /// # Errors
    /// Returns an error if a file is not a driver, or if two drivers have the same name.
    pub fn from_files<'p>(files: impl IntoIterator<Item = &'p PathBuf>) -> Result<Self> {
        let files =
            files.into_iter().map(|path| Candidate::new(path.clone(), Origin::User)).collect();
        let left = AtomicUsize::new(MAX_SPECS);
        let registry =
            Self { policies: Vec::new(), folders: Vec::new(), files, _extracted: None, left };
        match registry.load_errors() {
            problems if problems.is_empty() => Ok(registry),
            problems => Err(invalid(problems)),
        }
    }

    /// Returns the driver with a name. Returns `None` if there is no such driver or more than one:
    /// see [`DriverCatalog::missing_driver_error`].
    pub fn find(&self, name: &str) -> Option<&Arc<DriverFile>> {
        match self.named(name)[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Returns every driver with this name that no other one hides.
    pub fn named(&self, name: &str) -> Vec<&Arc<DriverFile>> {
        // Files named after the driver come first, before other files use up the byte limit.
        let (own, others): (Vec<_>, Vec<_>) =
            self.files.iter().partition(|file| file.is_named(name));
        // A driver inside the program is in a file named after it.
        let others = others.into_iter().filter(|file| !matches!(file.origin, Origin::Embedded(_)));
        let raw = own.into_iter().filter_map(|file| Some((file, file.raw().as_ref().ok()?)));
        let more = others.filter_map(|file| Some((file, self.raw_within_limit(file)?)));
        let files = raw.chain(more).filter(|(_, raw)| may_be(&raw.text, name));
        let drivers = files.filter_map(|(file, _)| Some((file.origin, file.driver()?)));
        visible(drivers.filter(|(_, driver)| driver.spec.name == name).collect())
    }

    /// Returns the spec, imports and exports of a file. Returns `None` if the file is invalid or
    /// the byte limit is used up.
    fn raw_within_limit<'c>(&self, file: &'c Candidate) -> Option<&'c Raw> {
        if file.raw.get().is_none() {
            let left = self.left.load(Relaxed);
            if left == 0 {
                return None;
            }
            let size = file.raw().as_ref().map_or(0, |raw| raw.text.len());
            self.left.store(left.saturating_sub(size), Relaxed);
        }
        file.raw().as_ref().ok()
    }

    /// Returns the bytes and SHA-256 of a driver for its use.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, a policy denies it, or its spec is invalid.
    pub fn verified_content<'d>(&self, driver: &'d DriverFile) -> Result<&'d Content> {
        let content = self.admitted_content(driver)?;
        // Checked after the policies, so that a denied driver costs no work.
        driver.check()?;
        Ok(content)
    }

    /// Like [`DriverCatalog::verified_content`], for callers that check the whole spec later.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read or a policy denies it.
    pub fn admitted_content<'d>(&self, driver: &'d DriverFile) -> Result<&'d Content> {
        let content = driver.content()?;
        for policy in &self.policies {
            policy.admit(driver, &content.bytes, &content.sha256)?;
        }
        Ok(content)
    }

    /// Returns the problems of the files that are named after a driver, or of several files that
    /// hold the driver.
    pub fn load_errors_for(&self, name: &str) -> Vec<Diagnostic> {
        if let [one, other, ..] = self.named(name)[..] {
            return vec![duplicate_error(name, one, other)];
        }
        let named = self.files.iter().filter(|file| file.is_named(name));
        named.flat_map(Candidate::problems).cloned().collect()
    }

    /// Returns an error for a missing driver, with the searched directories and a fix, or the
    /// problems of the file that should hold the driver.
    pub fn missing_driver_error(&self, name: &str) -> Error {
        let problems = self.load_errors_for(name);
        if problems.iter().any(|problem| problem.code == TWICE) {
            return invalid(problems);
        }
        if !problems.is_empty() {
            return Error::new(ExitStatus::Environment, problems);
        }
        let folders: Vec<_> =
            self.folders.iter().map(|folder| folder.display().to_string()).collect();
        let message = format!("driver `{name}` not found; searched {}", folders.join(", "));
        Error::environment(Diagnostic::new(Code::DriverMissing, message).help(format!(
            "put `{name}.wasm` in {}, or list the available drivers with `osiris drivers list`",
            self.folders[0].display()
        )))
    }

    /// Returns all drivers, sorted by name, except those that share a name.
    pub fn drivers(&self) -> impl Iterator<Item = &Arc<DriverFile>> {
        self.by_name().into_values().filter_map(|drivers| match drivers[..] {
            [one] => Some(one),
            _ => None,
        })
    }

    fn by_name(&self) -> BTreeMap<&str, Vec<&Arc<DriverFile>>> {
        let mut drivers: BTreeMap<&str, Vec<(Origin, &Arc<DriverFile>)>> = BTreeMap::new();
        for file in self.files.iter().filter(|file| self.raw_within_limit(file).is_some()) {
            if let Some(driver) = file.driver() {
                drivers.entry(&driver.spec.name).or_default().push((file.origin, driver));
            }
        }
        drivers.into_iter().map(|(name, drivers)| (name, visible(drivers))).collect()
    }

    /// Returns the driver that comes with osiris and is hidden by another one of its name.
    pub fn hidden_by(&self, driver: &DriverFile) -> Option<&Arc<DriverFile>> {
        let built_in = self.files.iter().filter(|file| file.origin.rank() > 0);
        let mut named = built_in.filter(|file| file.is_named(&driver.spec.name));
        named.find_map(Candidate::driver).filter(|_| !driver.built_in)
    }

    /// Returns the problems of all files that are not drivers or cannot be used because of their
    /// name.
    pub fn load_errors(&self) -> Vec<Diagnostic> {
        let by_name = self.by_name();
        let read_files = self.files.iter().filter(|file| file.raw.get().is_some());
        let mut problems: Vec<_> = read_files.flat_map(Candidate::problems).cloned().collect();
        for (name, drivers) in by_name {
            if let [one, other, ..] = drivers[..] {
                let each = drivers.iter();
                problems
                    .extend(each.map(|file| duplicate_error(name, one, other).in_file(&file.path)));
            }
        }
        let unread_files = self.files.iter().filter(|file| file.raw.get().is_none());
        problems.extend(unread_files.map(|file| {
            let message = "file not read: the preceding files contain too many driver specs";
            let help = "move files that are not drivers out of the directory";
            Diagnostic::new(Code::DriverUnread, message).in_file(&file.path).help(help)
        }));
        problems
    }

    /// Returns the searched directories, in search order.
    pub fn dirs(&self) -> &[PathBuf] {
        &self.folders
    }
}

impl Candidate {
    fn new(path: PathBuf, origin: Origin) -> Self {
        Self { path, origin, raw: OnceLock::new(), file: OnceLock::new() }
    }

    fn is_named(&self, name: &str) -> bool {
        self.path.file_stem().is_some_and(|stem| stem == name)
    }

    fn raw(&self) -> &std::result::Result<Raw, Error> {
        self.raw.get_or_init(|| {
            if let Origin::Embedded(driver) = self.origin {
                driver.extract(&self.path).map_err(|error| {
                    let message = format!("cannot extract a driver of osiris: {error}");
                    let problem = Diagnostic::new(Code::DriverUnreadable, message);
                    Error::environment(problem.in_file(&self.path))
                })?;
            }
            Raw::read(&self.path)
        })
    }

    fn parsed(&self) -> &std::result::Result<Arc<DriverFile>, Vec<Diagnostic>> {
        self.file.get_or_init(|| {
            let raw = self.raw().as_ref().map_err(|error| error.diagnostics().to_vec())?;
            let mut driver =
                DriverFile::parse(raw, &self.path).map_err(|error| error.into_diagnostics())?;
            driver.built_in = self.origin.rank() > 0;
            if let Origin::Embedded(embedded) = self.origin {
                driver.expected_sha256 = Some(embedded.sha256);
            }
            Ok(Arc::new(driver))
        })
    }

    fn driver(&self) -> Option<&Arc<DriverFile>> {
        self.parsed().as_ref().ok()
    }

    fn problems(&self) -> &[Diagnostic] {
        self.parsed().as_ref().err().map_or(&[], Vec::as_slice)
    }
}

/// Returns the drivers of the first origin among drivers of one name.
fn visible(drivers: Vec<(Origin, &Arc<DriverFile>)>) -> Vec<&Arc<DriverFile>> {
    let first = drivers.iter().map(|(origin, _)| origin.rank()).min();
    let of_first = drivers.into_iter().filter(|(origin, _)| Some(origin.rank()) == first);
    of_first.map(|(_, driver)| driver).collect()
}

/// Returns whether a spec can have this driver name, without parsing it. A name in an unusual
/// spelling is not found, which affects no other driver.
fn may_be(spec: &[u8], name: &str) -> bool {
    let plain = |byte: &u8| !byte.is_ascii_whitespace() && !b"\"':".contains(byte);
    memmem::find_iter(spec, name.as_bytes()).any(|at| {
        let before = spec[..at].iter().rposition(plain).map_or(0, |last| last + 1);
        spec[..before].ends_with(b"name")
    })
}

/// Code of the problem that two files have the same driver name.
const TWICE: Code = Code::DriverDuplicate;

fn duplicate_error(name: &str, one: &DriverFile, other: &DriverFile) -> Diagnostic {
    let (one, other) = (one.path.display(), other.path.display());
    Diagnostic::new(TWICE, format!("driver `{name}` is defined twice: in {one} and in {other}"))
        .help("remove one of the files")
}

fn invalid(problems: Vec<Diagnostic>) -> Error {
    Error::new(ExitStatus::Invalid, problems)
}

/// Returns whether a file is in the directory of the drivers that come with osiris.
pub fn is_built_in(file: &Path) -> bool {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok();
    folder.is_some() && folder == built_in().and_then(|built_in| built_in.canonicalize().ok())
}

/// Returns the directory of the drivers that come with osiris: next to the program, or in an
/// installation's library directory.
fn built_in() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?.canonicalize().ok()?;
    let folder = program.parent()?;
    [folder.join("drivers"), folder.join("../lib/osiris/drivers")]
        .into_iter()
        .find(|path| path.is_dir())
}

fn wasm_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(Error::environment(
                Diagnostic::new(
                    Code::DriverDirUnreadable,
                    format!("cannot read the drivers directory: {error}"),
                )
                .in_file(folder),
            ));
        }
    };
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spec_is_parsed_only_if_it_may_have_the_name() {
        for spec in ["name: a.b\n", "{\"name\": \"a.b\"}", "x: 1\nname:   'a.b'", "{name: a.b}"] {
            assert!(may_be(spec.as_bytes(), "a.b"), "{spec}");
        }
        for spec in ["", "a.b", "title: a.b\nname: a.c", "name: a.c # a.b"] {
            assert!(!may_be(spec.as_bytes(), "a.b"), "{spec}");
        }
    }
}
