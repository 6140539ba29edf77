//! Sessions on disk: list, find and compare them.

pub mod diff;
mod jsonl;
mod log_reader;
mod prune;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::regular::read_regular_no_link;
use serde::Serialize;
use serde_json::Value;

use super::lock::{Lock, Probe};
use super::{StatusFile, files, id};

pub use self::log_reader::LogReader;
pub use self::prune::{Removed, prunable, remove};

/// The largest `status.json` that is read, in bytes.
pub(super) const STATUS_LIMIT: u64 = 16 << 20;

/// A session's directory and status.
#[derive(Debug, Clone)]
pub struct Run {
    /// The session's id.
    pub id: String,
    /// The session's directory.
    pub dir: PathBuf,
    /// The parsed `status.json`, or the reason why it cannot be read.
    pub status: Result<StatusFile, String>,
}

/// The result of [`Run::details`]: everything but the status.
#[derive(Debug, Clone, Serialize)]
pub struct Details {
    /// Number of lines in `events.jsonl`.
    pub events: u64,
    /// The lines of `metrics.jsonl`.
    pub metrics: Vec<Value>,
    /// The files below `artifacts/`, with `/` as separator.
    pub artifacts: Vec<String>,
}

impl Run {
    /// Reads a session's directory. A missing or broken status becomes an error in [`Run::status`].
    fn open(id: &str, dir: PathBuf) -> Self {
        let path = dir.join(files::STATUS);
        let status = read_regular_no_link(&path, STATUS_LIMIT)
            .map_err(|error| format!("cannot read `{}`: {error}", files::STATUS))
            .and_then(|bytes| {
                serde_json::from_slice(&bytes).map_err(|error| {
                    format!("`{}` is not a valid status file: {error}", files::STATUS)
                })
            });
        Self { id: id.to_owned(), dir, status }
    }

    /// Returns whether the run has ended, as far as can be told.
    pub fn has_ended(&self) -> bool {
        // If in doubt, the run counts as running.
        matches!(Lock::probe(&self.dir), Ok(Probe::Absent | Probe::Free(_)))
    }

    /// Reads the status again.
    #[must_use]
    pub fn reopened(&self) -> Self {
        Self::open(&self.id, self.dir.clone())
    }

    /// Returns the ids of the steps that succeeded by the events, also if the run has crashed.
    ///
    /// # Errors
    /// Returns an error if the events cannot be read.
    pub fn completed_steps(&self) -> Result<BTreeSet<String>> {
        let events = jsonl::read(&self.dir.join(files::EVENTS))?.into_iter();
        let completed = events.filter(|event| event["event_type"] == "step_complete");
        Ok(completed.filter_map(|event| Some(event["step_id"].as_str()?.to_owned())).collect())
    }

    /// Reads the metrics, counts the events and lists the artifacts.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read or is larger than any file of a session can be.
    pub fn details(&self) -> Result<Details> {
        let metrics = jsonl::read(&self.dir.join(files::METRICS))?;
        let events = jsonl::count(&self.dir.join(files::EVENTS))?;
        Ok(Details { events, metrics, artifacts: artifacts(&self.dir)? })
    }
}

/// Lists the sessions below `logs`, newest first. Returns no sessions if `logs` does not exist.
///
/// # Errors
/// Returns an error if the directory cannot be read.
pub fn list(logs: &Path) -> Result<Vec<Run>> {
    let entries = match fs::read_dir(logs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(logs, &error)),
    };
    let mut runs: Vec<Run> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name();
            Some(Run::open(id::of_folder(name.to_str()?)?, entry.path()))
        })
        .collect();
    runs.sort_by(|a, b| b.id.cmp(&a.id));
    Ok(runs)
}

/// Finds the session for `name`: a directory, an id, the beginning of an id or of its
/// [short form](super::short_id), or `last`.
///
/// # Errors
/// Returns an error if no session or more than one matches.
pub fn find(logs: &Path, name: &str) -> Result<Run> {
    let folder = Path::new(name);
    if folder.join(files::STATUS).is_file() {
        let dir = folder.to_path_buf();
        let path = fs::canonicalize(folder).map_err(|error| unreadable(folder, &error))?;
        let last = path.file_name().unwrap_or_default().to_string_lossy();
        return Ok(Run::open(id::of_folder(&last).unwrap_or(&last), dir));
    }
    let prefix = name.strip_prefix(super::PREFIX).unwrap_or(name);
    let mut runs = list(logs)?;
    if runs.is_empty() {
        let problem = Diagnostic::new(Code::SessionUnknown, "no runs yet").in_file(logs);
        return Err(Error::invalid(problem.help("start a run with `osiris run`")));
    }
    if prefix == "last" {
        runs.truncate(1);
    } else {
        let matches = |id: &str| id.starts_with(prefix) || id::short(id).starts_with(prefix);
        runs.retain(|run| matches(&run.id));
    }
    match runs.len() {
        1 => Ok(runs.remove(0)),
        0 => Err(Error::invalid(
            Diagnostic::new(Code::SessionUnknown, format!("session `{name}` does not exist"))
                .in_file(logs)
                .help("list the sessions with `osiris runs list`"),
        )),
        count => Err(Error::invalid(
            Diagnostic::new(Code::SessionAmbiguous, format!("`{name}` matches {count} sessions"))
                .in_file(logs)
                .help(format!(
                    "use more characters of the id; the newest match is `{}`",
                    runs[0].id
                )),
        )),
    }
}

/// Lists the files below a session's artifacts, sorted, with `/` as separator. Links are listed but
/// never followed.
fn artifacts(dir: &Path) -> Result<Vec<String>> {
    let root = dir.join(files::ARTIFACTS);
    let mut names = Vec::new();
    let mut folders = vec![(root, String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound && prefix.is_empty() => break,
            Err(error) => return Err(unreadable(&folder, &error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?;
            let kind = entry.file_type().map_err(|error| unreadable(&entry.path(), &error))?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if kind.is_dir() {
                folders.push((entry.path(), format!("{name}/")));
            } else {
                names.push(name);
            }
        }
    }
    names.sort();
    Ok(names)
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::environment(
        Diagnostic::new(Code::SessionUnreadable, format!("cannot read the session: {error}"))
            .in_file(path),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{session, success};
    use super::*;
    use crate::session::RunStatus;
    use osiris_core::redact::Redactor;

    #[test]
    fn sessions_are_listed_newest_first_and_found_by_name() {
        let folder = tempfile::tempdir().unwrap();
        assert!(list(&folder.path().join("none")).unwrap().is_empty());
        let older = session(folder.path(), Redactor::default());
        older.finish(success()).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let newer = session(folder.path(), Redactor::default());
        fs::create_dir(folder.path().join("other")).unwrap();

        let ids: Vec<_> = list(folder.path()).unwrap().into_iter().map(|run| run.id).collect();
        assert_eq!(ids, [newer.id(), older.id()]);
        let dir = older.dir().to_str().unwrap();
        let short = id::short(older.id());
        for name in [older.id(), &older.id()[..18], short, &format!("run_{}", older.id()), dir] {
            let run = find(folder.path(), name).unwrap();
            assert_eq!(run.id, older.id(), "{name}");
            assert_eq!(run.status.unwrap().status, RunStatus::Success);
        }
        assert_eq!(find(folder.path(), "last").unwrap().id, newer.id());
    }

    #[test]
    fn unknown_or_ambiguous_session_name_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = find(folder.path(), "last").unwrap_err().to_string();
        assert!(error.starts_with("no runs yet"), "{error}");
        let first = session(folder.path(), Redactor::default());
        let second = session(folder.path(), Redactor::default());
        let newest = first.id().max(second.id());
        for (name, text) in [
            ("nope", "session `nope` does not exist".to_owned()),
            ("20", "`20` matches 2 sessions".to_owned()),
        ] {
            let error = find(folder.path(), name).unwrap_err().to_string();
            assert!(error.starts_with(&text), "{error}");
        }
        let error = find(folder.path(), "20").unwrap_err().to_string();
        assert!(
            error.ends_with(&format!(
                "help: use more characters of the id; the newest match is `{newest}`"
            )),
            "{error}"
        );
    }

    #[test]
    fn session_without_status_has_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("run_20260131T080509123Z-00000000")).unwrap();
        let runs = list(folder.path()).unwrap();
        let text = runs[0].status.as_ref().unwrap_err();
        assert!(text.starts_with("cannot read `status.json`: No such file"), "{text}");
    }
}
