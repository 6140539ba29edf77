//! Runs the static program in a root directory that has no other file: no C library, no `/etc` and
//! no `/proc`.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

/// Runs commands of the program, unless this machine does not allow user namespaces.
pub(crate) fn check(program: &Path) -> Result<()> {
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user"]);
        command
    };
    if !unshare().arg("true").output().is_ok_and(|output| output.status.success()) {
        eprintln!("Not run alone: this machine does not allow user namespaces");
        return Ok(());
    }
    let root = tempfile::tempdir()?;
    fs::create_dir(root.path().join("tmp"))?;
    fs::copy(program, root.path().join("osiris"))?;
    let commands: [&[&str]; 4] =
        [&["version"], &["init", "demo"], &["run", "hello", "--project", "demo"], &["quickstart"]];
    for arguments in commands {
        let mut command = unshare();
        command.arg("--root").arg(root.path()).args(["--wd=/", "/osiris"]).args(arguments);
        let output = command.env_clear().env("PATH", "/usr/bin:/bin").output()?;
        if !output.status.success() {
            bail!(
                "`osiris {}` failed alone with {}: {}",
                arguments.join(" "),
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    if !root.path().join("demo/output/planets.csv").is_file() {
        bail!("the program alone wrote no output");
    }
    eprintln!("{} runs in an empty root directory", program.display());
    Ok(())
}
