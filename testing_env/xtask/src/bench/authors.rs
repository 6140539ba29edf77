//! Measures the waiting times of a driver's author, and the size of drivers.

use anyhow::Result;

use super::Row;
use super::trial::{Trial, in_turn};
use crate::build;
use crate::shell::build_dir;

const PIPELINE: &str = r#"
oml_version: "0.1.0"
name: first
steps:
  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: in.csv}}
"#;

pub(super) fn measure() -> Result<Vec<Row>> {
    build::examples()?;
    let time_row =
        |name, language, goal| Ok(Row::alone(name, "s", measure_creation(language)?, goal));
    let size_row = |name, file, goal| {
        let bytes = std::fs::metadata(build_dir()?.join(file))?.len();
        Ok(Row::alone(name, "MB", bytes as f64 / 1e6, goal))
    };
    [
        time_row("new driver in Rust: made, built, passes the kit", "rust", "< 120 s"),
        time_row("new driver in Python: made, built, passes the kit", "python", "< 60 s"),
        measure_compilation(),
        size_row("CSV extractor, the file", "drivers/filesystem.csv_extractor.wasm", "< 2 MB"),
        size_row("CSV writer, the file", "drivers/filesystem.csv_writer.wasm", "< 2 MB"),
        size_row(
            "example in Python, the file",
            "examples/python/example.word_count.wasm",
            "< 20 MB",
        ),
    ]
    .into_iter()
    .collect()
}

/// Measures the time in seconds from nothing to a driver that passes the conformance kit. The
/// second time counts, when dependencies shared by all drivers are compiled.
fn measure_creation(language: &str) -> Result<f64> {
    create_driver(language)?;
    create_driver(language)
}

fn create_driver(language: &str) -> Result<f64> {
    let trial = Trial::new("")?;
    let cargo =
        [("CARGO_TARGET_DIR".to_owned(), build_dir()?.join("authoring").display().to_string())];
    let commands: [&[&str]; 3] = [
        &["new", "acme.people_extractor", "--lang", language, "--dir", "driver"],
        &["build", "driver"],
        &["test", "drivers/acme.people_extractor.wasm", "--cases", "driver/conformance.yaml"],
    ];
    let run = |command: &&[&str]| trial.osiris_with(&[&["drivers"], *command].concat(), &cargo);
    commands.iter().map(run).sum()
}

/// Measures the additional time of a driver's first run.
fn measure_compilation() -> Result<Row> {
    let trial = Trial::new(PIPELINE)?;
    std::fs::write(trial.path().join("in.csv"), "id,name\n1,a\n2,b\n")?;
    trial.warm()?;
    let first = || {
        let cache = tempfile::tempdir_in(build_dir()?)?;
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
