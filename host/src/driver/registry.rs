//! Where drivers are found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Content, DriverFile, Gate};
use crate::problem::{Error, Exit, Problem, Result};

/// The drivers of a project, its user and this installation.
///
/// The bytes of a driver come out of [`Registry::load`] alone, so that nothing runs
/// past a gate.
#[derive(Debug)]
pub struct Registry {
    gates: Vec<Box<dyn Gate>>,
    folders: Vec<PathBuf>,
    drivers: BTreeMap<String, Arc<DriverFile>>,
    broken: Vec<Problem>,
}

impl Registry {
    /// Reads every `*.wasm` in the project's folder, in `$OSIRIS_DRIVERS` and
    /// beside this program. A file that is no driver is kept as a problem, and
    /// harms nobody who does not use it. Every gate must admit what is used.
    ///
    /// # Errors
    /// Two files hold a driver of the same name, or a folder cannot be read.
    pub fn open(project_drivers: &Path, gates: Vec<Box<dyn Gate>>) -> Result<Self> {
        let mut folders = vec![project_drivers.to_owned()];
        folders.extend(std::env::var_os("OSIRIS_DRIVERS").map(PathBuf::from));
        folders.extend(built_in());
        folders.dedup();
        Self::read(folders, gates)
    }

    /// Exactly these files.
    ///
    /// # Errors
    /// A file is no driver, or two hold one of the same name.
    pub fn of<'p>(files: impl IntoIterator<Item = &'p PathBuf>) -> Result<Self> {
        let mut registry = Self::empty(Vec::new(), Vec::new());
        for path in files {
            registry.add(DriverFile::read(path)?)?;
        }
        Ok(registry)
    }

    fn empty(folders: Vec<PathBuf>, gates: Vec<Box<dyn Gate>>) -> Self {
        Self { gates, folders, drivers: BTreeMap::new(), broken: Vec::new() }
    }

    fn read(folders: Vec<PathBuf>, gates: Vec<Box<dyn Gate>>) -> Result<Self> {
        let mut registry = Self::empty(folders, gates);
        let built_in = built_in();
        for folder in registry.folders.clone() {
            for path in wasm_files(&folder)? {
                match DriverFile::read(&path) {
                    Ok(mut driver) => {
                        driver.built_in = built_in.as_ref() == Some(&folder);
                        registry.add(driver)?;
                    }
                    Err(error) => registry.broken.extend(error.problems),
                }
            }
        }
        Ok(registry)
    }

    fn add(&mut self, driver: DriverFile) -> Result<()> {
        let name = driver.spec.name.clone();
        if let Some(other) = self.drivers.get(&name) {
            return Err(Error::invalid(
                Problem::new(
                    "duplicate_driver",
                    format!(
                        "the driver `{name}` is there twice: {} and {}",
                        other.path.display(),
                        driver.path.display()
                    ),
                )
                .help(format!("remove one of them, for example: rm {}", driver.path.display())),
            ));
        }
        self.drivers.insert(name, Arc::new(driver));
        Ok(())
    }

    /// The driver of a name.
    pub fn find(&self, name: &str) -> Option<&Arc<DriverFile>> {
        self.drivers.get(name)
    }

    /// The bytes of a driver that is to be used, with their sha256.
    ///
    /// # Errors
    /// The file cannot be read, or a gate refuses it.
    pub fn load<'d>(&self, driver: &'d DriverFile) -> Result<&'d Content> {
        let content = driver.content()?;
        for gate in &self.gates {
            gate.admit(driver, &content.bytes, &content.sha256)?;
        }
        Ok(content)
    }

    /// What is wrong with the file that by its own name should hold the driver.
    pub fn broken_as(&self, name: &str) -> Vec<Problem> {
        let named = |problem: &&Problem| {
            let file = problem.place.as_ref().map(|place| Path::new(&place.file));
            file.and_then(Path::file_stem).is_some_and(|stem| stem == name)
        };
        self.broken.iter().filter(named).cloned().collect()
    }

    /// Says that a driver is missing, where it was looked for and what to do; or
    /// what is wrong with the file that should hold it.
    pub fn missing(&self, name: &str) -> Error {
        let broken = self.broken_as(name);
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

    /// All drivers, by name.
    pub fn drivers(&self) -> impl Iterator<Item = &Arc<DriverFile>> {
        self.drivers.values()
    }

    /// The files that are no drivers.
    pub fn broken(&self) -> &[Problem] {
        &self.broken
    }

    /// Where drivers are looked for, first to last.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }
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
