//! `osiris validate`.

use std::path::PathBuf;

use osiris_core::diagnostic::Result;
use osiris_core::sanitize::escape_control;
use serde_json::json;

use super::compile_args::{CompileArgs, warn};
use super::complete;
use super::render::{BOLD, SUCCESS, paint};
use super::shell::{CommandOutput, Shell};

const EXAMPLES: &str = "\
Examples:
  osiris validate hello
  osiris validate hello --profile prod --param day=2026-01-31
  osiris validate hello --json";

/// Validate a pipeline
///
/// Reports all problems that a run would find before it starts, each with its place in the file:
/// unknown keys, drivers and connections, invalid options, parameters without a value, secrets in
/// the file. Input files and environment variables that are missing here are warnings.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Pipeline: its name in pipelines/, or its file
    #[arg(value_name = "PIPELINE", add = complete::pipelines())]
    file: PathBuf,
    #[command(flatten)]
    values: CompileArgs,
}

pub(super) fn validate(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let workspace = shell.workspace()?;
    let file = workspace.pipeline_file(&args.file)?;
    let checked = workspace.preflight(&file, &args.values.options()?)?;
    workspace.admit(&checked.manifest, &checked.configs)?;
    warn(&checked.warnings, shell);
    let json = json!({
        "file": file,
        "pipeline": checked.manifest.name,
        "steps_total": checked.manifest.steps.len(),
        "warnings": checked.warnings,
    });
    let (name, steps) = (escape_control(&checked.manifest.name), checked.manifest.steps.len());
    let noun = if steps == 1 { "step" } else { "steps" };
    let text = format!("{} {} is valid: {steps} {noun}", paint(SUCCESS, "✓"), paint(BOLD, &name));
    Ok(CommandOutput::new(json, text))
}
