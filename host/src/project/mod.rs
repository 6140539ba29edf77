//! The files that the user writes: the project's settings and pipelines.

pub mod ownership;
pub mod pipeline;
mod policy;
pub mod settings;

#[cfg(test)]
mod tests;

use std::env;
use std::path::{Path, PathBuf};

use crate::problem::{Error, Problem, Result};

pub use settings::Settings;

/// The file that makes a directory a project.
pub const SETTINGS_FILE: &str = "osiris.yaml";

/// Name of the file that points to the last compiled build.
pub const LAST_COMPILE: &str = "last_compile";

/// A project: a directory and its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// The project directory, absolute and without symlinks. Drivers see it as `/`.
    pub base: PathBuf,
    /// Settings of `osiris.yaml`, or the defaults if the file does not exist.
    pub settings: Settings,
}

impl Project {
    /// Finds the project of the working directory: the nearest directory at or above it with an
    /// `osiris.yaml`, otherwise the working directory itself. The search ends at the user's home.
    /// `folder` overrides the search.
    ///
    /// # Errors
    /// Returns an error if the directory does not exist or belongs to another user, or for every
    /// problem of the settings.
    pub fn find(folder: Option<&Path>) -> Result<Self> {
        if let Some(folder) = folder {
            return Self::open(folder);
        }
        let current = env::current_dir().map_err(|error| {
            let message = format!("The working directory cannot be found: {error}");
            Error::environment(Problem::new("no_working_directory", message))
        })?;
        Self::open(root_of(&current, home().as_deref()))
    }

    /// Opens the project in exactly this directory.
    ///
    /// # Errors
    /// Returns an error if the directory does not exist or belongs to another user, or for every
    /// problem of the settings.
    pub fn open(folder: &Path) -> Result<Self> {
        let base = folder.canonicalize().ok().filter(|base| base.is_dir()).ok_or_else(|| {
            let message = "There is no such project folder";
            let help = "name an existing folder with --project, or make one with 'osiris init'";
            Error::invalid(Problem::new("project_not_found", message).in_file(folder).help(help))
        })?;
        ownership::check(&base, &ownership::DECIDING)?;
        let settings = Settings::read(&base.join(SETTINGS_FILE))?;
        Ok(Self { base, settings })
    }

    /// Returns the directory of compiled pipelines: `.osiris/build`.
    pub fn build_dir(&self) -> PathBuf {
        self.base.join(".osiris/build")
    }

    /// Returns the directory of the runs' logs: `logs`.
    pub fn logs_dir(&self) -> PathBuf {
        self.base.join("logs")
    }

    /// Returns the directory of the project's own drivers: `drivers`.
    pub fn drivers_dir(&self) -> PathBuf {
        self.base.join("drivers")
    }

    /// Returns the path of the project's own driver of this name. The file does not have to exist.
    pub fn driver(&self, name: &str) -> PathBuf {
        self.drivers_dir().join(format!("{name}.wasm"))
    }

    /// Returns the path of the lockfile, which pins the project's drivers by their bytes:
    /// `osiris.lock`.
    pub fn lock_file(&self) -> PathBuf {
        self.base.join("osiris.lock")
    }

    /// Returns the directory of the state that steps keep between runs: `.osiris/state`.
    pub fn state_dir(&self) -> PathBuf {
        self.base.join(".osiris/state")
    }

    /// Returns the directory for files that are deleted after a run: `.osiris/tmp`.
    pub fn tmp_dir(&self) -> PathBuf {
        self.base.join(".osiris/tmp")
    }

    /// Returns the directory of pointers to the latest results: `.osiris/index`.
    pub fn index_dir(&self) -> PathBuf {
        self.base.join(".osiris/index")
    }

    /// Returns the path of the file that points to the last compiled build.
    pub fn last_compile(&self) -> PathBuf {
        self.index_dir().join(LAST_COMPILE)
    }
}

/// Returns the user's home directory without symlinks.
pub(crate) fn home() -> Option<PathBuf> {
    dirs::home_dir()?.canonicalize().ok()
}

fn root_of<'p>(current: &'p Path, home: Option<&Path>) -> &'p Path {
    // Directories above a home do not belong to its user.
    let mut is_home = false;
    let mut folders = current.ancestors().take_while(|folder| {
        let was_home = is_home;
        is_home = Some(*folder) == home;
        !was_home
    });
    folders.find(|folder| folder.join(SETTINGS_FILE).is_file()).unwrap_or(current)
}
