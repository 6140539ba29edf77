//! The tests, by part.

use anyhow::{Result, bail};

use crate::build;
use crate::shell::cargo;

/// Each part and the arguments of the `cargo test` that runs it.
const PARTS: [(&str, &[&str]); 3] = [
    (
        "spine",
        &[
            "--package",
            "osiris",
            "--package",
            "filesystem-csv-extractor",
            "--package",
            "filesystem-csv-writer",
            "--package",
            "osiris-tests",
        ],
    ),
    ("hostile", &["--package", "osiris-tests", "--test", "hostile"]),
    ("sdk", &["--package", "osiris-sdk", "--all-features"]),
];

/// Builds everything and runs the named parts, or all.
pub(crate) fn run(names: &[String]) -> Result<()> {
    if let Some(unknown) = names.iter().find(|name| !PARTS.iter().any(|(part, _)| part == name)) {
        let parts = PARTS.map(|(part, _)| part).join(", ");
        bail!("there is no part `{unknown}`; there are {parts}");
    }
    build::host()?;
    build::drivers()?;
    build::test_drivers()?;
    let all = names.is_empty();
    for (part, arguments) in PARTS {
        // All of `hostile` is in `spine` already.
        if names.iter().any(|name| name == part) || (all && part != "hostile") {
            eprintln!("Testing {part} ...");
            cargo(&[&["test"], arguments].concat())?;
        }
    }
    Ok(())
}
