//! A case: a directory with a project, the commands to run, and the expected output and files.

mod file;
mod prepare;
pub mod twice;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::session::Session;
use crate::{TestProject, snapshot};

/// Content of `case.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    /// Purpose of the case, in one sentence.
    #[expect(dead_code, reason = "for who reads the case")]
    about: String,
    /// Whether the test drivers in `tests/drivers` can be used.
    #[serde(default)]
    test_drivers: bool,
    /// Files that are awkward to store in a repository.
    #[serde(default)]
    files: BTreeMap<PathBuf, file::File>,
    /// Commands to run, in order.
    commands: Vec<Command>,
    /// Files that must exist in the end, with the content in `expected/`.
    #[serde(default)]
    outputs: Vec<PathBuf>,
    /// Files that must not exist in the end.
    #[serde(default)]
    absent: Vec<PathBuf>,
}

/// A command of a case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    /// Arguments, as typed on the command line.
    osiris: String,
    /// Expected exit code.
    #[serde(default)]
    exit: i32,
    /// Environment variables.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Working directory, below the project.
    #[serde(default, rename = "in")]
    folder: PathBuf,
}

/// Runs the case in a directory.
///
/// # Errors
/// Returns a description of the first difference from what the case expects.
pub fn run(folder: &Path) -> Result<(), String> {
    let script = read(folder)?;
    let project = TestProject::new();
    prepare::fill(folder, &script, &project)?;
    let mut transcript = String::new();
    for command in &script.commands {
        transcript.push_str(&execute(command, script.test_drivers, &project)?);
    }
    snapshot::compare(&folder.join("transcript.txt"), &transcript)?;
    for output in &script.outputs {
        compare_output(&project, folder, output)?;
    }
    if let Some(path) = script.absent.iter().find(|path| project.exists(path)) {
        return Err(format!(
            "{} must not be there; there are {:?}",
            path.display(),
            project.files()
        ));
    }
    Session::all(&project).map(drop)
}

fn read(folder: &Path) -> Result<Script, String> {
    let path = folder.join("case.yaml");
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    serde_yaml_ng::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Runs one command and returns its normalised output for the transcript.
fn execute(command: &Command, test_drivers: bool, project: &TestProject) -> Result<String, String> {
    let Command { osiris: line, exit, env, folder } = command;
    let arguments = shlex::split(line).ok_or_else(|| format!("`{line}` has an open quote"))?;
    let mut osiris = project.osiris(arguments).current_dir(project.path(folder));
    if test_drivers {
        osiris = osiris.test_drivers();
    }
    for (name, value) in env {
        osiris = osiris.env(name, value);
    }
    let finished = osiris.run();
    if finished.code() != Some(*exit) {
        return Err(format!(
            "`osiris {line}` ended with {}, not with {exit}\n--- stdout\n{}\n--- stderr\n{}",
            finished.status, finished.stdout, finished.stderr
        ));
    }
    let mut text = format!("$ osiris {line}\nexit: {exit}\n");
    for (name, output) in [("stdout", &finished.stdout), ("stderr", &finished.stderr)] {
        let output = snapshot::normalise(output, project);
        if !output.is_empty() {
            let newline = if output.ends_with('\n') { "" } else { "\n" };
            text.push_str(&format!("--- {name}\n{output}{newline}"));
        }
    }
    text.push('\n');
    Ok(text)
}

/// Compares a file byte by byte, or updates its expected content.
fn compare_output(project: &TestProject, folder: &Path, output: &Path) -> Result<(), String> {
    let expected = folder.join("expected").join(output);
    let read =
        |path: &Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let actual = read(&project.path(output))?;
    if snapshot::updating() {
        let parent = expected.parent().unwrap_or(folder);
        return std::fs::create_dir_all(parent)
            .and_then(|()| std::fs::write(&expected, actual))
            .map_err(|error| format!("{}: {error}", expected.display()));
    }
    let wanted = read(&expected)?;
    if wanted == actual {
        return Ok(());
    }
    Err(format!(
        "{} is not as in {}:\n--- expected\n{}\n--- actual\n{}",
        output.display(),
        expected.display(),
        String::from_utf8_lossy(&wanted),
        String::from_utf8_lossy(&actual)
    ))
}
