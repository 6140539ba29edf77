//! `osiris version`.

use osiris_core::contract::CONTRACT;
use osiris_core::driver::embedded::{self, EmbeddedDriver};
use serde_json::json;

use super::shell::CommandOutput;

/// The drivers inside this program.
static DRIVERS: &[EmbeddedDriver] = include!(concat!(env!("OUT_DIR"), "/drivers.rs"));

/// Version of the program.
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Version of wasmtime.
const ENGINE: &str = env!("OSIRIS_ENGINE");
/// Commit of a release build and its date, otherwise empty.
const COMMIT: &str = env!("OSIRIS_COMMIT");
/// Version with the commit of a release build: `0.1.0 (1a2b3c4d 2026-11-30)`.
pub(super) const LONG: &str = match COMMIT.len() {
    0 => VERSION,
    _ => concat!(env!("CARGO_PKG_VERSION"), " (", env!("OSIRIS_COMMIT"), ")"),
};

const EXAMPLES: &str = "\
Examples:
  osiris version
  osiris version --json | jq -r .contract";

/// Show the versions of osiris, its engine and its contract
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {}

/// Returns whether the output of `osiris --version` is that of a build of the same version, and of
/// the same commit if this build knows its own.
pub(super) fn matches(output: &str) -> bool {
    let Some(other) = output.strip_prefix("osiris ") else { return false };
    other == LONG
        || (COMMIT.is_empty()
            && other.split_once(" (").is_some_and(|(version, _)| version == VERSION))
}

/// Declares the drivers inside this program.
pub(super) fn declare_drivers() {
    embedded::declare(DRIVERS);
}

pub(super) fn version() -> CommandOutput {
    let target = env!("OSIRIS_TARGET");
    let drivers: Vec<&str> = DRIVERS.iter().map(|driver| driver.name).collect();
    let text = format!(
        "osiris {LONG}\nengine    wasmtime {ENGINE}\ncontract  {CONTRACT}\ntarget    {target}\ndrivers   {} in the program\n",
        drivers.len(),
    );
    let commit = COMMIT.split_once(' ').map(|(commit, _)| commit);
    let json = json!({
        "version": VERSION, "commit": commit, "engine": format!("wasmtime {ENGINE}"),
        "contract": CONTRACT, "target": target, "built_in_drivers": drivers,
    });
    CommandOutput::new(json, text)
}
