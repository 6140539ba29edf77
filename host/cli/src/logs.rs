//! `osiris logs`.

use std::path::Path;
use std::thread;
use std::time::Duration;

use osiris_core::diagnostic::Result;
use osiris_core::sanitize::escape_control;
use osiris_core::telemetry::Level;
use osiris_runtime::session::history::{self, LogReader, Run};
use osiris_runtime::session::{self, Record, RunStatus};
use serde_json::{Map, Value, json};

use super::complete;
use super::render::{DIM, ERROR, WARN, paint};
use super::shell::{CommandOutput, Shell};

const EXAMPLES: &str = "\
Examples:
  osiris logs                      the last run
  osiris logs 9f3a61c0             a run by its id in `osiris runs list`
  osiris logs --follow             also what the run still writes, to its end
  osiris logs --step read-orders
  osiris logs --json | jq '.records[] | select(.level == \"warn\")'";

/// Interval at which a running run is looked at.
const INTERVAL: Duration = Duration::from_millis(200);

/// Show the events and the log of a run
///
/// Shows events, and messages of drivers with their level, in the order of time.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Run id or its beginning, session directory, or `last`
    #[arg(value_name = "RUN", default_value = "last", add = complete::runs())]
    run: String,
    /// Wait for more until the run ends
    #[arg(long, short)]
    follow: bool,
    /// Only events and messages of this step
    #[arg(long, value_name = "STEP")]
    step: Option<String>,
}

pub(super) fn logs(args: &Args, shell: &Shell) -> Result<CommandOutput> {
    let dir = shell.project()?.layout.logs_dir();
    session::mark_crashed_runs(&dir);
    let run = history::find(&dir, &args.run)?;
    let mut reader = LogReader::new(&run);
    let mut records = Vec::new();
    loop {
        // Looked up first: a run writes its last records before it ends.
        let has_ended = !args.follow || run.has_ended();
        while let Some(record) = reader.next_record()? {
            if args.step.as_deref().is_some_and(|step| step_of(&record) != Some(step)) {
                continue;
            }
            if shell.json {
                records.push(record);
            } else if !shell.stream(&line(&record)) {
                // The reader of the pipe has seen enough.
                return Ok(CommandOutput::new(json!({}), ""));
            }
        }
        if has_ended {
            break;
        }
        thread::sleep(INTERVAL);
    }
    if args.follow {
        session::mark_crashed_runs(&dir);
    }
    Ok(answer(&run.reopened(), &dir, records, args.follow))
}

fn answer(run: &Run, logs: &Path, records: Vec<Record>, follow: bool) -> CommandOutput {
    let status = run.status.as_ref().ok();
    let json = json!({
        "session_id": run.id,
        "session_dir": logs.join(&run.dir),
        "run_status": status.map(|status| status.status),
        "records": records,
    });
    // A run that crashed has no last event.
    let crash = status.filter(|status| follow && status.status == RunStatus::Crashed);
    let error = crash.and_then(|status| status.error.as_ref());
    let text = error.map(|error| paint(ERROR, &escape_control(&error.to_string())));
    CommandOutput::new(json, text.unwrap_or_default())
}

fn step_of(record: &Record) -> Option<&str> {
    match record {
        Record::Event { fields, .. } => fields.get("step_id").and_then(Value::as_str),
        Record::Log { step, .. } => step.as_deref(),
        Record::Metric { tags, .. } => tags.get("step").map(String::as_str),
    }
}

/// Formats a record like a line of `osiris.log`.
fn line(record: &Record) -> String {
    let step = format!("[{}]", step_of(record).unwrap_or("run"));
    let (ts, level, style, text) = match record {
        Record::Event { ts, event_type, fields } => {
            (ts, "EVENT", DIM, format!("{event_type}{}", event_fields(fields)))
        }
        Record::Log { ts, level, message, .. } => {
            let style = match level {
                Level::Error => ERROR,
                Level::Warn => WARN,
                _ => anstyle::Style::new(),
            };
            (ts, level.name(), style, message.clone())
        }
        Record::Metric { ts, metric, .. } => (ts, "METRIC", DIM, metric.clone()),
    };
    format!(
        "{} {} {} {}",
        paint(DIM, &escape_control(ts)),
        paint(style, &format!("{level:<5}")),
        escape_control(&step),
        escape_control(&text)
    )
}

fn event_fields(fields: &Map<String, Value>) -> String {
    let text = |(name, value): (&String, &Value)| match value {
        // Words need quotes, so that the next name is recognized.
        Value::String(text) if !text.is_empty() && !text.contains([' ', '"', '=']) => {
            format!(" {name}={text}")
        }
        value => format!(" {name}={value}"),
    };
    fields.iter().filter(|(name, _)| *name != "step_id").map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(record: Value) -> String {
        let line = line(&serde_json::from_value(record).unwrap());
        anstream::adapter::strip_str(&line).to_string()
    }

    #[test]
    fn records_look_like_lines_of_a_log() {
        let ts = "2026-01-31T08:05:09.123Z";
        let fields = json!({"step_id": "read", "rows_out": 7, "error": "two words", "path": "a"});
        assert_eq!(
            plain(json!({"type": "event", "ts": ts, "event_type": "step_end", "fields": fields})),
            format!("{ts} EVENT [read] step_end error=\"two words\" path=a rows_out=7")
        );
        let log =
            json!({"type": "log", "ts": ts, "level": "warn", "step": null, "message": "a\x1b[2J"});
        assert_eq!(plain(log), format!("{ts} WARN  [run] a\\u{{1b}}[2J"));
    }
}
