//! Embeds the files that `osiris drivers new` writes (the driver templates and the SDKs that match
//! this host), the first-party drivers, and what `osiris version` prints.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

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

/// Directory of built drivers to embed.
const DRIVERS: &str = "OSIRIS_EMBED_DRIVERS";

fn main() -> io::Result<()> {
    let repository = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../..").canonicalize()?;
    let out = PathBuf::from(variable("OUT_DIR")?);
    embed_templates(&repository, &out)?;
    embed_drivers(&repository, &out)?;
    println!("cargo::rustc-env=OSIRIS_TARGET={}", variable("TARGET")?);
    println!("cargo::rustc-env=OSIRIS_COMMIT={}", commit(&repository));
    println!("cargo::rustc-env=OSIRIS_ENGINE={}", engine(&repository)?);
    Ok(())
}

/// Returns the version of wasmtime in the lockfile.
fn engine(repository: &Path) -> io::Result<String> {
    let lock = fs::read_to_string(repository.join("Cargo.lock"))?;
    let mut lines = lock.lines().skip_while(|line| *line != "name = \"wasmtime\"");
    let version = lines.nth(1).and_then(|line| line.strip_prefix("version = \""));
    let version = version.ok_or_else(|| io::Error::other("Cargo.lock does not name wasmtime"))?;
    Ok(version.trim_end_matches('"').to_owned())
}

/// Returns the commit of a release build with its date, or nothing: a build during development
/// would run again after every commit.
fn commit(repository: &Path) -> String {
    println!("cargo::rerun-if-env-changed=OSIRIS_COMMIT");
    if let Ok(commit) = env::var("OSIRIS_COMMIT") {
        return commit;
    }
    if env::var("PROFILE").as_deref() != Ok("release") {
        return String::new();
    }
    println!("cargo::rerun-if-changed={}", repository.join(".git/HEAD").display());
    let mut git = Command::new("git");
    git.current_dir(repository).args(["log", "-1", "--format=%h %cs"]);
    let output = git.output().ok().filter(|output| output.status.success());
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}

/// Embeds the drivers in `$OSIRIS_EMBED_DRIVERS`, in a release build or with the feature
/// `embedded-drivers`. Without the variable, a release build compiles the first-party drivers.
/// Other builds find drivers next to the program.
fn embed_drivers(repository: &Path, out: &Path) -> io::Result<()> {
    let is_release = variable("PROFILE")? == "release";
    let mut files = Vec::new();
    if is_release || cfg!(feature = "embedded-drivers") {
        println!("cargo::rerun-if-env-changed={DRIVERS}");
        match env::var_os(DRIVERS) {
            Some(dir) => {
                println!("cargo::rerun-if-changed={}", Path::new(&dir).display());
                collect(Path::new(&dir), &mut files)?;
            }
            None if is_release => files = build_drivers(repository, out)?,
            // A check with all features needs no drivers.
            None => {}
        }
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "wasm"));
    files.sort();
    let mut code = String::from("&[\n");
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let component = fs::read(&file)?;
        let sha256: String =
            Sha256::digest(&component).iter().map(|byte| format!("{byte:02x}")).collect();
        let compressed = out.join(&*name).with_added_extension("gz");
        let mut gzip = GzEncoder::new(fs::File::create(&compressed)?, Compression::best());
        gzip.write_all(&component)?;
        gzip.finish()?;
        let size = component.len();
        writeln!(
            code,
            "    EmbeddedDriver {{ name: {name:?}, sha256: {sha256:?}, size: {size}, gzip: include_bytes!({compressed:?}) }},"
        )
        .map_err(io::Error::other)?;
    }
    code.push(']');
    fs::write(out.join("drivers.rs"), code)
}

/// Compiles the drivers in `plugins/`. One that cannot be compiled, such as a driver with
/// encryption on a machine without clang, is left out with a warning.
fn build_drivers(repository: &Path, out: &Path) -> io::Result<Vec<PathBuf>> {
    let plugins = repository.join("plugins");
    println!("cargo::rerun-if-changed={}", plugins.display());
    let Ok(entries) = fs::read_dir(&plugins) else { return Ok(Vec::new()) };
    let mut components = Vec::new();
    for entry in entries {
        let crate_dir = entry?.path();
        let Ok(spec) = fs::read_to_string(crate_dir.join("spec.yaml")) else { continue };
        let name = spec.lines().find_map(|line| line.strip_prefix("name: "));
        let name = name.ok_or_else(|| io::Error::other("a spec has no name"))?.trim();
        let artifact = crate_dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let target = out.join("drivers");
        let mut cargo = Command::new(variable("CARGO")?);
        cargo
            .current_dir(&crate_dir)
            .args(["build", "--lib", "--target", "wasm32-wasip2", "--profile", "driver"])
            .arg("--target-dir")
            .arg(&target)
            // The flags of the host are not those of drivers, which `.cargo/config.toml` has.
            .env_remove("CARGO_ENCODED_RUSTFLAGS")
            .env_remove("RUSTFLAGS");
        if !cargo.status()?.success() {
            println!(
                "cargo::warning=osiris will not contain the driver {name}: it does not compile"
            );
            continue;
        }
        let component = target.join(format!("wasm32-wasip2/driver/{artifact}.wasm"));
        let named = out.join(format!("{name}.wasm"));
        fs::copy(component, &named)?;
        components.push(named);
    }
    Ok(components)
}

/// Embeds the files of `osiris drivers new`.
fn embed_templates(repository: &Path, out: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for root in ROOTS {
        let path = repository.join(root);
        println!("cargo::rerun-if-changed={}", path.display());
        collect(&path, &mut files)?;
    }
    let with_name = |file: PathBuf| {
        let name = file.strip_prefix(repository).map_err(io::Error::other)?;
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
    fs::write(out.join("embedded.rs"), code)
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
