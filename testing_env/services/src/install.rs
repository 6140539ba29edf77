//! Installs programs that tests need from Debian packages.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use anyhow::{Context, Result, bail};

/// Serializes installations in this process; `apt-get` itself waits for other processes.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Finds a program in `PATH`, in the folders for administrators and
/// in `folders`.
pub fn program(name: &str, folders: &[&str]) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let system_folders = path.split(':').chain(["/usr/sbin", "/usr/local/sbin", "/sbin"]);
    folders
        .iter()
        .copied()
        .chain(system_folders)
        .map(|folder| Path::new(folder).join(name))
        .find(|file| file.is_file())
}

/// Finds a program, and installs its package if the program is missing.
///
/// # Errors
/// Returns an error if the package cannot be installed or does not contain the program.
pub fn install(name: &str, package: &str, folders: &[&str]) -> Result<PathBuf> {
    let _guard = INSTALLING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(found) = program(name, folders) {
        return Ok(found);
    }
    eprintln!("Installing {package} for the tests ...");
    apt(&["install", "--yes", "--no-install-recommends", package]).or_else(|_| {
        apt(&["update"])?;
        apt(&["install", "--yes", "--no-install-recommends", package])
    })?;
    program(name, folders).with_context(|| format!("the package {package} has no {name}"))
}

fn apt(arguments: &[&str]) -> Result<()> {
    // Package scripts must not start a system service.
    let output = Command::new("apt-get")
        .args(["-o", "DPkg::Lock::Timeout=300"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("RUNLEVEL", "1")
        .stdin(Stdio::null())
        .output()
        .context("cannot run apt-get: install the tests' servers by hand")?;
    if !output.status.success() {
        bail!("apt-get {arguments:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
