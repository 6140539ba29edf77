//! The tests, by part.

use anyhow::{Result, bail};

use crate::build;
use crate::shell::cargo;

/// Each part and the arguments of the `cargo test` that runs it. Selecting the whole workspace
/// keeps the features, and so the compiled dependencies, those of the build before.
const PARTS: [(&str, &[&str]); 4] = [
    ("spine", &["--workspace", "--features", "osiris-sdk/arrow"]),
    ("databases", &["--workspace", "--features", "osiris-sdk/arrow", "--test", "databases"]),
    ("hostile", &["--workspace", "--features", "osiris-sdk/arrow", "--test", "hostile"]),
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
    for (part, arguments) in PARTS {
        // The spine holds all the others.
        if names.iter().any(|name| name == part) || (names.is_empty() && part == "spine") {
            eprintln!("Testing {part} ...");
            cargo(&[&["test"], arguments].concat())?;
        }
    }
    Ok(())
}
