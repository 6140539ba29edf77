//! `osiris drivers build`.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::render::{DIM, GOOD, STRONG, bytes, paint};
use super::super::shell::{Answer, Shell, shown};
use super::cargo;
use crate::atomic;
use crate::driver::DriverFile;
use crate::problem::{Error, Problem, Result};

const EXAMPLES: &str = "\
Examples:
  osiris drivers build my-driver                  into the project's drivers/
  osiris drivers build plugins/* --out drivers    several, into another folder

A driver is a Rust crate that uses osiris-sdk. It is built for wasm32-wasip2 in
cargo's profile `driver`, which is `release` unless the workspace says more.";

/// Build drivers from their crates and put them where pipelines find them
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The crates' folders
    #[arg(value_name = "DIR", required = true)]
    crates: Vec<PathBuf>,
    /// Where the drivers go; without it, the project's drivers folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn build(args: &Args, shell: &Shell) -> Result<Answer> {
    let out = match &args.out {
        Some(out) => out.clone(),
        None => shell.project()?.drivers_dir(),
    };
    let (mut text, mut drivers) = (String::new(), Vec::new());
    for folder in &args.crates {
        let component = cargo::build(folder)?;
        let driver = install(&component, &out)?;
        let (spec, sha256) = (&driver.spec, driver.sha256()?);
        text.push_str(&format!(
            "{} {} {}  {}  {}\n",
            paint(GOOD, "✓"),
            paint(STRONG, &spec.name),
            spec.version,
            bytes(driver.size),
            paint(DIM, &format!("{}  sha256 {sha256}", shown(&driver.path))),
        ));
        drivers.push(json!({
            "name": spec.name, "version": spec.version, "file": driver.path,
            "size": driver.size, "sha256": sha256,
        }));
    }
    Ok(Answer::new(json!({"drivers": drivers}), text))
}

/// Copies a built component to `<out>/<name>.wasm`, whole or not at all.
fn install(component: &Path, out: &Path) -> Result<DriverFile> {
    let driver = DriverFile::read(component)?;
    let path = out.join(format!("{}.wasm", driver.spec.name));
    let copy = || {
        fs::create_dir_all(out)?;
        atomic::write(&path, &fs::read(component)?)
    };
    copy().map_err(|error| {
        let message = format!("cannot put the driver `{}` here: {error}", driver.spec.name);
        Error::environment(Problem::new("driver_build", message).in_file(&path))
    })?;
    DriverFile::read(&path)
}
