//! Builds the host, the drivers and the tools of the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::Result;

use crate::shell::{build_dir, cargo, cargo_path, command, osiris, root, run};

const TARGET: &str = "wasm32-wasip2";
/// The registry client that must be able to read our layout.
const WKG: &str = "wkg@0.16.1";

/// Builds the `osiris` binary.
pub(crate) fn host() -> Result<()> {
    eprintln!("Building the host (the first time takes some minutes) ...");
    cargo(&["build", "--workspace", "--bin", "osiris"])
}

/// Builds the first-party drivers into the directory where the binary looks for them. Drivers
/// with encryption contain C code, which clang compiles.
pub(crate) fn drivers() -> Result<()> {
    services::install("clang", "clang", &[])?;
    services::install("llvm-ar", "llvm", &[])?;
    build(crates("plugins")?, &build_dir()?.join("drivers"))
}

/// Builds only the file drivers, which need nothing but Rust.
pub(crate) fn file_drivers() -> Result<()> {
    let mut folders = crates("plugins")?;
    folders.retain(|folder| {
        folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("filesystem_"))
    });
    build(folders, &build_dir()?.join("drivers"))
}

/// Builds the drivers of the tests and benchmarks, into a directory that no pipeline searches by
/// default.
pub(crate) fn test_drivers() -> Result<()> {
    let out = build_dir()?.join("test-drivers");
    node()?;
    let mut folders = crates("tests/drivers")?;
    folders.push(root().join("sdk/javascript/test/driver"));
    build(folders, &out)?;
    python(vec![root().join("sdk/python/tests/driver")], &out)
}

/// Builds `wkg` unless it exists, which takes some minutes.
pub(crate) fn wkg() -> Result<()> {
    let root = build_dir()?.join("tools");
    if services::program("wkg", &[]).is_some() || root.join("bin/wkg").is_file() {
        return Ok(());
    }
    eprintln!("Building wkg (the first time takes some minutes) ...");
    run(command(cargo_path(), &["install", WKG, "--locked", "--debug", "--root"]).arg(&root))
}

/// Builds the example drivers of every language's SDK, each language into a separate directory,
/// because the drivers have the same names.
pub(crate) fn examples() -> Result<()> {
    node()?;
    let out = build_dir()?.join("examples");
    for language in ["javascript", "rust"] {
        build(crates(&format!("sdk/{language}/examples"))?, &out.join(language))?;
    }
    python(crates("sdk/python/examples")?, &out.join("python"))
}

/// Builds the Python drivers that are older than their sources: unlike cargo, their build tool
/// always starts from scratch, which takes seconds per driver.
fn python(folders: Vec<PathBuf>, out: &Path) -> Result<()> {
    services::install("pip3", "python3-pip", &[])?;
    let sources = ["sdk/python", "wit", "host/cli/src/drivers/build/python"];
    let last_change = sources.into_iter().filter_map(|source| newest(&root().join(source))).max();
    let is_old = |folder: &PathBuf| {
        let spec = std::fs::read_to_string(folder.join("spec.yaml")).unwrap_or_default();
        let name = spec.lines().find_map(|line| line.strip_prefix("name: ")).unwrap_or_default();
        newest(&out.join(format!("{name}.wasm"))) <= last_change
    };
    let old: Vec<PathBuf> = folders.into_iter().filter(is_old).collect();
    if old.is_empty() { Ok(()) } else { build(old, out) }
}

/// Returns the latest modification time of a file or inside a directory, ignoring Python's
/// caches.
fn newest(path: &Path) -> Option<SystemTime> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_dir() {
        return metadata.modified().ok();
    }
    let entries = std::fs::read_dir(path).ok()?.flatten();
    let sources = entries.filter(|entry| entry.file_name() != "__pycache__");
    sources.filter_map(|entry| newest(&entry.path())).max()
}

/// Installs the tools that build JavaScript drivers. Drivers in the repository use the SDK in
/// place, with the SDK's own dependencies.
fn node() -> Result<()> {
    services::install("node", "nodejs", &[])?;
    let npm = services::install("npm", "npm", &[])?;
    let sdk = root().join("sdk/javascript");
    if sdk.join("node_modules").exists() {
        return Ok(());
    }
    // `npm ci` would fail: the registry lacks the componentizer for other platforms.
    run(Command::new(npm)
        .args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(sdk))
}

/// Returns the drivers in a directory of the workspace.
fn crates(folder: &str) -> Result<Vec<PathBuf>> {
    let mut crates: Vec<PathBuf> = std::fs::read_dir(root().join(folder))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|folder| folder.join("spec.yaml").exists())
        .collect();
    crates.sort();
    Ok(crates)
}

/// Builds drivers with `osiris drivers build`. The code compiled for its checks is cached for the
/// tests.
fn build(folders: Vec<PathBuf>, out: &Path) -> Result<()> {
    add_target()?;
    eprintln!("Building {} drivers into {} ...", folders.len(), out.display());
    run(Command::new(osiris()?)
        .args(["drivers", "build"])
        .args(folders)
        .arg("--out")
        .arg(out)
        .current_dir(root())
        .env("OSIRIS_CACHE", build_dir()?.join("test-cache"))
        .stdout(std::io::stderr()))
}

/// Adds the WebAssembly target if the toolchain lacks it.
fn add_target() -> Result<()> {
    let libdir = command("rustc", &["--print", "target-libdir", "--target", TARGET]).output()?;
    let is_installed = Path::new(String::from_utf8_lossy(&libdir.stdout).trim()).is_dir();
    if is_installed { Ok(()) } else { run(&mut command("rustup", &["target", "add", TARGET])) }
}
