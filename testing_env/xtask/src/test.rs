//! Runs the tests, by part.

use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{cargo_path, command, run as run_command};
use crate::{build, dist};

/// Arguments for the whole workspace: the same features as in the build before, so that compiled
/// dependencies are reused.
pub(crate) const WORKSPACE: [&str; 4] = ["test", "--workspace", "--features", "osiris-sdk/arrow"];

/// The parts with their test programs. The part `all` contains all programs.
pub(crate) const PARTS: [(&str, &[&str]); 11] = [
    ("all", &[]),
    ("databases", &["databases", "connections"]),
    (
        "e2b",
        &[
            "e2b",
            "e2b_commands",
            "e2b_secrets",
            "hostile_worker",
            "large_in_e2b",
            "worker",
            "sdks",
            "emulator",
        ],
    ),
    (PARITY, &["parity", "cases_in_e2b"]),
    (
        "hostile",
        &[
            "compiling",
            "crowded",
            "damaged",
            "e2b_secrets",
            "process_sandbox",
            "hostile",
            "hostile_worker",
            "neighbours",
            "passwords",
            "provenance",
            "secrets",
            "side_by_side",
            "waits",
        ],
    ),
    (INSTALL, &["install"]),
    ("supply", &["supply", "wkg"]),
    ("trust", &["trust"]),
    ("conformance", &["conformance"]),
    ("languages", &["authoring", "evolution", "javascript", "languages", "python"]),
    ("sdk", &[]),
];

const INSTALL: &str = "install";
const PARITY: &str = "parity";

/// Builds everything and runs the named parts, or all.
pub(crate) fn run(names: &[String]) -> Result<()> {
    build_all()?;
    if names.is_empty() || names.iter().any(|name| name == "all" || name == INSTALL) {
        dist::for_tests()?;
    }
    for (part, programs) in PARTS {
        // The part `all` includes all other parts.
        if names.iter().any(|name| name == part) || (names.is_empty() && part == "all") {
            eprintln!("Testing {part} ...");
            run_command(&mut cargo_test(part, programs))?;
        }
    }
    Ok(())
}

/// Runs the parity suite against E2B itself.
pub(crate) fn live() -> Result<()> {
    if std::env::var_os("E2B_API_KEY").is_none() {
        bail!("E2B_API_KEY is not set: it is the key of the account whose sandboxes are used");
    }
    build_all()?;
    eprintln!("Testing parity in E2B ...");
    run_command(cargo_test(PARITY, &["parity"]).env("OSIRIS_TEST_LIVE", "1"))
}

pub(crate) fn build_all() -> Result<()> {
    build::host()?;
    build::drivers()?;
    build::test_drivers()?;
    build::wkg()?;
    build::examples()
}

/// Creates the `cargo test` command of a part.
fn cargo_test(part: &str, programs: &[&str]) -> Command {
    if part == "sdk" {
        return command(cargo_path(), &["test", "--package", "osiris-sdk", "--all-features"]);
    }
    let mut command = command(cargo_path(), &WORKSPACE);
    for program in programs {
        command.args(["--test", program]);
    }
    command
}
