//! Measures the cost of the host's checks in the copy of a CSV file. Each check is repeated in
//! one process for everything that one copy sends and logs, and timed next to whole copies in the
//! same process. CPU time is compared, because the steps of a copy overlap.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::csv::PIPELINE;
use super::trial::Trial;
use super::{Row, data};
use crate::shell::{build_dir, cargo, command};

/// CPU seconds, as printed by `host/runtime/examples/checks.rs`.
#[derive(Deserialize)]
struct Seconds {
    /// A whole copy.
    copy: f64,
    /// A whole copy by code without interruption checks.
    copy_without_interrupts: f64,
    /// Validating all batches of a copy.
    validation: f64,
    /// Searching four secrets in everything that a copy logs.
    redaction: f64,
}

pub(super) fn measure() -> Result<Vec<Row>> {
    // With the features of the tests, so that nothing is compiled twice.
    cargo(&["build", "--workspace", "--features", "osiris-sdk/arrow", "--example", "checks"])?;
    let trial = Trial::new(PIPELINE)?;
    data::write_csv(&trial.path().join("in.csv"), 1_000_000)?;
    let program =
        build_dir()?.join("examples/checks").with_extension(std::env::consts::EXE_EXTENSION);
    let output = command(program, &[]).arg(trial.path()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let seconds: Seconds = serde_json::from_str(&text)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    let Seconds { copy, copy_without_interrupts, validation, redaction } = seconds;
    // A negative difference is noise.
    let interrupts = (copy - copy_without_interrupts).max(0.0);
    let row = |name, seconds: f64, goal| Row::alone(name, "%", 100.0 * seconds / copy, goal);
    Ok(vec![
        row("CSV copy: CPU time of checking its batches again / of the copy", validation, "-"),
        row(
            "CSV copy: CPU time of masking all that it says again, 4 secrets / of the copy",
            redaction,
            "-",
        ),
        row(
            "CSV copy: CPU time of these checks of the host / of the copy",
            validation + redaction,
            "< 5 %",
        ),
        row(
            "CSV copy: CPU time beyond that of drivers that cannot be interrupted / of the copy",
            interrupts,
            "-",
        ),
    ])
}
