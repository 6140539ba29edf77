//! Builds a JavaScript driver package with the SDK's own builder.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use serde_json::Value;

use super::Builder;

const MANIFEST: &str = "package.json";
/// Path of the SDK's builder after an installation by npm.
const BUILDER_SCRIPT: &str = "node_modules/osiris-sdk/bin/build.js";
/// Help for the oldest Node.js that the SDK supports.
const NODE: &str = "install Node.js 20 or later, with npm, from https://nodejs.org";

/// The builder for npm packages that name a driver.
pub(super) const BUILDER: Builder =
    Builder { marker: "package.json with an \"osiris\" key", fits, build };

fn fits(folder: &Path) -> bool {
    let manifest = fs::read(folder.join(MANIFEST)).ok();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    manifest.is_some_and(|manifest| manifest.get("osiris").is_some())
}

/// Builds the package in this directory and returns the component.
fn build(folder: &Path) -> Result<Vec<u8>> {
    if !folder.join(BUILDER_SCRIPT).is_file() {
        install(folder)?;
    }
    let out = tempfile::tempdir().map_err(|error| {
        let message = format!("cannot create a temporary directory: {error}");
        Error::environment(Diagnostic::new(Code::DriverBuildFailed, message))
    })?;
    let component = out.path().join("driver.wasm");
    let mut node = Command::new("node");
    // In the package's directory, so that configurations of the author's tools apply.
    node.current_dir(folder).arg(BUILDER_SCRIPT).arg(".").arg(&component);
    run(node, "node", folder)?;
    fs::read(&component).map_err(|error| {
        let message = format!("cannot read what the SDK built: {error}");
        Error::environment(Diagnostic::new(Code::DriverBuildFailed, message).in_file(&component))
    })
}

/// Installs the driver's dependencies into `node_modules/`, exactly as locked if a lockfile
/// exists. No script of a package runs.
fn install(folder: &Path) -> Result<()> {
    let locked = folder.join("package-lock.json").is_file();
    let mut npm = Command::new("npm");
    npm.current_dir(folder).arg(if locked { "ci" } else { "install" }).args([
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
    ]);
    run(npm, "npm", folder)?;
    if folder.join(BUILDER_SCRIPT).is_file() {
        return Ok(());
    }
    let problem =
        Diagnostic::new(Code::DriverBuildFailed, "the package does not depend on `osiris-sdk`");
    Err(Error::invalid(problem.in_file(&folder.join(MANIFEST)).help(
        "add to `devDependencies`: \"osiris-sdk\": \"file:vendor/osiris-sdk\"\n\
         or create a package with `osiris drivers new --lang javascript`",
    )))
}

/// Runs a tool with all its output on stderr.
fn run(mut command: Command, tool: &str, folder: &Path) -> Result<()> {
    command.stdin(Stdio::null()).stdout(std::io::stderr());
    let status = command.status().map_err(|error| {
        let problem =
            Diagnostic::new(Code::DriverBuildFailed, format!("cannot run {tool}: {error}"));
        Error::environment(problem.help(NODE))
    })?;
    if status.success() {
        return Ok(());
    }
    let message =
        format!("cannot build the driver: {tool} failed ({status}); its messages are above");
    Err(Error::failed(Diagnostic::new(Code::DriverBuildFailed, message).in_file(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_without_osiris_key_is_not_a_driver() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!fits(folder.path()));
        for (manifest, expected) in [
            (r#"{"name": "web"}"#, false),
            ("no json", false),
            (r#"{"osiris": {"driver": "src/driver.js"}}"#, true),
        ] {
            fs::write(folder.path().join(MANIFEST), manifest).unwrap();
            assert_eq!(fits(folder.path()), expected, "{manifest}");
        }
    }
}
