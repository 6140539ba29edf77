//! The demo: compiles and runs the sample pipeline.

use anyhow::Result;

use crate::build;
use crate::shell::{command, osiris, root, run as must};

/// Builds what the demo needs and runs it.
pub(crate) fn run() -> Result<()> {
    build::host()?;
    build::file_drivers()?;
    let project = root().join("testing_env");
    let osiris = osiris()?;
    for arguments in [&["compile", "pipelines/penguins.yaml"][..], &["run", "--last-compile"]] {
        println!("\n$ osiris {}", arguments.join(" "));
        must(command(&osiris, arguments).current_dir(&project))?;
    }
    println!("\n$ head -3 output/penguins.csv");
    let text = std::fs::read_to_string(project.join("output/penguins.csv"))?;
    text.lines().take(3).for_each(|line| println!("{line}"));
    Ok(())
}
