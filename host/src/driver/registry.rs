//! Where drivers are found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use memchr::memmem;

use super::file::Raw;
use super::{Content, DriverFile, Gate};
use crate::problem::{Error, Exit, Problem, Result};

/// The most bytes of specs that are read to look for drivers. A driver in the file of
/// its own name is found even so.
const MAX_SPECS: usize = 4 << 20;

/// The drivers of a project, its user and this installation.
///
/// The bytes of a driver come out of [`Registry::load`] alone, so that nothing runs
/// past a gate. Who asks for one driver is not harmed by other files, whatever is in
/// them: a file is only parsed if it may be the one, or if all are asked for.
#[derive(Debug)]
pub struct Registry {
    gates: Vec<Box<dyn Gate>>,
    folders: Vec<PathBuf>,
    files: Vec<Candidate>,
    /// Bytes of specs that may still be read.
    left: AtomicUsize,
}

/// A file that may be a driver. What is known of it is kept.
#[derive(Debug)]
struct Candidate {
    path: PathBuf,
    built_in: bool,
    raw: OnceLock<std::result::Result<Raw, Error>>,
    file: OnceLock<std::result::Result<Arc<DriverFile>, Vec<Problem>>>,
}

impl Registry {
    /// Finds every `*.wasm` in the project's folder, in `$OSIRIS_DRIVERS` and
    /// beside this program. A file that is no driver, or calls itself like another one,
    /// harms nobody who does not use it. Every gate must admit what is used.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn open(project_drivers: &Path, gates: Vec<Box<dyn Gate>>) -> Result<Self> {
        let mut folders = vec![project_drivers.to_owned()];
        folders.extend(std::env::var_os("OSIRIS_DRIVERS").map(PathBuf::from));
        folders.extend(built_in());
        folders.dedup();
        let built_in = built_in();
        let mut files = Vec::new();
        for folder in &folders {
            let is_built_in = built_in.as_ref() == Some(folder);
            let paths = wasm_files(folder)?.into_iter();
            files.extend(paths.map(|path| Candidate::new(path, is_built_in)));
        }
        Ok(Self { gates, folders, files, left: AtomicUsize::new(MAX_SPECS) })
    }

    /// Exactly these files.
    ///
    /// # Errors
    /// A file is no driver, or two hold one of the same name.
    pub fn of<'p>(files: impl IntoIterator<Item = &'p PathBuf>) -> Result<Self> {
        let files = files.into_iter().map(|path| Candidate::new(path.clone(), false)).collect();
        let left = AtomicUsize::new(MAX_SPECS);
        let registry = Self { gates: Vec::new(), folders: Vec::new(), files, left };
        match registry.broken() {
            broken if broken.is_empty() => Ok(registry),
            broken => Err(invalid(broken)),
        }
    }

    /// The driver of a name. None if there is none, or more than one: see
    /// [`Registry::missing`].
    pub fn find(&self, name: &str) -> Option<&Arc<DriverFile>> {
        match self.named(name)[..] {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Every file that holds a driver of this name.
    pub fn named(&self, name: &str) -> Vec<&Arc<DriverFile>> {
        // What is named after it comes first, before others have used up what may be read.
        let (own, others): (Vec<_>, Vec<_>) =
            self.files.iter().partition(|file| file.is_named(name));
        let raw = own.into_iter().filter_map(|file| Some((file, file.raw().as_ref().ok()?)));
        let more = others.into_iter().filter_map(|file| Some((file, self.afford(file)?)));
        let files = raw.chain(more).filter(|(_, raw)| may_be(&raw.text, name));
        let files = files.map(|(file, _)| file);
        files.filter_map(Candidate::driver).filter(|driver| driver.spec.name == name).collect()
    }

    /// What a file says, if there is still room to read it.
    fn afford<'c>(&self, file: &'c Candidate) -> Option<&'c Raw> {
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

    /// The bytes of a driver that is to be used, with their sha256.
    ///
    /// # Errors
    /// The file cannot be read, a gate refuses it, or its spec is wrong.
    pub fn load<'d>(&self, driver: &'d DriverFile) -> Result<&'d Content> {
        let content = self.admit(driver)?;
        // After the gates: who is kept out makes no work.
        driver.check()?;
        Ok(content)
    }

    /// Like [`Registry::load`], for who looks at the whole spec later.
    ///
    /// # Errors
    /// The file cannot be read, or a gate refuses it.
    pub(crate) fn admit<'d>(&self, driver: &'d DriverFile) -> Result<&'d Content> {
        let content = driver.content()?;
        for gate in &self.gates {
            gate.admit(driver, &content.bytes, &content.sha256)?;
        }
        Ok(content)
    }

    /// What is wrong with the file that by its own name should hold the driver, or with
    /// several that do.
    pub fn broken_as(&self, name: &str) -> Vec<Problem> {
        if let [one, other, ..] = self.named(name)[..] {
            return vec![twice(name, one, other)];
        }
        let named = self.files.iter().filter(|file| file.is_named(name));
        named.flat_map(Candidate::problems).cloned().collect()
    }

    /// Says that a driver is missing, where it was looked for and what to do; or
    /// what is wrong with the file that should hold it.
    pub fn missing(&self, name: &str) -> Error {
        let broken = self.broken_as(name);
        if broken.iter().any(|problem| problem.code == TWICE) {
            return invalid(broken);
        }
        if !broken.is_empty() {
            return Error { exit: Exit::Environment, problems: broken };
        }
        let folders: Vec<_> =
            self.folders.iter().map(|folder| folder.display().to_string()).collect();
        let message = format!("there is no driver `{name}`; looked in {}", folders.join(", "));
        Error::environment(Problem::new("driver_missing", message).help(format!(
            "put {name}.wasm into {}, or see `osiris drivers list`",
            self.folders[0].display()
        )))
    }

    /// All drivers, by name, but for those whose name another one has, too.
    pub fn drivers(&self) -> impl Iterator<Item = &Arc<DriverFile>> {
        self.by_name().into_values().filter_map(|drivers| match drivers[..] {
            [one] => Some(one),
            _ => None,
        })
    }

    fn by_name(&self) -> BTreeMap<&str, Vec<&Arc<DriverFile>>> {
        let mut drivers: BTreeMap<&str, Vec<&Arc<DriverFile>>> = BTreeMap::new();
        let read = self.files.iter().filter(|file| self.afford(file).is_some());
        for driver in read.filter_map(Candidate::driver) {
            drivers.entry(&driver.spec.name).or_default().push(driver);
        }
        drivers
    }

    /// What is wrong with the files that are no drivers, or cannot be used for their name.
    pub fn broken(&self) -> Vec<Problem> {
        let by_name = self.by_name();
        let problems = self.files.iter().filter(|file| file.raw.get().is_some());
        let mut broken: Vec<_> = problems.flat_map(Candidate::problems).cloned().collect();
        for (name, drivers) in by_name {
            if let [one, other, ..] = drivers[..] {
                let each = drivers.iter();
                broken.extend(each.map(|file| twice(name, one, other).in_file(&file.path)));
            }
        }
        let unread = self.files.iter().filter(|file| file.raw.get().is_none());
        broken.extend(unread.map(|file| {
            let message = "this file was not read: those before it hold too many drivers";
            let help = "move what is no driver out of the folder";
            Problem::new("driver_unread", message).in_file(&file.path).help(help)
        }));
        broken
    }

    /// Where drivers are looked for, first to last.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }
}

impl Candidate {
    fn new(path: PathBuf, built_in: bool) -> Self {
        Self { path, built_in, raw: OnceLock::new(), file: OnceLock::new() }
    }

    fn is_named(&self, name: &str) -> bool {
        self.path.file_stem().is_some_and(|stem| stem == name)
    }

    fn raw(&self) -> &std::result::Result<Raw, Error> {
        self.raw.get_or_init(|| Raw::read(&self.path))
    }

    fn parsed(&self) -> &std::result::Result<Arc<DriverFile>, Vec<Problem>> {
        self.file.get_or_init(|| {
            let raw = self.raw().as_ref().map_err(|error| error.problems.clone())?;
            let mut driver = DriverFile::parse(raw, &self.path).map_err(|error| error.problems)?;
            driver.built_in = self.built_in;
            Ok(Arc::new(driver))
        })
    }

    fn driver(&self) -> Option<&Arc<DriverFile>> {
        self.parsed().as_ref().ok()
    }

    fn problems(&self) -> &[Problem] {
        self.parsed().as_ref().err().map_or(&[], Vec::as_slice)
    }
}

/// Whether a spec may give its driver this name, without parsing it. A name in another
/// spelling than anybody writes is not found, which harms nobody else.
fn may_be(spec: &[u8], name: &str) -> bool {
    let plain = |byte: &u8| !byte.is_ascii_whitespace() && !b"\"':".contains(byte);
    memmem::find_iter(spec, name.as_bytes()).any(|at| {
        let before = spec[..at].iter().rposition(plain).map_or(0, |last| last + 1);
        spec[..before].ends_with(b"name")
    })
}

/// The problem that two files have one name.
const TWICE: &str = "duplicate_driver";

fn twice(name: &str, one: &DriverFile, other: &DriverFile) -> Problem {
    let (one, other) = (one.path.display(), other.path.display());
    Problem::new(TWICE, format!("the driver `{name}` is there twice: {one} and {other}"))
        .help(format!("remove one of them, for example: rm {other}"))
}

fn invalid(problems: Vec<Problem>) -> Error {
    Error { exit: Exit::Invalid, problems }
}

/// Whether a file lies where the drivers that come with osiris are.
pub fn is_built_in(file: &Path) -> bool {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize().ok();
    folder.is_some() && folder == built_in().and_then(|built_in| built_in.canonicalize().ok())
}

/// The drivers that come with the program: beside it, or where an installation has them.
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
                Problem::new(
                    "drivers_unreadable",
                    format!("the drivers' folder cannot be read: {error}"),
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
    fn a_spec_is_parsed_only_where_it_may_be_the_one() {
        for spec in ["name: a.b\n", "{\"name\": \"a.b\"}", "x: 1\nname:   'a.b'", "{name: a.b}"] {
            assert!(may_be(spec.as_bytes(), "a.b"), "{spec}");
        }
        for spec in ["", "a.b", "title: a.b\nname: a.c", "name: a.c # a.b"] {
            assert!(!may_be(spec.as_bytes(), "a.b"), "{spec}");
        }
    }
}
