//! Installs the packages that a Python driver uses.

use std::path::{Path, PathBuf};

use osiris_core::diagnostic::{Diagnostic, Error, Result};

use super::project::Project;
use super::{CODE, note, run, tool};

/// Version of Python inside the component.
const PYTHON: &str = "3.14";
/// Not installed, because it is available as sources.
const SDK: &str = "osiris-sdk";

/// Installs the project's dependencies into a directory and returns the directory. Returns `None`
/// if there are none.
///
/// # Errors
/// Returns an error if a package does not exist or contains native code: only pure Python runs in
/// a component.
pub(super) fn install(project: &Project, folder: &Path) -> Result<Option<PathBuf>> {
    let packages: Vec<&String> =
        project.dependencies.iter().filter(|package| !package.starts_with(SDK)).collect();
    if packages.is_empty() {
        return Ok(None);
    }
    note("Installing the packages that the driver uses ...");
    let python = tool::python()?;
    let tool = tool::Tool::Cached { python, folder: folder.to_owned() };
    let mut pip = tool::pip(python);
    pip.args(["--only-binary=:all:", "--platform=any", "--implementation=py", "--abi=none"]);
    pip.arg(format!("--python-version={PYTHON}")).arg("--target").arg(folder);
    // Package names must not be parsed as options.
    let status = run(pip.arg("--").args(packages), &tool)?;
    if status.success() {
        return Ok(Some(folder.to_owned()));
    }
    let message = "cannot install the packages of the driver; pip's messages are above";
    Err(Error::failed(
        Diagnostic::new(CODE, message)
            .help("use only packages in pure Python, which have a `py3-none-any` wheel"),
    ))
}
