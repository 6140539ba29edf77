//! Builds a Python driver with componentize-py.

mod dependencies;
mod project;
mod tool;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};

use self::project::Project;
use super::Builder;

const CODE: Code = Code::DriverBuildFailed;
/// The contract, from which the bindings are generated.
const CONTRACT: &str = include_str!("../../../../../../wit/driver.wit");
const WORLD: &str = "plugin";
/// The module from which componentize-py takes the exports. The name cannot match an author's.
const ENTRY: &str = "osiris_driver_entry";

/// The builder for Python projects.
pub(super) const BUILDER: Builder =
    Builder { marker: "pyproject.toml with [tool.osiris]", fits: project::fits, build };

/// Builds a component from the module that exports the driver.
fn build(folder: &Path) -> Result<Vec<u8>> {
    let project = Project::read(folder)?;
    let tool = tool::find()?;
    let work = tempfile::tempdir().map_err(|error| unwritable(&std::env::temp_dir(), &error))?;
    let work = work.path();
    let paths = lay_out(&project, work).map_err(|error| unwritable(work, &error))?;
    let packages = dependencies::install(&project, &work.join("packages"))?;
    note(&format!("Building {} with componentize-py {} ...", project.module, tool::VERSION));
    let component = work.join("driver.wasm");
    let mut command = tool.command();
    // An empty virtual environment hides undeclared packages of the author's own Python.
    command.current_dir(work).env("VIRTUAL_ENV", work.join("nothing"));
    command.args(["--quiet", "--wit-path", "wit", "--world", WORLD, "componentize", ENTRY]);
    command.arg("--output").arg(&component);
    for path in paths.iter().chain(&packages) {
        command.arg("--python-path").arg(path);
    }
    let status = run(&mut command, &tool)?;
    if !status.success() {
        let message = format!(
            "cannot build the driver: componentize-py failed ({status}); its messages are above"
        );
        return Err(Error::failed(Diagnostic::new(CODE, message).in_file(folder)));
    }
    fs::read(&component).map_err(|error| {
        let message = format!("cannot read what componentize-py built: {error}");
        Error::environment(Diagnostic::new(CODE, message).in_file(&component))
    })
}

/// Creates all files that componentize-py needs in a directory, and returns the module search
/// path.
fn lay_out(project: &Project, work: &Path) -> io::Result<Vec<PathBuf>> {
    fs::create_dir(work.join("wit"))?;
    fs::write(work.join("wit/driver.wit"), CONTRACT)?;
    fs::create_dir_all(work.join("nothing/lib/python3/site-packages"))?;
    let entry = work.join("entry");
    fs::create_dir(&entry)?;
    // Imports the driver's own module first, so that its errors do not look like the SDK's.
    let code = format!("import {}\nfrom osiris_sdk.component import Driver\n", project.module);
    fs::write(entry.join(format!("{ENTRY}.py")), code)?;
    let mut paths = vec![entry];
    paths.extend(project.python_path.iter().cloned());
    Ok(paths)
}

/// Runs a Python tool with its output on stderr.
fn run(command: &mut Command, tool: &tool::Tool) -> Result<std::process::ExitStatus> {
    let stderr = io::stderr();
    #[cfg(unix)]
    let output = std::os::fd::AsFd::as_fd(&stderr).try_clone_to_owned();
    #[cfg(windows)]
    let output = std::os::windows::io::AsHandle::as_handle(&stderr).try_clone_to_owned();
    command.stdin(Stdio::null()).stdout(output.map_or_else(|_| Stdio::null(), Stdio::from));
    command.status().map_err(|error| {
        let message = format!("cannot run {}: {error}", tool.program().display());
        Error::environment(Diagnostic::new(CODE, message).help(tool::HELP))
    })
}

/// Announces a long step.
fn note(text: &str) {
    // If stderr is closed, there is no other place for the message.
    let _ = writeln!(io::stderr(), "{text}");
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    let message = format!("cannot write the files of the build: {error}");
    Error::environment(Diagnostic::new(CODE, message).in_file(path))
}
