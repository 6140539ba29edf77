//! Runs a case on this machine and in a sandbox.

use std::path::Path;

use super::{Command, prepare, read};
use crate::parity::Traces;
use crate::session::Session;
use crate::{Cloud, TestProject};

/// Returns whether a case runs a pipeline, and so can run in a sandbox too.
///
/// # Errors
/// Returns an error if the case cannot be read.
pub fn runs(folder: &Path) -> Result<bool, String> {
    let script = read(folder)?;
    Ok(script.commands.iter().any(|command| command.osiris.starts_with("run ")))
}

/// Cases with different results, since file permissions are not sent into a sandbox; `parity` tests
/// the results there.
pub const PERMISSIONS: [&str; 2] = ["bad-file-unreadable", "bad-output-folder-read-only"];

/// Options of `run` that a run in a sandbox does not take.
const LOCAL_OPTIONS: [&str; 2] = ["--retry-failed", "--select"];

/// Runs a case twice, the second time with its pipelines in a sandbox: both must end alike and
/// leave the same files.
///
/// # Errors
/// Returns a description of the difference.
pub fn run(folder: &Path, cloud: &Cloud) -> Result<(), String> {
    let script = read(folder)?;
    let (here, there) = (TestProject::new(), TestProject::new());
    for project in [&here, &there] {
        prepare::fill(folder, &script, project)?;
    }
    for command in &script.commands {
        let Command { osiris: line, exit, env, folder } = command;
        let words = shlex::split(line).ok_or_else(|| format!("`{line}` has an open quote"))?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let is_local = words.iter().any(|word| LOCAL_OPTIONS.contains(word));
        let elsewhere = match words.first() {
            Some(&"run") if !is_local => cloud.arguments(&words),
            _ => words.clone(),
        };
        for (project, words) in [(&here, words), (&there, elsewhere)] {
            let mut osiris = project.osiris(words).current_dir(project.path(folder));
            if script.test_drivers {
                osiris = osiris.test_drivers();
            }
            osiris = cloud.reach(osiris);
            for (name, value) in env {
                osiris = osiris.env(name, value);
            }
            let finished = osiris.run();
            if finished.code() != Some(*exit) {
                return Err(format!(
                    "`{line}` ended with {}: {}",
                    finished.status, finished.stderr
                ));
            }
        }
    }
    cloud.assert_empty();
    let (local, remote) = (Session::all(&here)?, Session::all(&there)?);
    if local.len() != remote.len() {
        return Err(format!("{} runs here, {} there", local.len(), remote.len()));
    }
    for (local, remote) in local.iter().zip(&remote) {
        Traces::of(&here, local).assert_same(&Traces::of(&there, remote));
    }
    Ok(())
}
