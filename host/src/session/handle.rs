//! A run's session while it goes on.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::folder::Folder;
use super::lines::Lines;
use super::lock::Lock;
use super::log::{self, Level};
use super::metric::{self, Number};
use super::redact::Redactor;
use super::status::{End, Failure, State, Status, StepState};
use super::{event, files, memory, time};
use crate::manifest::Manifest;
use crate::problem::{Error, Problem, Result};

/// A run's session. Clones write to the same files; no call blocks for longer
/// than a write to a file.
///
/// Dropping it without [`Session::finish`] leaves the status at `running`, and
/// the next [`sweep`](super::sweep) tells that the run crashed.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    id: String,
    folder: Folder,
    started: Instant,
    redactor: Redactor,
    /// As written at the start.
    status: Status,
    events: Mutex<Lines>,
    metrics: Mutex<Lines>,
    log: Mutex<Lines>,
    /// The first error while writing; it fails the run.
    broken: Mutex<Option<String>>,
    lock: Mutex<Option<Lock>>,
}

/// A panic elsewhere leaves the data whole: every change is one call.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// Creates `<logs>/run_<id>/` for a run of this manifest; `bytes` are the
    /// manifest's own. The status is `running` from here on.
    ///
    /// # Errors
    /// When the folder or a file in it cannot be written.
    pub fn create(
        logs: &Path,
        manifest: &Manifest,
        bytes: &[u8],
        redactor: Redactor,
    ) -> Result<Self> {
        let start = || -> io::Result<Self> {
            let now = Timestamp::now();
            let (id, folder) = Folder::create(logs, now)?;
            // Before the status, so that a status that says `running` always has its lock.
            let lock = Lock::acquire(&folder.path)?;
            let status = Status::start(&id, &time::stamp(now), manifest);
            folder.place(files::STATUS.as_ref(), status.text()?.as_bytes(), false)?;
            folder.place(files::MANIFEST.as_ref(), bytes, false)?;
            folder.make(files::ARTIFACTS.as_ref())?;
            let lines = |name| folder.append(name).map(|file| Mutex::new(Lines::new(file)));
            Ok(Self(Arc::new(Inner {
                events: lines(files::EVENTS)?,
                metrics: lines(files::METRICS)?,
                log: lines(files::LOG)?,
                id,
                started: Instant::now(),
                redactor,
                status,
                broken: Mutex::new(None),
                lock: Mutex::new(Some(lock)),
                folder,
            })))
        };
        start().map_err(|error| {
            Error::environment(
                Problem::new(
                    "session_create",
                    format!("cannot write the session's files: {error}"),
                )
                .in_file(logs)
                .help("make this folder writable and make room on its disk"),
            )
        })
    }

    /// Unique, sortable by time, safe in a path.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The session's folder.
    pub fn dir(&self) -> &Path {
        &self.0.folder.path
    }

    /// What every sink of the run passes its text through.
    pub fn redactor(&self) -> &Redactor {
        &self.0.redactor
    }

    /// The folder for a step's artifacts; it exists afterwards.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn artifacts_dir(&self, step: &str) -> Result<PathBuf> {
        let name = Path::new(files::ARTIFACTS).join(step);
        self.0.folder.make(&name).map_err(|error| self.artifact_error(&name, &error))
    }

    /// Writes a file into a step's artifacts; a reader sees all of it or nothing.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_artifact(&self, step: &str, name: &str, text: &str) -> Result<PathBuf> {
        self.artifacts_dir(step)?;
        let name = Path::new(files::ARTIFACTS).join(step).join(name);
        let text = self.0.redactor.text(text);
        let placed = self.0.folder.place(&name, text.as_bytes(), false);
        placed.map_err(|error| self.artifact_error(&name, &error))
    }

    fn artifact_error(&self, name: &Path, error: &io::Error) -> Error {
        Error::environment(
            Problem::new("session_write", format!("cannot write an artifact: {error}"))
                .in_file(&self.0.folder.path.join(name)),
        )
    }

    /// Writes an event. Fields that are named like the line's own get a `_` at
    /// the end of their name.
    pub fn event(&self, event_type: &str, fields: Map<String, Value>) {
        let line = event::line(&self.0.redactor, &self.now(), &self.0.id, event_type, fields);
        self.write(&self.0.events, files::EVENTS, line);
    }

    /// Writes a metric. A float that is no number is written as null.
    pub fn metric<K: Into<String>, V: Into<String>>(
        &self,
        name: &str,
        value: impl Into<Number>,
        unit: &str,
        tags: impl IntoIterator<Item = (K, V)>,
    ) {
        let tags = tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        let (redactor, now) = (&self.0.redactor, self.now());
        let line = metric::line(redactor, &now, &self.0.id, name, value.into(), unit, tags);
        self.write(&self.0.metrics, files::METRICS, line);
    }

    /// Writes to the log; `step` is none for the run itself.
    pub fn log(&self, level: Level, step: Option<&str>, message: &str) {
        let line = log::record(&self.now(), level, step, &self.0.redactor.text(message));
        self.write(&self.0.log, files::LOG, line);
    }

    /// Whether everything so far could be written.
    ///
    /// # Errors
    /// The first error that an event, metric or log line met.
    pub fn check(&self) -> Result<()> {
        match &*held(&self.0.broken) {
            None => Ok(()),
            Some(message) => Err(Error::environment(
                Problem::new("session_write", message.clone()).in_file(self.dir()),
            )),
        }
    }

    /// Ends the session: everything is written, the status last. If any write
    /// failed before, a run that went well is `failed` with kind `session`.
    ///
    /// # Errors
    /// When the status cannot be written.
    pub fn finish(&self, mut end: End) -> Result<Status> {
        if let Err(error) = self.check()
            && end.error.is_none()
        {
            let message = error.problems.into_iter().next().map(|p| p.message).unwrap_or_default();
            end.state = State::Failed;
            end.exit_code = end.exit_code.max(1);
            end.error = Some(Failure { step: None, kind: "session".to_owned(), message });
        }
        let status = self.final_status(end);
        status.write(&self.0.folder).map_err(|error| {
            let message = format!("cannot write how the run ended: {error}");
            Error::environment(
                Problem::new("session_write", message).in_file(&self.dir().join(files::STATUS)),
            )
        })?;
        if let Some(lock) = held(&self.0.lock).take() {
            // The status is written: a lock file that stays is removed by the next sweep.
            lock.remove().ok();
        }
        Ok(status)
    }

    fn final_status(&self, end: End) -> Status {
        let completed = end.steps.iter().filter(|step| step.status == StepState::Success).count();
        let error = end.error.map(|failure| Failure {
            message: self.0.redactor.text(&failure.message).into_owned(),
            ..failure
        });
        Status {
            status: end.state,
            execution_duration: time::seconds(self.0.started.elapsed().as_millis()),
            steps_completed: completed as u64,
            exit_code: Some(end.exit_code),
            error,
            finished_at: Some(self.now()),
            rows_read: end.rows_read,
            rows_written: end.rows_written,
            rows_processed: end.rows_processed,
            steps: end.steps,
            peak_memory_bytes: memory::peak(),
            ..self.0.status.clone()
        }
    }

    fn now(&self) -> String {
        time::stamp(Timestamp::now())
    }

    fn write(&self, sink: &Mutex<Lines>, name: &str, line: String) {
        if let Err(error) = held(sink).append(line) {
            let message = || format!("cannot write `{name}` of the session: {error}");
            held(&self.0.broken).get_or_insert_with(message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{session, success};
    use super::*;

    #[test]
    fn a_line_that_could_not_be_written_fails_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let session = session(folder.path(), Redactor::default());
        *held(&session.0.events) = Lines::full();
        session.event("step_start", Map::new());
        session.event("step_end", Map::new());
        let error = session.check().unwrap_err().to_string();
        assert!(
            error.starts_with("cannot write `events.jsonl` of the session: No space"),
            "{error}"
        );

        let status = session.finish(success()).unwrap();
        assert_eq!((status.status, status.exit_code), (State::Failed, Some(1)));
        assert_eq!(status.error.unwrap().kind, "session");
        assert_eq!(status.steps_completed, 1, "what the steps did is still told");
    }
}
