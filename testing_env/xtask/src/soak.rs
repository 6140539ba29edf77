//! Runs the soak test: many runs in one process.

use anyhow::Result;

use crate::shell::{cargo_path, command, run as run_command};
use crate::test;

/// Builds everything and executes the soak test with `runs` runs, printing the process's
/// resources.
pub(crate) fn run(runs: u32) -> Result<()> {
    test::build_all()?;
    let mut soak = command(cargo_path(), &test::WORKSPACE);
    soak.args(["--test", "soak", "--", "--nocapture"]).env("OSIRIS_SOAK_RUNS", runs.to_string());
    run_command(&mut soak)
}
