//! The packages that a driver in Python uses.

use std::path::{Path, PathBuf};

use super::project::Project;
use super::{CODE, note, run, tool};
use crate::problem::{Error, Problem, Result};

/// The Python inside of the component.
const PYTHON: &str = "3.14";
/// It is there already, as sources.
const SDK: &str = "osiris-sdk";

/// Installs what the project depends on into a folder, and returns it; none if
/// that is nothing.
///
/// # Errors
/// A package is not there, or has code for a machine: only Python's own runs in
/// a component.
pub(super) fn install(project: &Project, folder: &Path) -> Result<Option<PathBuf>> {
    let wanted: Vec<&String> =
        project.dependencies.iter().filter(|package| !package.starts_with(SDK)).collect();
    if wanted.is_empty() {
        return Ok(None);
    }
    note("Installing the packages that the driver uses ...");
    let python = tool::python()?;
    let tool = tool::Tool::Cached { python, folder: folder.to_owned() };
    let mut pip = tool::pip(python);
    pip.args(["--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none"]);
    pip.arg(format!("--python-version={PYTHON}")).arg("--target").arg(folder);
    // A package's name is no option.
    let status = run(pip.arg("--").args(wanted), &tool)?;
    if status.success() {
        return Ok(Some(folder.to_owned()));
    }
    let message = "a package that the driver uses cannot be installed; pip's messages are above";
    Err(Error::failed(Problem::new(CODE, message).help(
        "only packages in pure Python run in a component: those with a wheel `py3-none-any`",
    )))
}
