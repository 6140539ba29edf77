//! Embeds the files that `osiris drivers new` writes: the driver templates and the SDKs that
//! match this host.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Files and directories of the repository. Missing ones are skipped.
const ROOTS: [&str; 17] = [
    "Cargo.lock",
    "Cargo.toml",
    "rust-toolchain.toml",
    "sdk/javascript/bin",
    "sdk/javascript/package.json",
    "sdk/javascript/src",
    "sdk/javascript/template",
    "sdk/javascript/types",
    "sdk/javascript/wit",
    "sdk/python/osiris_sdk",
    "sdk/python/template",
    "sdk/rust/Cargo.toml",
    "sdk/rust/GUIDE.md",
    "sdk/rust/README.md",
    "sdk/rust/src",
    "sdk/rust/template",
    "wit",
];

/// Directories and files that tools create among sources.
const LEFTOVERS: [&str; 4] = ["__pycache__", "dist", "node_modules", "target"];

fn main() -> io::Result<()> {
    let repository = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let mut files = Vec::new();
    for root in ROOTS {
        let path = repository.join(root);
        println!("cargo::rerun-if-changed={}", path.display());
        collect(&path, &mut files)?;
    }
    let with_name = |file: PathBuf| {
        let name = file.strip_prefix(&repository).map_err(io::Error::other)?;
        // The same separator on every platform.
        Ok((name.to_string_lossy().replace('\\', "/"), file))
    };
    let mut files = files.into_iter().map(with_name).collect::<io::Result<Vec<_>>>()?;
    files.sort();
    let mut code = String::from("&[\n");
    for (name, file) in files {
        writeln!(code, "    ({name:?}, include_bytes!({file:?})),").map_err(io::Error::other)?;
    }
    code.push(']');
    fs::write(Path::new(&variable("OUT_DIR")?).join("embedded.rs"), code)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if LEFTOVERS.contains(&&*name) || name.starts_with('.') {
        return Ok(());
    }
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path.is_file() {
        files.push(path.to_owned());
    }
    Ok(())
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}
