//! What the user writes: the project's settings and its pipelines.

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

/// The file that makes a folder a project.
pub const SETTINGS_FILE: &str = "osiris.yaml";

/// The name of the file that names the last compiled build.
pub const LAST_COMPILE: &str = "last_compile";

/// A project: a folder and what its settings say.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// The folder, absolute, free of symbolic links. Drivers see it as `/`.
    pub base: PathBuf,
    /// What `osiris.yaml` says; the defaults if there is none.
    pub settings: Settings,
}

impl Project {
    /// The project of the working directory: the nearest folder at or above it
    /// with an `osiris.yaml`, else the working directory. The search ends at the user's home.
    /// `folder` overrides that.
    ///
    /// # Errors
    /// A folder that is not there or is another user's, and every problem of the settings.
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

    /// The project in exactly this folder.
    ///
    /// # Errors
    /// A folder that is not there or is another user's, and every problem of the settings.
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

    /// Where compiled pipelines are: `.osiris/build`.
    pub fn build_dir(&self) -> PathBuf {
        self.base.join(".osiris/build")
    }

    /// Where runs leave their logs: `logs`.
    pub fn logs_dir(&self) -> PathBuf {
        self.base.join("logs")
    }

    /// The project's own drivers: `drivers`.
    pub fn drivers_dir(&self) -> PathBuf {
        self.base.join("drivers")
    }

    /// Where the project's own driver of a name is, or would be.
    pub fn driver(&self, name: &str) -> PathBuf {
        self.drivers_dir().join(format!("{name}.wasm"))
    }

    /// Which drivers the project uses, byte for byte: `osiris.lock`.
    pub fn lock_file(&self) -> PathBuf {
        self.base.join("osiris.lock")
    }

    /// What steps remember between runs: `.osiris/state`.
    pub fn state_dir(&self) -> PathBuf {
        self.base.join(".osiris/state")
    }

    /// For files that are gone after a run: `.osiris/tmp`.
    pub fn tmp_dir(&self) -> PathBuf {
        self.base.join(".osiris/tmp")
    }

    /// What was done last: `.osiris/index`.
    pub fn index_dir(&self) -> PathBuf {
        self.base.join(".osiris/index")
    }

    /// The file that names the last compiled build.
    pub fn last_compile(&self) -> PathBuf {
        self.index_dir().join(LAST_COMPILE)
    }
}

/// The user's home, free of symbolic links.
pub(crate) fn home() -> Option<PathBuf> {
    dirs::home_dir()?.canonicalize().ok()
}

fn root_of<'p>(current: &'p Path, home: Option<&Path>) -> &'p Path {
    // What is above a home is not its user's.
    let mut is_home = false;
    let mut folders = current.ancestors().take_while(|folder| {
        let was_home = is_home;
        is_home = Some(*folder) == home;
        !was_home
    });
    folders.find(|folder| folder.join(SETTINGS_FILE).is_file()).unwrap_or(current)
}
