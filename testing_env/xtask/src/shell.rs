//! Paths, and commands that must succeed.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Returns the workspace's root as given by cargo at run time: a cached build may come from
/// elsewhere.
pub(crate) fn root() -> PathBuf {
    let manifest_dir =
        std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), PathBuf::from);
    manifest_dir.join("../..")
}

/// Returns the directory that cargo builds into, which contains this program.
pub(crate) fn build_dir() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    Ok(program.parent().context("this program lies in no folder")?.to_owned())
}

/// Returns the path of the built `osiris`.
pub(crate) fn osiris() -> Result<PathBuf> {
    Ok(build_dir()?.join("osiris").with_extension(std::env::consts::EXE_EXTENSION))
}

/// Creates a command in the workspace's root.
pub(crate) fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Runs cargo with its output visible.
pub(crate) fn cargo(arguments: &[&str]) -> Result<()> {
    run(&mut command(cargo_path(), arguments))
}

/// Returns the path of the cargo that runs this program.
pub(crate) fn cargo_path() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}
