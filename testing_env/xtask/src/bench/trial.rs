//! A temporary project, and runs of the real binary in it.

use std::env::consts::EXE_EXTENSION;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::shell::build_dir;

/// Number of times that each command is timed; the median counts.
pub(super) const RUNS: usize = 5;

/// Directory of another build of osiris that is measured in place of this one.
static BASE: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Measures another build from here on, or this one again.
pub(super) fn measure_build(base: Option<&Path>) {
    *BASE.lock().unwrap_or_else(PoisonError::into_inner) = base.map(Path::to_owned);
}

/// Set while two builds are compared, which needs no peers.
static PEERS_SKIPPED: AtomicBool = AtomicBool::new(false);

/// Stops measuring peers that take minutes.
pub(super) fn skip_peers() {
    PEERS_SKIPPED.store(true, Relaxed);
}

/// Returns whether peers are measured.
pub(super) fn has_peers() -> bool {
    !PEERS_SKIPPED.load(Relaxed)
}

/// Returns the directory of the build that is measured.
fn build() -> Result<PathBuf> {
    match &*BASE.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(base) => Ok(base.clone()),
        None => build_dir(),
    }
}

/// A project in a temporary directory with one compiled pipeline.
pub(super) struct Trial {
    folder: TempDir,
}

impl Trial {
    /// Creates a project from the text of a pipeline.
    pub(super) fn new(pipeline: &str) -> Result<Self> {
        let trial = Self { folder: tempfile::tempdir_in(build_dir()?)? };
        std::fs::write(trial.path().join("osiris.yaml"), "version: 1\n")?;
        std::fs::write(trial.path().join("pipeline.yaml"), pipeline)?;
        Ok(trial)
    }

    /// Replaces the pipeline.
    pub(super) fn rewrite(&self, pipeline: &str) -> Result<()> {
        std::fs::write(self.path().join("pipeline.yaml"), pipeline)?;
        Ok(())
    }

    /// Returns the project's directory.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Compiles the pipeline and runs it once, so that the drivers are compiled too.
    pub(super) fn warm(&self) -> Result<()> {
        self.osiris(&["compile", "pipeline.yaml"])?;
        self.run().map(drop)
    }

    /// Runs the compiled pipeline and returns the seconds from process start to exit.
    pub(super) fn run(&self) -> Result<f64> {
        self.osiris(&["run", "--last-compile"])
    }

    fn osiris(&self, arguments: &[&str]) -> Result<f64> {
        self.osiris_with(arguments, &[])
    }

    /// Runs `osiris` in the project with these variables and returns the seconds to its exit.
    pub(super) fn osiris_with(
        &self,
        arguments: &[&str],
        variables: &[(String, String)],
    ) -> Result<f64> {
        let program = build()?.join("osiris").with_extension(EXE_EXTENSION);
        let mut command = Command::new(program);
        command.args(arguments).env("OSIRIS_DRIVERS", build()?.join("test-drivers"));
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        seconds(command.current_dir(self.path()))
    }

    /// Reads a file of the newest session.
    pub(super) fn session_file(&self, name: &str) -> Result<String> {
        let mut sessions: Vec<_> = std::fs::read_dir(self.path().join("logs"))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        sessions.sort();
        Ok(std::fs::read_to_string(sessions.pop().context("there is no session")?.join(name))?)
    }

    /// Returns the peak memory of the newest run in MB.
    pub(super) fn peak_mb(&self) -> Result<f64> {
        let status: Value = serde_json::from_str(&self.session_file("status.json")?)?;
        let bytes = status["peak_memory_bytes"].as_f64().context("status.json names no memory")?;
        Ok(bytes / 1e6)
    }
}

/// Runs a command that must succeed and returns the seconds from its start to its exit.
pub(super) fn seconds(command: &mut Command) -> Result<f64> {
    until_end(command.stdout(Stdio::piped()))
}

/// Like [`seconds`], for a command whose output goes elsewhere.
pub(super) fn until_end(command: &mut Command) -> Result<f64> {
    let started = Instant::now();
    let child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let output = child.wait_with_output()?;
    let seconds = started.elapsed().as_secs_f64();
    if !output.status.success() {
        bail!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(seconds)
}

/// Returns the median.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Times two functions in turn, [`RUNS`] times each, and returns the medians.
pub(super) fn in_turn(
    mut ours: impl FnMut() -> Result<f64>,
    mut peer: impl FnMut() -> Result<f64>,
) -> Result<(f64, f64)> {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        settle()?;
        first.push(ours()?);
        settle()?;
        second.push(peer()?);
    }
    Ok((median(first), median(second)))
}

/// Writes dirty pages to disk. Otherwise a command that syncs its own file also waits for the
/// files of the command before.
fn settle() -> Result<()> {
    Command::new("sync").status().context("cannot run sync")?;
    Ok(())
}
