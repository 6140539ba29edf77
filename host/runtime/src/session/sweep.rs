//! Corrects the status of crashed runs, and removes the files that they have not finished.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use jiff::Timestamp;
use osiris_core::contract::ErrorKind;
use osiris_core::fs::project_dir::ProjectDir;
use osiris_core::fs::regular::open_regular_no_link;
use osiris_core::paths::remove_all_unfinished;
use serde_json::Value;

use super::dir::SessionDir;
use super::history::STATUS_LIMIT;
use super::lock::{Lock, Probe};
use super::status::{RunError, RunStatus, StatusFile};
use super::{files, id, time};

/// Bytes at the end of `events.jsonl` that are searched for the last event.
const TAIL: u64 = 64 * 1024;

/// Finds sessions below `logs` that are `running` although their process is gone, marks them as
/// `crashed`, removes their unfinished files and returns their ids. Sessions that cannot be read or
/// written stay as they are: listing shows them.
pub fn mark_crashed_runs(logs: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(logs) else { return Vec::new() };
    let mut ids: Vec<String> = entries
        .filter_map(Result::ok)
        // A link does not lead to a session.
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| id::of_folder(entry.file_name().to_str()?).map(str::to_owned))
        .filter(|id| mark_if_crashed(&logs.join(format!("{}{id}", id::PREFIX))).unwrap_or(false))
        .collect();
    ids.sort();
    ids
}

/// Returns whether the session was marked as `crashed`.
fn mark_if_crashed(folder: &Path) -> io::Result<bool> {
    let Probe::Free(lock) = Lock::probe(folder)? else { return Ok(false) };
    let dir = SessionDir::open(folder.to_owned())?;
    // Read under the lock: the run might have ended since the probe.
    let mut status: StatusFile = serde_json::from_slice(&dir.read(files::STATUS, STATUS_LIMIT)?)?;
    let was_running = status.status == RunStatus::Running;
    if was_running {
        // Otherwise the unfinished files of the run stay for good.
        if let Some(base) = folder.parent().and_then(Path::parent) {
            remove_all_unfinished(base, &ProjectDir::new(base, folder));
        }
        set_crashed(&mut status, folder);
        status.write(&dir)?;
    }
    lock.remove()?;
    Ok(was_running)
}

fn set_crashed(status: &mut StatusFile, folder: &Path) {
    let events = tail(&folder.join(files::EVENTS)).unwrap_or_default();
    let last = events.last();
    let field = |name: &str| last.and_then(|event| event.get(name)).and_then(Value::as_str);
    status.status = RunStatus::Crashed;
    status.finished_at = field("ts").map(str::to_owned);
    if let (Ok(start), Some(Ok(end))) =
        (status.started_at.parse::<Timestamp>(), field("ts").map(str::parse::<Timestamp>))
    {
        let elapsed = end.duration_since(start).as_millis();
        status.execution_duration = time::seconds(u128::try_from(elapsed).unwrap_or(0));
    }
    let last_event = match (field("event_type"), field("ts")) {
        (Some(event), Some(ts)) => format!("; its last event was `{event}` at {ts}"),
        _ => String::new(),
    };
    status.error = Some(RunError {
        step: field("step_id").map(str::to_owned),
        kind: ErrorKind::Crash,
        help: None,
        message: format!(
            "the run's process ({}) ended unexpectedly: it was killed, ran out of memory, or \
             the machine shut down{last_event}",
            status.pid
        ),
    });
}

/// Reads the whole events at the end of the file.
fn tail(path: &Path) -> io::Result<Vec<Value>> {
    let (mut file, length) = open_regular_no_link(path)?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(bytes
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect())
}
