//! `osiris drivers inspect`.

use std::path::PathBuf;

use serde_json::json;

use super::super::render::{STRONG, bytes, paint};
use super::super::shell::Answer;
use super::describe;
use crate::driver::DriverFile;
use crate::problem::Result;
use crate::session::visible;

const EXAMPLES: &str = "\
Examples:
  osiris drivers inspect ./some.wasm
  osiris drivers inspect ./some.wasm --json | jq .imports";

/// Look into a driver's file without running any of its code
///
/// Shows the spec, the hash, what the component wants from its host and what it offers, and the
/// rights that it asks for and would get.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::cli) struct Args {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
}

pub(super) fn inspect(args: &Args) -> Result<Answer> {
    let driver = DriverFile::read(&args.file)?;
    let (spec, sha256) = (&driver.spec, driver.sha256()?);
    let rights = describe::rights(spec);
    let mut text = describe::heading(spec);
    let mut section = |name: &str, lines: &[String]| {
        text.push_str(&format!("{}\n", paint(STRONG, name)));
        lines.iter().for_each(|line| text.push_str(&format!("  {}\n", visible(line))));
    };
    section("File", &[format!("{}, sha256 {sha256}", bytes(driver.size))]);
    section("Modes", &[describe::modes(spec)]);
    section("Asks for and gets", &rights);
    section("Imports", &driver.imports);
    section("Exports", &driver.exports);
    let json = json!({
        "file": args.file,
        "size": driver.size,
        "sha256": sha256,
        "spec": **spec,
        "imports": driver.imports,
        "exports": driver.exports,
        "rights": rights,
    });
    Ok(Answer::new(json, text))
}
