//! `osiris runs prune`.

use jiff::{SignedDuration, Timestamp};
use osiris_core::diagnostic::Result;
use osiris_core::fs::layout::ProjectLayout;
use osiris_core::sanitize::escape_control;
use osiris_pipeline::project::retention::parse_age;
use osiris_runtime::session::history::{self, Removed};
use osiris_runtime::session::short_id;
use serde_json::{Value, json};

use super::super::render::{DIM, SUCCESS, format_bytes, paint, time_ago};
use super::super::shell::CommandOutput;

const EXAMPLES: &str = "\
Examples:
  osiris runs prune --keep 50                     keep the newest 50 runs
  osiris runs prune --older-than 30d --dry-run    show what would be removed
  osiris runs prune --keep 50 --older-than 30d    old runs, but never the newest 50";

/// Remove the logs and artifacts of old runs
///
/// Removes runs that have ended and that fulfil all given conditions. Running runs, outputs such as
/// CSV files, and the states of incremental steps are never removed. `runs: {keep: 50, older_than:
/// 30d}` in osiris.yaml does the same before each run.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Keep this many of the newest runs
    #[arg(long, value_name = "NUMBER", required_unless_present = "older_than")]
    keep: Option<usize>,
    /// Only runs that started longer ago than this, like `30d`, `12h` or `2w`
    #[arg(long, value_name = "TIME", value_parser = parse_age)]
    older_than: Option<SignedDuration>,
    /// Show the runs without removing them
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn prune(args: &Args, layout: &ProjectLayout) -> Result<CommandOutput> {
    let logs = layout.logs_dir();
    let runs = history::list(&logs)?;
    let total = runs.len();
    let before = args.older_than.map(|age| Timestamp::now() - age);
    let old = history::prunable(runs, args.keep.unwrap_or(0), before);
    let mut removed = Vec::new();
    for run in old {
        removed.push(history::remove(&layout.base, &logs, run, args.dry_run)?);
    }
    let bytes: u64 = removed.iter().map(|one| one.bytes).sum();
    let kept = total - removed.len();
    let json = json!({
        "dry_run": args.dry_run,
        "removed": removed.iter().map(as_json).collect::<Vec<_>>(),
        "size": bytes,
        "kept": kept,
    });
    Ok(CommandOutput::new(json, text(&removed, bytes, kept, args.dry_run)))
}

fn text(removed: &[Removed], bytes: u64, kept: usize, dry_run: bool) -> String {
    let runs = |count: usize| if count == 1 { "1 run".to_owned() } else { format!("{count} runs") };
    if removed.is_empty() {
        return format!("no runs to remove; {} kept", runs(kept));
    }
    let mut text = String::new();
    if dry_run {
        let now = Timestamp::now();
        for Removed { run, bytes } in removed {
            let status = run.status.as_ref().ok();
            let about = status.map(|status| {
                format!("{}  {}", status.pipeline, time_ago(&status.started_at, now))
            });
            let about = format!("{}  {}", about.unwrap_or_default(), format_bytes(*bytes));
            let about = paint(DIM, &escape_control(&about));
            text.push_str(&format!("  {}  {about}\n", short_id(&run.id)));
        }
    }
    let verb = if dry_run { "would remove" } else { "removed" };
    let (count, size) = (runs(removed.len()), format_bytes(bytes));
    text.push_str(&format!(
        "{} {verb} {count}, {size}; {} kept\n",
        paint(SUCCESS, "✓"),
        runs(kept)
    ));
    text
}

fn as_json(Removed { run, bytes }: &Removed) -> Value {
    let status = run.status.as_ref().ok();
    json!({
        "session_id": run.id,
        "session_dir": run.dir,
        "size": bytes,
        "pipeline": status.map(|status| &status.pipeline),
        "status": status.map(|status| status.status),
        "started_at": status.map(|status| &status.started_at),
    })
}
