//! The tests, by part.

use anyhow::{Result, bail};

use crate::build;
use crate::shell::{cargo, cargo_path, command, run as run_command};

/// Each part and the arguments of the `cargo test` that runs it. Selecting the whole workspace
/// keeps the features, and so the compiled dependencies, those of the build before.
const PARTS: [(&str, &[&str]); 6] = [
    ("spine", &["--workspace", "--features", "osiris-sdk/arrow"]),
    ("databases", &["--workspace", "--features", "osiris-sdk/arrow", "--test", "databases"]),
    (
        "e2b",
        &[
            "--workspace",
            "--features",
            "osiris-sdk/arrow",
            "--test",
            "e2b",
            "--test",
            "worker",
            "--test",
            "sdks",
        ],
    ),
    ("parity", PARITY),
    ("hostile", &["--workspace", "--features", "osiris-sdk/arrow", "--test", "hostile"]),
    ("sdk", &["--package", "osiris-sdk", "--all-features"]),
];

const PARITY: &[&str] = &["--workspace", "--features", "osiris-sdk/arrow", "--test", "parity"];

/// Runs the parity suite against E2B itself.
pub(crate) fn live() -> Result<()> {
    if std::env::var_os("E2B_API_KEY").is_none() {
        bail!("E2B_API_KEY is not set: it is the key of the account whose sandboxes are used");
    }
    build::host()?;
    build::drivers()?;
    build::test_drivers()?;
    eprintln!("Testing parity in E2B ...");
    let mut command = command(cargo_path(), &[]);
    run_command(command.arg("test").args(PARITY).env("OSIRIS_TEST_LIVE", "1"))
}

/// Builds everything and runs the named parts, or all.
pub(crate) fn run(names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| !PARTS.iter().any(|(part, _)| part == name)) {
        let parts = PARTS.map(|(part, _)| part).join(", ");
        bail!("there is no part `{unknown}`; there are {parts}");
    }
    build::host()?;
    build::drivers()?;
    build::test_drivers()?;
    for (part, arguments) in PARTS {
        // The spine holds all the others.
        if names.iter().any(|name| name == part) || (names.is_empty() && part == "spine") {
            eprintln!("Testing {part} ...");
            cargo(&[&["test"], arguments].concat())?;
        }
    }
    Ok(())
}
