//! What is built, and where it lands.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::shell::{built, cargo, command, osiris, root, run};

const TARGET: &str = "wasm32-wasip2";

/// Builds the `osiris` binary.
pub(crate) fn host() -> Result<()> {
    eprintln!("Building the host (the first time takes some minutes) ...");
    cargo(&["build", "--workspace", "--bin", "osiris"])
}

/// Builds the first-party drivers into the folder where the binary looks for them.
pub(crate) fn drivers() -> Result<()> {
    build(&root().join("plugins"), &built()?.join("drivers"))
}

/// Builds the guests of the tests and benchmarks, which no pipeline finds by accident.
pub(crate) fn test_drivers() -> Result<()> {
    build(&root().join("tests/drivers"), &built()?.join("test-drivers"))
}

/// Builds every driver crate in a folder with `osiris drivers build`.
fn build(crates: &Path, out: &Path) -> Result<()> {
    add_target()?;
    let mut folders: Vec<PathBuf> = std::fs::read_dir(crates)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|folder| folder.join("spec.yaml").exists())
        .collect();
    folders.sort();
    eprintln!("Building {} drivers of {} ...", folders.len(), crates.display());
    run(Command::new(osiris()?)
        .args(["drivers", "build"])
        .args(folders)
        .arg("--out")
        .arg(out)
        .current_dir(root())
        .stdout(std::io::stderr()))
}

/// Adds the WebAssembly target if the toolchain lacks it.
fn add_target() -> Result<()> {
    let libdir = command("rustc", &["--print", "target-libdir", "--target", TARGET]).output()?;
    let there = Path::new(String::from_utf8_lossy(&libdir.stdout).trim()).is_dir();
    if there { Ok(()) } else { run(&mut command("rustup", &["target", "add", TARGET])) }
}
