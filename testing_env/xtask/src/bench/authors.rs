//! Measures the waiting times of a driver's author, and the size of drivers.

use anyhow::Result;

use super::Row;
use super::trial::{Trial, in_turn};
use crate::build;
use crate::shell::built;

const PIPELINE: &str = r#"
oml_version: "0.1.0"
name: first
steps:
  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: in.csv}}
"#;

pub(super) fn measure() -> Result<Vec<Row>> {
    build::examples()?;
    let made = |name, language, goal| Ok(Row::alone(name, "s", made(language)?, goal));
    let weighs = |name, file, goal| {
        let bytes = std::fs::metadata(built()?.join(file))?.len();
        Ok(Row::alone(name, "MB", bytes as f64 / 1e6, goal))
    };
    [
        made("new driver in Rust: made, built, passes the kit", "rust", "< 120 s"),
        made("new driver in Python: made, built, passes the kit", "python", "< 60 s"),
        compiling(),
        weighs("CSV extractor, the file", "drivers/filesystem.csv_extractor.wasm", "< 2 MB"),
        weighs("CSV writer, the file", "drivers/filesystem.csv_writer.wasm", "< 2 MB"),
        weighs("example in Python, the file", "examples/python/example.word_count.wasm", "< 20 MB"),
    ]
    .into_iter()
    .collect()
}

/// Measures the time in seconds from nothing to a driver that passes the conformance kit. The
/// second time counts, when dependencies shared by all drivers are compiled.
fn made(language: &str) -> Result<f64> {
    make(language)?;
    make(language)
}

fn make(language: &str) -> Result<f64> {
    let trial = Trial::new("")?;
    let cargo = [("CARGO_TARGET_DIR".to_owned(), built()?.join("authoring").display().to_string())];
    let commands: [&[&str]; 3] = [
        &["new", "acme.people_extractor", "--lang", language, "--dir", "driver"],
        &["build", "driver"],
        &["test", "drivers/acme.people_extractor.wasm", "--cases", "driver/conformance.yaml"],
    ];
    let run = |command: &&[&str]| trial.osiris_with(&[&["drivers"], *command].concat(), &cargo);
    commands.iter().map(run).sum()
}

/// Measures the additional time of a driver's first run.
fn compiling() -> Result<Row> {
    let trial = Trial::new(PIPELINE)?;
    std::fs::write(trial.path().join("in.csv"), "id,name\n1,a\n2,b\n")?;
    trial.warm()?;
    let first = || {
        let cache = tempfile::tempdir_in(built()?)?;
        let cache = ("OSIRIS_CACHE".to_owned(), cache.path().display().to_string());
        trial.osiris_with(&["run", "--last-compile"], &[cache])
    };
    let (first, next) = in_turn(first, || trial.run())?;
    Ok(Row::alone(
        "CSV extractor: compiling it, at its first run",
        "ms",
        1e3 * (first - next),
        "< 500 ms",
    ))
}
