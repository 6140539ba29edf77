//! `osiris drivers build`.

mod cargo;
mod javascript;
mod python;

use std::fs;
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::{DriverFile, pack};
use osiris_core::text::join_or;
use serde_json::json;

use super::super::shell::{CommandOutput, Shell};
use super::install::{Component, install, output, read_spec};

const EXAMPLES: &str = "\
Examples:
  osiris drivers build my-driver                  into the project's drivers/
  osiris drivers build plugins/* --out drivers    several drivers, into another directory

A driver in Rust is a crate that uses osiris-sdk. It is built for wasm32-wasip2 with
cargo's profile `driver`, which is `release` unless the workspace defines it. A driver
in JavaScript is an npm package with an \"osiris\" key in package.json; npm installs
its dependencies, including the SDK, on the first build. A driver in Python has a
pyproject.toml with [tool.osiris]; componentize-py, which builds it, is installed into
the cache of osiris on the first build.";

/// Build drivers from source and install them into the project
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Driver directories, each with a spec.yaml and a project in its language
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// Output directory; the project's drivers directory by default
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Builds components in one language.
struct Builder {
    /// The file that marks a project, for messages.
    marker: &'static str,
    /// Returns whether a directory contains such a project.
    fits: fn(&Path) -> bool,
    /// Builds a component and returns its bytes. Output of tools goes to stderr.
    build: fn(&Path) -> Result<Vec<u8>>,
}

/// The builders, in the order in which they are tried.
const BUILDERS: [Builder; 3] = [cargo::BUILDER, javascript::BUILDER, python::BUILDER];

pub(super) fn build(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let out = match &args.out {
        Some(out) => out.clone(),
        None => shell.project()?.layout.drivers_dir(),
    };
    let (mut text, mut drivers) = (String::new(), Vec::new());
    for folder in &args.folders {
        let (json, line) = output(&build_one(folder, &out, shell)?)?;
        drivers.push(json);
        text.push_str(&line);
    }
    Ok(CommandOutput::new(json!({"drivers": drivers}), text))
}

/// Builds the driver in a directory and writes it to another as `<name>.wasm`.
fn build_one(folder: &Path, out: &Path, shell: &Shell) -> Result<DriverFile> {
    let builder = builder(folder)?;
    // Checked before the tools run, which can take long.
    let spec = folder.join("spec.yaml");
    read_spec(&spec)?;
    let bytes = (builder.build)(folder)?;
    // A spec that the language's SDK embedded is kept, since it is the same.
    let embedded = pack::has_spec(&bytes);
    let embedded = embedded.map_err(|problem| Error::invalid(problem.in_file(folder)))?;
    let spec = (!embedded).then_some(spec.as_path());
    let component = Component { file: folder, bytes: &bytes, spec, keep_names: false };
    install(&component, shell, |name| out.join(format!("{name}.wasm")))
}

/// Returns the builder for the project in a directory.
fn builder(folder: &Path) -> Result<&'static Builder> {
    if let Some(builder) = BUILDERS.iter().find(|builder| (builder.fits)(folder)) {
        return Ok(builder);
    }
    let markers: Vec<&str> = BUILDERS.iter().map(|builder| builder.marker).collect();
    let (message, help) = match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => (
            format!("cannot find a driver project: no {}", join_or(&markers)),
            "create a driver with `osiris drivers new acme.crm_extractor`",
        ),
        Ok(_) => (
            "expected a directory, found a file".to_owned(),
            "name the driver's directory, or pack a component with `osiris drivers pack`",
        ),
        Err(error) => (format!("cannot read the driver's directory: {error}"), "check the path"),
    };
    Err(Error::invalid(
        Diagnostic::new(Code::DriverBuildFailed, message).in_file(folder).help(help),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_project_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = builder(folder.path()).err().unwrap().to_string();
        assert!(error.starts_with("cannot find a driver project: no Cargo.toml"), "{error}");
        let missing = builder(&folder.path().join("missing")).err().unwrap().to_string();
        assert!(missing.starts_with("cannot read the driver's directory: "), "{missing}");
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = builder(&file).err().unwrap().to_string();
        assert!(error.contains("osiris drivers pack"), "{error}");
    }
}
