//! pandas in a separate virtual environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::trial::{has_peers, seconds};
use crate::shell::{build_dir, run};

/// The name and version that the table shows.
pub(super) const NAME: &str = "pandas 2.3.3";

/// A Python with pandas.
pub(super) struct Pandas {
    python: PathBuf,
}

impl Pandas {
    /// Installs pandas into the build directory, once.
    pub(super) fn install() -> Result<Self> {
        let folder = build_dir()?.join("bench-python");
        let python = folder.join("bin/python");
        if has_peers() && !folder.join("ready").exists() {
            eprintln!("Installing {NAME} ...");
            run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
            run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "pandas==2.3.3"]))?;
            std::fs::write(folder.join("ready"), "")?;
        }
        Ok(Self { python })
    }

    /// Installs more packages, unless they are installed.
    pub(super) fn add(&self, packages: &[&str]) -> Result<()> {
        if !has_peers() {
            return Ok(());
        }
        run(Command::new(&self.python).args(["-m", "pip", "install", "--quiet"]).args(packages))
    }

    /// Runs a script in a directory and returns the seconds from process start to exit, or no
    /// number while builds are compared.
    pub(super) fn run(&self, script: &str, folder: &Path) -> Result<f64> {
        if !has_peers() {
            return Ok(f64::NAN);
        }
        seconds(self.command(script).current_dir(folder))
    }

    /// Runs a script and returns its peak memory in MB.
    pub(super) fn peak_mb(&self, script: &str, folder: &Path) -> Result<f64> {
        if !has_peers() {
            return Ok(f64::NAN);
        }
        let script = format!(
            "{script}\nimport resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)"
        );
        let output = self.command(&script).current_dir(folder).output()?;
        let text = String::from_utf8(output.stdout)?;
        text.trim().parse().context("the script printed no number")
    }

    fn command(&self, script: &str) -> Command {
        let mut command = Command::new(&self.python);
        command.args(["-c", script]);
        command
    }
}
