//! `osiris runs list`.

use std::path::Path;

use osiris_core::diagnostic::Result;
use osiris_runtime::session::history::{self, Run};
use osiris_runtime::session::{RunStatus, StatusFile};
use serde_json::{Value, json};

use super::super::render::{DIM, ERROR, Table, count, milliseconds, paint};
use super::super::shell::CommandOutput;
use super::colour;

const EXAMPLES: &str = "\
Examples:
  osiris runs list
  osiris runs list --limit 100
  osiris runs list --json | jq -r '.runs[] | select(.status == \"failed\") | .session_id'";

/// List runs, newest first
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Maximum number of runs to show
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    limit: usize,
}

pub(super) fn list(args: &Args, logs: &Path) -> Result<CommandOutput> {
    let runs = history::list(logs)?;
    let shown = &runs[..runs.len().min(args.limit)];
    let json = json!({
        "total": runs.len(),
        "runs": shown.iter().map(as_json).collect::<Vec<_>>(),
    });
    if runs.is_empty() {
        return Ok(CommandOutput::new(json, "no runs yet: start a run with `osiris run`"));
    }
    let mut table =
        Table::new(["Session", "Pipeline", "Status", "#Steps", "#Rows", "#Time", "Started"]);
    for run in shown {
        match &run.status {
            Ok(status) => table.styled(cells(run, status)),
            Err(why) => {
                let empty = || (String::new(), DIM);
                let id = (run.id.clone(), anstyle::Style::new());
                table.styled([
                    id,
                    (why.clone(), ERROR),
                    empty(),
                    empty(),
                    empty(),
                    empty(),
                    empty(),
                ]);
            }
        }
    }
    let mut text = table.render();
    if shown.len() < runs.len() {
        let rest =
            format!("  and {} older runs; show more with `--limit`", runs.len() - shown.len());
        text.push_str(&paint(DIM, &rest));
    }
    Ok(CommandOutput::new(json, text))
}

fn cells(run: &Run, status: &StatusFile) -> [(String, anstyle::Style); 7] {
    let plain = anstyle::Style::new();
    // For a pipeline that writes nothing, the rows read are more informative.
    let rows = if status.rows_written > 0 { status.rows_written } else { status.rows_read };
    let time = match status.status {
        RunStatus::Running => String::new(),
        _ => milliseconds((status.execution_duration * 1000.0).round() as u64),
    };
    [
        (run.id.clone(), plain),
        (status.pipeline.clone(), plain),
        (status.status.as_str().to_owned(), colour(status.status)),
        (format!("{}/{}", status.steps_completed, status.steps_total), plain),
        (count(rows), plain),
        (time, plain),
        (status.started_at.clone(), DIM),
    ]
}

fn as_json(run: &Run) -> Value {
    match &run.status {
        Ok(status) => {
            let mut value = json!(status);
            value["dir"] = json!(run.dir);
            value
        }
        Err(why) => {
            json!({"session_id": run.id, "dir": run.dir, "status": null, "unreadable": why})
        }
    }
}
