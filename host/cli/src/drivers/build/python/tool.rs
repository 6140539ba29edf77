//! Finds componentize-py: the author's own, or a copy installed in the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::cache_dir;

use super::{CODE, note, run};

/// The version that the SDK's bindings are written for.
pub(super) const VERSION: &str = "0.25.1";
/// Requirements for pip, with hashes.
const REQUIREMENTS: &str = include_str!("componentize-py.txt");
pub(super) const HELP: &str = "install Python 3 with pip from https://python.org or your system's packages, or install \
     componentize-py on the PATH: `uv tool install componentize-py==0.25.1`";
/// Names of the Python interpreter, in search order.
const PYTHONS: [&str; 2] = ["python3", "python"];

/// The way to run componentize-py.
#[derive(Debug)]
pub(super) enum Tool {
    /// The program on the PATH.
    Own,
    /// A Python interpreter, with the package in `folder`.
    Cached { python: &'static str, folder: PathBuf },
}

impl Tool {
    /// Returns a command without arguments.
    pub(super) fn command(&self) -> Command {
        match self {
            Self::Own => Command::new("componentize-py"),
            Self::Cached { python, folder } => {
                let mut command = Command::new(python);
                // The package has no `__main__`.
                let start = "import sys; from componentize_py import script; sys.exit(script())";
                command.env("PYTHONPATH", folder).args(["-c", start]);
                command
            }
        }
    }

    /// Returns the program's name for messages.
    pub(super) fn program(&self) -> &Path {
        match self {
            Self::Own => Path::new("componentize-py"),
            Self::Cached { python, .. } => Path::new(python),
        }
    }
}

/// Finds componentize-py, or installs it.
pub(super) fn find() -> Result<Tool> {
    if is_installed(&Tool::Own) {
        return Ok(Tool::Own);
    }
    let python = python()?;
    let root = cache_dir::cache_root().ok_or_else(|| {
        let problem = Diagnostic::new(CODE, "cannot install componentize-py: no cache directory");
        Error::environment(problem.help("set `OSIRIS_CACHE` to a directory"))
    })?;
    let tool = Tool::Cached { python, folder: root.join(format!("componentize-py-{VERSION}")) };
    if is_installed(&tool) {
        return Ok(tool);
    }
    install(&tool, &root)?;
    Ok(tool)
}

/// Returns the Python on the PATH that has pip.
pub(super) fn python() -> Result<&'static str> {
    let has_pip = |python: &&str| {
        let mut command = Command::new(python);
        command.args(["-m", "pip", "--version"]).stdin(Stdio::null());
        command.output().is_ok_and(|output| output.status.success())
    };
    PYTHONS.into_iter().find(has_pip).ok_or_else(|| {
        let message = "cannot find Python 3 with pip, which building a Python driver requires";
        Error::environment(Diagnostic::new(CODE, message).help(HELP))
    })
}

/// Returns whether the tool exists in the required version.
fn is_installed(tool: &Tool) -> bool {
    let output = tool.command().arg("--version").stdin(Stdio::null()).output();
    let expected = format!("componentize-py {VERSION}");
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == expected)
}

/// Installs the package atomically.
fn install(tool: &Tool, root: &Path) -> Result<()> {
    let Tool::Cached { python, folder } = tool else { return Ok(()) };
    let unwritable = |error: std::io::Error| {
        let message = format!("cannot install componentize-py: {error}");
        Error::environment(Diagnostic::new(CODE, message).in_file(root))
    };
    cache_dir::create_private_dir(root).map_err(unwritable)?;
    let work = tempfile::tempdir_in(root).map_err(unwritable)?;
    let (list, package) = (work.path().join("requirements.txt"), work.path().join("package"));
    fs::write(&list, REQUIREMENTS).map_err(unwritable)?;
    note(&format!("Installing componentize-py {VERSION}, once on this machine ..."));
    let status = run(
        pip(python).args(["--no-deps", "--require-hashes", "--only-binary=:all:"]).args([
            "--target".as_ref(),
            package.as_os_str(),
            "--requirement".as_ref(),
            list.as_os_str(),
        ]),
        tool,
    )?;
    if !status.success() {
        let message = format!(
            "cannot install componentize-py: pip failed ({status}); its messages are above"
        );
        return Err(Error::environment(Diagnostic::new(CODE, message).help(HELP)));
    }
    // Removes an unusable copy, for example one for another Python.
    let _ = fs::remove_dir_all(folder);
    match fs::rename(&package, folder) {
        // A concurrent build was faster.
        Err(_) if is_installed(tool) => Ok(()),
        result => result.map_err(unwritable),
    }
}

/// Creates a quiet `pip install`.
pub(super) fn pip(python: &str) -> Command {
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    command.args(["--no-input", "--root-user-action=ignore"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_pin_version_and_hashes() {
        assert!(REQUIREMENTS.contains(&format!("componentize-py=={VERSION} ")));
        assert!(HELP.contains(&format!("componentize-py=={VERSION}")));
        assert!(REQUIREMENTS.matches("--hash=sha256:").count() >= 5);
    }
}
