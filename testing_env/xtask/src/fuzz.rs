//! Fuzzing with cargo-fuzz and libFuzzer. No sanitizer is used, since that would need a nightly
//! compiler: the findings are panics, violated invariants, and inputs that take too much time or
//! memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::shell::{build_dir, cargo, cargo_path, command, root, run as run_command};

/// Programs in `tests/fuzz/targets`.
pub(crate) const TARGETS: [&str; 8] =
    ["pipeline", "connections", "spec", "component", "batch", "worker", "envd", "host_calls"];
/// Time limit for one input in seconds; a slower input is a finding.
const SLOW: u32 = 10;
/// Memory limit of a target in MiB.
const MEMORY: u32 = 2048;

/// The amount of fuzzing per target.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Effort {
    /// Seconds, continuing from the inputs of earlier runs.
    Seconds(u32),
    /// Number of inputs, starting from the seeds alone, the same ones each time.
    Inputs(u32),
}

/// Builds the targets and runs the named ones, or all.
pub(crate) fn run(names: &[String], effort: Effort) -> Result<()> {
    let version = Command::new(cargo_path()).args(["fuzz", "--version"]).output()?;
    if !version.status.success() {
        eprintln!("Installing cargo-fuzz ...");
        cargo(&["install", "cargo-fuzz", "--locked"])?;
    }
    eprintln!("Building the fuzz targets (the first time takes some minutes) ...");
    run_command(&mut fuzz("build", &[])?)?;
    for target in TARGETS {
        if names.is_empty() || names.iter().any(|name| name == target) {
            eprintln!("Fuzzing {target} ...");
            fuzz_target(target, effort)?;
        }
    }
    Ok(())
}

fn fuzz_target(target: &str, effort: Effort) -> Result<()> {
    let folder = inputs_folder(target, effort)?;
    let folder = folder.to_string_lossy();
    // New inputs are added to the first directory; the others are only read.
    let mut corpora = vec![target, &folder];
    let seeds = seeds_folder(target);
    let seeds = seeds.to_string_lossy();
    if Path::new(&*seeds).is_dir() {
        corpora.push(&seeds);
    }
    let amount = match effort {
        Effort::Seconds(seconds) => [format!("-max_total_time={seconds}"), "-seed=0".to_owned()],
        Effort::Inputs(inputs) => [format!("-runs={inputs}"), "-seed=1".to_owned()],
    };
    let limits = [
        format!("-timeout={SLOW}"),
        format!("-rss_limit_mb={MEMORY}"),
        // Prints findings only; naming each newly reached function takes most of the time.
        "-verbosity=0".to_owned(),
        "-print_funcs=0".to_owned(),
        "-print_final_stats=1".to_owned(),
    ];
    corpora.push("--");
    corpora.extend(amount.iter().chain(&limits).map(String::as_str));
    run_command(&mut fuzz("run", &corpora)?)
}

/// Creates a cargo-fuzz command. Uses a separate target directory, because its code is
/// instrumented.
fn fuzz(verb: &str, arguments: &[&str]) -> Result<Command> {
    let mut command = command(cargo_path(), &["fuzz", verb, "--fuzz-dir", "tests/fuzz"]);
    command
        .args(["--sanitizer", "none", "--dev", "--target-dir"])
        .arg(work_folder()?.join("target"));
    command.args(arguments);
    Ok(command)
}

/// Returns the directory of programs and found inputs, which are kept for the next time.
fn work_folder() -> Result<PathBuf> {
    Ok(build_dir()?.join("fuzz"))
}

/// Returns the directory for the inputs that a target finds.
fn inputs_folder(target: &str, effort: Effort) -> Result<PathBuf> {
    let folder = match effort {
        Effort::Seconds(_) => work_folder()?.join(target),
        Effort::Inputs(_) => {
            let folder = work_folder()?.join("fresh").join(target);
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            folder
        }
    };
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn seeds_folder(target: &str) -> PathBuf {
    root().join("tests/fuzz/seeds").join(target)
}
