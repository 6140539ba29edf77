//! Builds a driver crate with cargo.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use serde_json::Value;

use super::Builder;

const MANIFEST: &str = "Cargo.toml";
const TARGET: &str = "wasm32-wasip2";
const PROFILE: &str = "driver";

/// The builder for Rust crates.
pub(super) const BUILDER: Builder =
    Builder { marker: MANIFEST, fits: |folder| folder.join(MANIFEST).is_file(), build };

/// Builds the crate in this directory and returns the component.
fn build(folder: &Path) -> Result<Vec<u8>> {
    let component = compile(folder)?;
    fs::read(&component).map_err(|error| {
        let message = format!("cannot read what cargo built: {error}");
        Error::environment(Diagnostic::new(Code::DriverBuildFailed, message).in_file(&component))
    })
}

/// Runs cargo and returns the path of the component. Cargo's messages go to stderr.
fn compile(folder: &Path) -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    // In the crate's directory, so that its own cargo configuration and toolchain apply.
    command.current_dir(folder).args(["build", "--lib", "--target", TARGET, "--profile", PROFILE]);
    // Defines the profile outside a workspace that has it, and changes nothing inside one.
    command.args(["--config", "profile.driver.inherits='release'"]);
    command.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
    let broken = |error: std::io::Error| {
        let problem =
            Diagnostic::new(Code::DriverBuildFailed, format!("cannot run cargo: {error}"));
        Error::environment(problem.help("install Rust from https://rustup.rs"))
    };
    let mut child = command.spawn().map_err(broken)?;
    let mut component = None;
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        // The requested crate is built last, so the last component is the right one.
        component = component_path(&line.map_err(broken)?).or(component);
    }
    let status = child.wait().map_err(broken)?;
    if !status.success() {
        return Err(build_error(folder, status));
    }
    component.ok_or_else(|| {
        let problem =
            Diagnostic::new(Code::DriverBuildFailed, "the crate does not build a component");
        let problem = problem.in_file(&folder.join(MANIFEST));
        Error::invalid(problem.help("add to `Cargo.toml`:\n[lib]\ncrate-type = [\"cdylib\"]"))
    })
}

/// Returns the component that a line of cargo's messages reports, if any.
fn component_path(line: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let files =
        message["filenames"].as_array().filter(|_| message["reason"] == "compiler-artifact")?;
    files.iter().filter_map(Value::as_str).find(|name| name.ends_with(".wasm")).map(PathBuf::from)
}

fn build_error(folder: &Path, status: std::process::ExitStatus) -> Error {
    let message =
        format!("cannot build the driver: cargo failed ({status}); its messages are above");
    let problem = Diagnostic::new(Code::DriverBuildFailed, message).in_file(folder);
    if has_target(folder) {
        Error::failed(problem)
    } else {
        Error::environment(problem.help(format!("run `rustup target add {TARGET}`")))
    }
}

fn has_target(folder: &Path) -> bool {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(folder).args(["--print", "target-libdir", "--target", TARGET]);
    rustc.output().is_ok_and(|out| Path::new(String::from_utf8_lossy(&out.stdout).trim()).is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn component_path_is_found_in_cargo_messages() {
        let artifact = r#"{"reason":"compiler-artifact","filenames":["/t/a.rlib","/t/a.wasm"]}"#;
        assert_eq!(component_path(artifact), Some(PathBuf::from("/t/a.wasm")));
        for line in [
            "",
            "no json",
            r#"{"reason":"build-finished","success":true}"#,
            r#"{"reason":"compiler-artifact","filenames":["/t/a.rlib"]}"#,
        ] {
            assert_eq!(component_path(line), None, "{line}");
        }
    }
}
