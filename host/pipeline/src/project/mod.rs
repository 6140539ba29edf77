//! The files that the user writes: the project's settings and pipelines.

pub mod ownership;
pub mod pipeline;
pub mod pipeline_files;
mod policy_settings;
pub mod retention;
pub mod settings;

#[cfg(test)]
mod tests;

use std::env;
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::layout::{ProjectLayout, SETTINGS_FILE};

pub use settings::Settings;

/// A project: a directory and its settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// The project directory and the places of osiris's files in it.
    pub layout: ProjectLayout,
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
            let message = format!("cannot find the working directory: {error}");
            Error::environment(Diagnostic::new(Code::WorkingDirMissing, message))
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
            let message = "no such project directory";
            let help = "pass an existing directory with `--project`, or create a project with `osiris init`";
            Error::invalid(Diagnostic::new(Code::ProjectMissing, message).in_file(folder).help(help))
        })?;
        ownership::check(&base, &ownership::DECIDING)?;
        let layout = ProjectLayout { base };
        let settings = Settings::read(&layout.settings_file())?;
        Ok(Self { layout, settings })
    }

    /// Returns the project directory, absolute and without symlinks. Drivers see it as `/`.
    pub fn base(&self) -> &Path {
        &self.layout.base
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
