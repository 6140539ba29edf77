//! Fuzzing, by cargo-fuzz and libFuzzer. No sanitizer, which would take a nightly compiler: what is
//! found are panics, broken promises, inputs that take too long and such that take too much memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::shell::{built, cargo, cargo_path, command, root, run as run_command};

/// Each is a program in `tests/fuzz/targets`.
pub(crate) const TARGETS: [&str; 8] =
    ["pipeline", "connections", "spec", "component", "batch", "worker", "envd", "host_calls"];
/// An input that takes longer counts as found, in seconds.
const SLOW: u32 = 10;
/// The most memory that a target may take, in MiB.
const MEMORY: u32 = 2048;

/// How far each target goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Effort {
    /// So long, from where the last time ended.
    Seconds(u32),
    /// So many inputs, from the seeds alone, the same ones each time.
    Inputs(u32),
}

/// Builds the targets and runs the named ones, or all.
pub(crate) fn run(names: &[String], effort: Effort) -> Result<()> {
    let there = Command::new(cargo_path()).args(["fuzz", "--version"]).output()?;
    if !there.status.success() {
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
    let found = found(target, effort)?;
    let folder = found.to_string_lossy();
    // What is found is added to the first folder; the others are only read.
    let mut corpora = vec![target, &folder];
    let seeds = folder_of_seeds(target);
    let seeds = seeds.to_string_lossy();
    if Path::new(&*seeds).is_dir() {
        corpora.push(&seeds);
    }
    let end = match effort {
        Effort::Seconds(seconds) => [format!("-max_total_time={seconds}"), "-seed=0".to_owned()],
        Effort::Inputs(inputs) => [format!("-runs={inputs}"), "-seed=1".to_owned()],
    };
    let limits = [
        format!("-timeout={SLOW}"),
        format!("-rss_limit_mb={MEMORY}"),
        // Only what is found is worth a line; naming each function that is reached takes most of the time.
        "-verbosity=0".to_owned(),
        "-print_funcs=0".to_owned(),
        "-print_final_stats=1".to_owned(),
    ];
    corpora.push("--");
    corpora.extend(end.iter().chain(&limits).map(String::as_str));
    run_command(&mut fuzz("run", &corpora)?)
}

/// A command of cargo-fuzz. Its own target folder, because everything in it is instrumented.
fn fuzz(verb: &str, arguments: &[&str]) -> Result<Command> {
    let mut command = command(cargo_path(), &["fuzz", verb, "--fuzz-dir", "tests/fuzz"]);
    command.args(["--sanitizer", "none", "--dev", "--target-dir"]).arg(work()?.join("target"));
    command.args(arguments);
    Ok(command)
}

/// Where programs and found inputs lie: they are kept, and the next time goes on from there.
fn work() -> Result<PathBuf> {
    Ok(built()?.join("fuzz"))
}

/// Where the inputs that a target finds are put.
fn found(target: &str, effort: Effort) -> Result<PathBuf> {
    let folder = match effort {
        Effort::Seconds(_) => work()?.join(target),
        Effort::Inputs(_) => {
            let folder = work()?.join("fresh").join(target);
            if folder.exists() {
                fs::remove_dir_all(&folder)?;
            }
            folder
        }
    };
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn folder_of_seeds(target: &str) -> PathBuf {
    root().join("tests/fuzz/seeds").join(target)
}
