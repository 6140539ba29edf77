//! `osiris runs show`.

use std::fmt::Write;
use std::path::Path;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::sanitize::escape_control;
use osiris_runtime::session::StatusFile;
use osiris_runtime::session::history::{self, Details, Run};
use serde_json::{Value, json};

use super::super::complete;
use super::super::effects;
use super::super::render::{
    BOLD, DIM, ERROR, Table, count, format_bytes, milliseconds, multiline, paint,
};
use super::super::shell::{CommandOutput, display_path};
use super::colour;

const EXAMPLES: &str = "\
Examples:
  osiris runs show
  osiris runs show 9f3a61c0
  osiris runs show logs/run_20260131T080509123Z-9f3a61c0 --json";

/// Show the steps, rows, error and files of a run
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Run id or its beginning, session directory, or `last`
    #[arg(value_name = "RUN", default_value = "last", add = complete::runs())]
    session: String,
}

pub(super) fn show(args: &Args, logs: &Path) -> Result<CommandOutput> {
    let run = history::find(logs, &args.session)?;
    let status = run.status.as_ref().map_err(|why| {
        Error::invalid(Diagnostic::new(Code::SessionInvalid, why.clone()).in_file(&run.dir))
    })?;
    let details = run.details()?;
    let json = json!({"run": status, "session_dir": run.dir, "details": details});
    Ok(CommandOutput::new(json, text(&run, status, &details)))
}

fn text(run: &Run, status: &StatusFile, details: &Details) -> String {
    let mut text = format!(
        "{} {} {}\n",
        paint(BOLD, &escape_control(&status.pipeline)),
        paint(colour(status.status), status.status.as_str()),
        paint(DIM, &run.id),
    );
    if let Some(error) = &status.error {
        let step = error.step.as_ref().map(|step| format!(" in step `{step}`"));
        let heading = format!("{}{}", error.kind, step.unwrap_or_default());
        text.push_str(&format!(
            "  {}: {}\n",
            paint(ERROR, &escape_control(&heading)),
            multiline(&error.message)
        ));
    }
    let mut table = Table::new(["Step", "Driver", "Status", "#Rows in", "#Rows out", "#Time"]);
    for step in &status.steps {
        table.row([
            step.id.clone(),
            step.driver.clone(),
            step.status.as_str().to_owned(),
            count(step.rows_in),
            count(step.rows_out),
            milliseconds(step.duration_ms),
        ]);
    }
    text.push_str(&table.render());
    let ended = status.finished_at.as_deref().unwrap_or("still running");
    let mut line = |name: &str, value: &str| {
        // Writing to a string never fails.
        let _ =
            writeln!(text, "  {} {}", paint(BOLD, &format!("{name:<9}")), escape_control(value));
    };
    line("Started", &status.started_at);
    line("Ended", ended);
    if let Some(profile) = &status.profile {
        line("Profile", profile);
    }
    if !status.parameters.is_empty() {
        let parameters = Value::Object(status.parameters.clone());
        line("Params", &effects::fields(&parameters));
    }
    if let Some(peak) = status.peak_memory_bytes {
        line("Memory", &format!("{} peak", format_bytes(peak)));
    }
    line("Manifest", &status.manifest_hash);
    line("Events", &count(details.events));
    line("Metrics", &count(details.metrics.len() as u64));
    line("Artifacts", &count(details.artifacts.len() as u64));
    line("Session", &display_path(&run.dir));
    // Sessions are in `logs/` of the project.
    let base = run.dir.parent().and_then(Path::parent).unwrap_or(&run.dir);
    for (label, line) in effects::lines(status, base) {
        let _ = writeln!(text, "  {} {line}", paint(BOLD, &format!("{label:<9}")));
    }
    text
}
