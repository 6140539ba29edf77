//! `osiris compile`.

use std::path::PathBuf;

use osiris_core::diagnostic::Result;
use osiris_core::sanitize::escape_control;
use serde_json::json;

use super::compile_args::{self, CompileArgs};
use super::complete;
use super::render::{BOLD, DIM, SUCCESS, paint};
use super::shell::{CommandOutput, Shell, display_path};

const EXAMPLES: &str = "\
Examples:
  osiris compile hello
  osiris compile hello --profile prod --param day=2026-01-31
  osiris run --last-compile               run the compiled pipeline

The same pipeline, parameters and drivers produce the same bytes and the same hash
on any machine. Builds are written to .osiris/build in the project.";

/// Compile a pipeline into a runnable manifest
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Pipeline: its name in pipelines/, or its file
    #[arg(value_name = "PIPELINE", add = complete::pipelines())]
    file: PathBuf,
    #[command(flatten)]
    values: CompileArgs,
}

pub(super) fn compile(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let workspace = shell.workspace()?;
    let build = compile_args::compile(&workspace, &args.file, &args.values, shell)?;
    workspace.admit(&build.manifest, &build.configs)?;
    let (manifest, path) = (&build.manifest, build.manifest_file());
    let profile = Some(&manifest.meta.profile).filter(|profile| !profile.is_empty());
    let json = json!({
        "pipeline": manifest.name,
        "manifest_file": path,
        "manifest_hash": manifest.meta.manifest_hash,
        "manifest_short": manifest.meta.manifest_short,
        "profile": profile,
        "steps_total": manifest.steps.len(),
        "warnings": build.warnings,
    });
    let text = format!(
        "{} {} compiled: {}\n  {}",
        paint(SUCCESS, "✓"),
        paint(BOLD, &escape_control(&manifest.name)),
        manifest.meta.manifest_short,
        paint(DIM, &display_path(&path)),
    );
    Ok(CommandOutput::new(json, text))
}
