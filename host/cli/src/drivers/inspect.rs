//! `osiris drivers inspect`.

use std::path::PathBuf;

use osiris_core::canonical;
use osiris_core::diagnostic::Result;
use osiris_core::driver::catalog::is_built_in;
use osiris_core::driver::compat::contract_of;
use osiris_core::driver::{DriverFile, Producer, nonstandard_import, producers};
use osiris_core::sanitize::escape_control;
use serde_json::{Value, json};

use super::super::render::{BOLD, ERROR, format_bytes, paint};
use super::super::shell::{CommandOutput, Shell};
use super::describe;
use super::trust_report::TrustReport;

const EXAMPLES: &str = "\
Examples:
  osiris drivers inspect ./some.wasm
  osiris drivers inspect ./some.wasm --json | jq .here

A permission is allowed (✓) if the driver's spec declares it and no ceiling of the
project denies it, bounded (!) if a step's configuration decides, denied (✗), or not
requested (-).";

/// Inspect a driver file without running its code
///
/// Shows the spec, the hash, the signers, the tools that built the driver, its imports and exports,
/// and its permissions in this project with the reasons.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Driver file
    #[arg(value_name = "FILE.wasm")]
    file: PathBuf,
}

pub(super) fn inspect(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let content = DriverFile::bytes(&args.file)?;
    let sha256 = canonical::sha256(&content);
    let mut driver = DriverFile::of(&content, &args.file)?;
    driver.built_in = is_built_in(&args.file);
    let project = shell.project()?;
    let report = TrustReport::of(&driver, &content, &sha256, &project)?;
    let spec = &driver.spec;
    let producers = producers(&content);
    let contract = contract_of(&driver);
    let unusual: Vec<(&String, String)> = driver
        .imports
        .iter()
        .filter_map(|import| Some((import, nonstandard_import(import)?)))
        .collect();
    let mut text = describe::heading(spec);
    // The lines can contain styles, and their content is escaped.
    let mut section = |name: &str, lines: &[String]| {
        text.push_str(&format!("{}\n", paint(BOLD, name)));
        lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    };
    section("File", &[format!("{}, sha256 {sha256}", format_bytes(driver.size))]);
    section("Signed by", &report.signers());
    section("Built with", &[format_producers(&producers)]);
    section("Modes", &[describe::modes(spec)]);
    section("In this project", &report.here());
    section("Contract", &[escape_control(contract.as_deref().unwrap_or("none")).into_owned()]);
    let imports = driver.imports.iter().map(|import| {
        let why = unusual.iter().find(|(name, _)| *name == import);
        let why = why.map(|(_, why)| format!("  {}", paint(ERROR, &format!("unusual: {why}"))));
        format!("{}{}", escape_control(import), why.unwrap_or_default())
    });
    section("Imports", &imports.collect::<Vec<_>>());
    let exports = driver.exports.iter().map(|export| escape_control(export).into_owned());
    section("Exports", &exports.collect::<Vec<_>>());
    let unusual: Vec<Value> =
        unusual.iter().map(|(import, why)| json!({"import": import, "why": why})).collect();
    let (signers, here) = report.json();
    let json = json!({
        "file": args.file,
        "size": driver.size,
        "sha256": sha256,
        "signers": signers,
        "producers": producers,
        "contract": contract,
        "spec": **spec,
        "imports": driver.imports,
        "unusual_imports": unusual,
        "exports": driver.exports,
        "here": here,
    });
    Ok(CommandOutput::new(json, text))
}

/// Formats the tools like `Rust 1.95, wit-component 0.254`.
fn format_producers(producers: &[Producer]) -> String {
    let one = |producer: &Producer| {
        escape_control(format!("{} {}", producer.name, producer.version).trim_end()).into_owned()
    };
    match producers.is_empty() {
        true => "unknown".to_owned(),
        false => producers.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}
