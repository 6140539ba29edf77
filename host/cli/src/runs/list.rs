//! `osiris runs list`.

use std::path::Path;

use clap::ValueEnum;
use jiff::Timestamp;
use osiris_core::diagnostic::Result;
use osiris_runtime::session::history::{self, Run};
use osiris_runtime::session::{RunStatus, StatusFile, short_id};
use serde_json::{Value, json};

use super::super::render::{DIM, ERROR, Table, count, milliseconds, paint, time_ago};
use super::super::shell::CommandOutput;
use super::colour;

const EXAMPLES: &str = "\
Examples:
  osiris runs list
  osiris runs list -n 100
  osiris runs list --pipeline orders --status failed
  osiris runs list --json | jq -r '.runs[].session_id'";

/// List runs, newest first
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Maximum number of runs to show
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 20)]
    max_count: usize,
    /// Only runs of this pipeline
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// Only runs with this status
    #[arg(long, value_name = "STATUS")]
    status: Option<StatusFilter>,
}

/// A status of runs.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum StatusFilter {
    Running,
    Success,
    Failed,
    Cancelled,
    Crashed,
}

impl StatusFilter {
    fn status(self) -> RunStatus {
        match self {
            Self::Running => RunStatus::Running,
            Self::Success => RunStatus::Success,
            Self::Failed => RunStatus::Failed,
            Self::Cancelled => RunStatus::Cancelled,
            Self::Crashed => RunStatus::Crashed,
        }
    }
}

impl Args {
    /// Returns whether a run passes the filters. Without a filter, unreadable runs do too.
    fn matches(&self, run: &Run) -> bool {
        let Ok(status) = &run.status else {
            return self.pipeline.is_none() && self.status.is_none();
        };
        self.pipeline.as_ref().is_none_or(|name| *name == status.pipeline)
            && self.status.is_none_or(|filter| filter.status() == status.status)
    }
}

pub(super) fn list(args: &Args, logs: &Path) -> Result<CommandOutput> {
    let all = history::list(logs)?;
    let ids: Vec<String> = all.iter().map(|run| run.id.clone()).collect();
    let runs: Vec<Run> = all.into_iter().filter(|run| args.matches(run)).collect();
    let shown = &runs[..runs.len().min(args.max_count)];
    let json = json!({
        "total": runs.len(),
        "runs": shown.iter().map(as_json).collect::<Vec<_>>(),
    });
    if ids.is_empty() {
        return Ok(CommandOutput::new(json, "no runs yet: start a run with `osiris run`"));
    }
    if runs.is_empty() {
        let text = format!("none of the {} runs match", ids.len());
        return Ok(CommandOutput::new(json, text));
    }
    let mut table =
        Table::new(["Run", "Pipeline", "Status", "#Steps", "#Rows", "#Time", "Started"]);
    let now = Timestamp::now();
    for run in shown {
        let id = unique_id(&run.id, &ids);
        match &run.status {
            Ok(status) => table.styled(cells(id, status, now)),
            Err(why) => {
                let empty = || (String::new(), DIM);
                let id = (id.to_owned(), anstyle::Style::new());
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
            format!("  and {} older runs; show more with `-n NUMBER`", runs.len() - shown.len());
        text.push_str(&paint(DIM, &rest));
    }
    Ok(CommandOutput::new(json, text))
}

/// Returns the short form of an id, or the whole id if another run has the same short form.
fn unique_id<'i>(id: &'i str, ids: &[String]) -> &'i str {
    let short = short_id(id);
    let matches = ids.iter().filter(|other| short_id(other) == short || other.starts_with(short));
    if matches.count() == 1 { short } else { id }
}

fn cells(id: &str, status: &StatusFile, now: Timestamp) -> [(String, anstyle::Style); 7] {
    let plain = anstyle::Style::new();
    // For a pipeline that writes nothing, the rows read are more informative.
    let rows = if status.rows_written > 0 { status.rows_written } else { status.rows_read };
    let time = match status.status {
        RunStatus::Running => String::new(),
        _ => milliseconds((status.execution_duration * 1000.0).round() as u64),
    };
    [
        (id.to_owned(), plain),
        (status.pipeline.clone(), plain),
        (status.status.as_str().to_owned(), colour(status.status)),
        (format!("{}/{}", status.steps_completed, status.steps_total), plain),
        (count(rows), plain),
        (time, plain),
        (time_ago(&status.started_at, now), DIM),
    ]
}

fn as_json(run: &Run) -> Value {
    match &run.status {
        Ok(status) => {
            let mut value = json!(status);
            value["session_dir"] = json!(run.dir);
            value
        }
        Err(why) => {
            json!({"session_id": run.id, "session_dir": run.dir, "status": null, "unreadable": why})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_id_is_shown_where_it_is_unique() {
        let ids = [
            "20260131T080509123Z-9f3a61c0",
            "20260131T080509124Z-9f3a61c0",
            "20260131T080509125Z-20260131",
            "20260131T080509126Z-0a0b0c0d",
        ]
        .map(str::to_owned);
        assert_eq!(unique_id(&ids[0], &ids), ids[0]);
        assert_eq!(unique_id(&ids[2], &ids), ids[2], "the beginning of all ids");
        assert_eq!(unique_id(&ids[3], &ids), "0a0b0c0d");
    }
}
