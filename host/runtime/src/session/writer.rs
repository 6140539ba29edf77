//! The session of a running run.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use osiris_core::code::Code;
use osiris_core::contract::ErrorKind;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::project_dir::io_help;
use osiris_core::redact::{MASK, Redactor};
use osiris_core::secret_keys::is_secret_value_key;
use osiris_core::sync::lock;
use osiris_core::telemetry::{Level, Number};
use osiris_pipeline::manifest::Manifest;
use serde_json::{Map, Value};

use super::dir::SessionDir;
use super::event::RunEvent;
use super::line_file::LineFile;
use super::lock::Lock;
use super::memory::Memory;
use super::notes::Notes;
use super::record::Record;
use super::status::{E2b, Output, RunError, RunResult, RunStatus, StatusFile, StepState};
use super::{files, id, metric, time};

/// A run's session. Clones write to the same files; no call blocks for longer than a write to a
/// file.
///
/// Dropping the session without [`Session::finish`] leaves the status at `running`, and the next
/// [`mark_crashed_runs`](super::mark_crashed_runs) reports the run as crashed.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

/// A listener for every record of a session. Records arrive with secrets masked, before they are
/// written.
pub type RecordListener = Box<dyn Fn(&Record) + Send + Sync>;

/// Adds the effects of a run to its final status, before the status is written.
pub type Effects = Box<dyn Fn(&mut StatusFile) + Send + Sync>;

/// Facts about a run that are not in its manifest.
#[derive(Default)]
pub struct RunFacts {
    /// Parameters of the compile, by name.
    pub parameters: Map<String, Value>,
    /// Looks for the effects of the run.
    pub effects: Option<Effects>,
}

struct Inner {
    id: String,
    folder: SessionDir,
    started: Instant,
    redactor: Redactor,
    /// The status as written at the start.
    status: StatusFile,
    events: Mutex<LineFile>,
    metrics: Mutex<LineFile>,
    log: Mutex<LineFile>,
    /// The first error while writing; fails the run.
    write_error: Mutex<Option<String>>,
    lock: Mutex<Option<Lock>>,
    listener: Option<RecordListener>,
    effects: Option<Effects>,
    memory: Memory,
    notes: Mutex<Notes>,
    /// Exit code of a run that a signal cancels; 0 without a signal.
    signal_exit: AtomicU8,
}

impl Session {
    /// Creates `<logs>/run_<id>/` for a run of `manifest`, with `bytes` as its `manifest.yaml`, and
    /// sets the status to `running`.
    ///
    /// # Errors
    /// Returns an error if the directory or a file in it cannot be written.
    pub fn create(
        logs: &Path,
        manifest: &Manifest,
        bytes: &[u8],
        redactor: Redactor,
        facts: RunFacts,
    ) -> Result<Self> {
        let now = Timestamp::now();
        let dir = || SessionDir::create(logs, now);
        Self::start(logs, now, (manifest, bytes), redactor, None, facts, dir)
    }

    /// Like [`Session::create`], for a run that another process follows: takes the id from that
    /// process and passes every record to `listener`.
    ///
    /// # Errors
    /// Returns an error if the directory or a file in it cannot be written, or if the directory
    /// exists.
    pub fn create_with_id(
        logs: &Path,
        id: &str,
        manifest: &Manifest,
        bytes: &[u8],
        redactor: Redactor,
        listener: RecordListener,
    ) -> Result<Self> {
        let (now, listener) = (Timestamp::now(), Some(listener));
        let facts = RunFacts::default();
        Self::start(logs, now, (manifest, bytes), redactor, listener, facts, || {
            let unsafe_id = || io::Error::new(io::ErrorKind::InvalidInput, "invalid session id");
            let id =
                id::of_folder(&format!("{}{id}", id::PREFIX)).ok_or_else(unsafe_id)?.to_owned();
            Ok((id.clone(), SessionDir::create_as(logs, &id)?))
        })
    }

    fn start(
        logs: &Path,
        now: Timestamp,
        (manifest, bytes): (&Manifest, &[u8]),
        redactor: Redactor,
        listener: Option<RecordListener>,
        facts: RunFacts,
        folder: impl FnOnce() -> io::Result<(String, SessionDir)>,
    ) -> Result<Self> {
        let RunFacts { mut parameters, effects } = facts;
        mask_parameters(&mut parameters, &redactor);
        let start = || -> io::Result<Self> {
            let (id, folder) = folder()?;
            // Taken before the status is written, so that a `running` status always has its lock.
            let lock = Lock::acquire(&folder.path)?;
            let status = StatusFile::start(&id, &time::stamp(now), manifest, parameters);
            folder.write_atomic(files::STATUS.as_ref(), status.text()?.as_bytes(), false)?;
            folder.write_atomic(files::MANIFEST.as_ref(), bytes, false)?;
            folder.create_dir(files::ARTIFACTS.as_ref())?;
            let lines =
                |name| folder.create_append(name).map(|file| Mutex::new(LineFile::new(file)));
            Ok(Self(Arc::new(Inner {
                events: lines(files::EVENTS)?,
                metrics: lines(files::METRICS)?,
                log: lines(files::LOG)?,
                id,
                started: Instant::now(),
                redactor,
                status,
                write_error: Mutex::new(None),
                lock: Mutex::new(Some(lock)),
                folder,
                listener,
                effects,
                memory: Memory::open(),
                notes: Mutex::default(),
                signal_exit: AtomicU8::new(0),
            })))
        };
        start().map_err(|error| {
            Error::environment(
                Diagnostic::new(
                    Code::SessionUnwritable,
                    format!("cannot write the session's files: {error}"),
                )
                .in_file(logs)
                .help(io_help(&error, "make this directory writable and free disk space")),
            )
        })
    }

    /// Returns the session's id: unique, sortable by time, safe in a path.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Returns the session's directory.
    pub fn dir(&self) -> &Path {
        &self.0.folder.path
    }

    /// Returns the redactor that every output of the run passes its text through.
    pub fn redactor(&self) -> &Redactor {
        &self.0.redactor
    }

    /// Creates the directory for a step's artifacts, if missing, and returns its path.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be created.
    pub fn artifacts_dir(&self, step: &str) -> Result<PathBuf> {
        let name = Path::new(files::ARTIFACTS).join(step);
        self.0.folder.create_dir(&name).map_err(|error| self.artifact_error(&name, &error))
    }

    /// Writes a JSON file into a step's artifacts; a reader sees all of it or nothing. Removes
    /// anything that a driver put in the file's place, even if the write fails.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn write_artifact(&self, step: &str, name: &str, document: &Value) -> Result<PathBuf> {
        self.artifacts_dir(step)?;
        let name = Path::new(files::ARTIFACTS).join(step).join(name);
        let mut document = document.clone();
        // Mask in the document, so that a mask never swallows a quote.
        self.0.redactor.redact_value(&mut document);
        let text = format!("{document:#}\n");
        if self.0.folder.holds(&name, text.as_bytes()) {
            return Ok(self.0.folder.path.join(name));
        }
        let result = self.0.folder.write_atomic(&name, text.as_bytes(), false);
        result.map_err(|error| {
            // Report why the write failed, even if the removal fails too.
            self.0.folder.remove(&name).ok();
            self.artifact_error(&name, &error)
        })
    }

    fn artifact_error(&self, name: &Path, error: &io::Error) -> Error {
        Error::environment(
            Diagnostic::new(Code::SessionUnwritable, format!("cannot write an artifact: {error}"))
                .in_file(&self.0.folder.path.join(name))
                .help(io_help(
                    error,
                    "free disk space, and check whether a step moved or removed the session directory",
                )),
        )
    }

    /// Writes an event of the host.
    pub fn event(&self, event: RunEvent<'_>) {
        let (name, fields) = event.into_parts();
        self.driver_event(&name, fields);
    }

    /// Writes an event of a driver. A field with the name of one of the line's standard fields gets
    /// `_` appended.
    pub fn driver_event(&self, event_type: &str, fields: Map<String, Value>) {
        self.record(Record::Event { ts: self.now(), event_type: event_type.to_owned(), fields });
    }

    /// Writes a metric. A float that is not finite is written as null.
    pub fn metric<K: Into<String>, V: Into<String>>(
        &self,
        name: &str,
        value: impl Into<Number>,
        unit: &str,
        tags: impl IntoIterator<Item = (K, V)>,
    ) {
        self.record(Record::Metric {
            ts: self.now(),
            metric: name.to_owned(),
            value: value.into(),
            unit: unit.to_owned(),
            tags: tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
        });
    }

    /// Writes to the log; `step` is `None` for the run itself.
    pub fn log(&self, level: Level, step: Option<&str>, message: &str) {
        let (step, message) = (step.map(str::to_owned), message.to_owned());
        self.record(Record::Log { ts: self.now(), level, step, message });
    }

    /// Writes a record of this run, or of the remote run that this session follows.
    pub fn record(&self, record: Record) {
        let record = record.redacted(&self.0.redactor);
        // A metric has a number or nothing: a mask does not fit in it.
        if let Record::Metric { ts, metric, value, tags, .. } = &record
            && !metric::HOST.contains(&metric.as_str())
            && self.0.redactor.hides_number(*value)
        {
            let message = format!("metric `{metric}` was dropped because its value is a secret");
            let (ts, step) = (ts.clone(), tags.get("step").cloned());
            return self.record(Record::Log { ts, level: Level::Warn, step, message });
        }
        if let Some(listener) = &self.0.listener {
            listener(&record);
        }
        if let Record::Log { level: Level::Info, step: Some(step), message, .. } = &record {
            lock(&self.0.notes).add(step, message);
        }
        let file = record.file();
        let sink = match record {
            Record::Event { .. } => &self.0.events,
            Record::Metric { .. } => &self.0.metrics,
            Record::Log { .. } => &self.0.log,
        };
        if let Err(error) = lock(sink).append(record.line(&self.0.id)) {
            let message = || format!("cannot write `{file}` of the session: {error}");
            lock(&self.0.write_error).get_or_insert_with(message);
        }
    }

    /// Checks that everything could be written so far.
    ///
    /// # Errors
    /// Returns the first error that occurred while writing an event, metric or log line.
    pub fn check(&self) -> Result<()> {
        match &*lock(&self.0.write_error) {
            None => Ok(()),
            Some(message) => Err(Error::environment(
                Diagnostic::new(Code::SessionUnwritable, message.clone()).in_file(self.dir()),
            )),
        }
    }

    /// Ends the session and writes the status last. If any write failed before, a run that
    /// succeeded is `failed` with kind `session`.
    ///
    /// # Errors
    /// Returns an error if the status cannot be written.
    pub fn finish(&self, end: RunResult) -> Result<StatusFile> {
        self.close(self.status_of(end))
    }

    /// Ends the session of a followed run that ended with this status.
    ///
    /// # Errors
    /// Returns the errors of [`Session::finish`].
    pub fn finish_remote(&self, status: StatusFile, e2b: E2b) -> Result<StatusFile> {
        let StatusFile { session_id, started_at, pid, osiris_version, .. } = self.0.status.clone();
        self.close(StatusFile {
            session_id,
            started_at,
            pid,
            osiris_version,
            e2b: Some(e2b),
            ..status
        })
    }

    /// Returns the status of a run with this end, for [`Session::finish_remote`].
    pub fn status_of(&self, end: RunResult) -> StatusFile {
        let completed = end.steps.iter().filter(|step| step.status == StepState::Success).count();
        StatusFile {
            status: end.state,
            execution_duration: time::seconds(self.0.started.elapsed().as_millis()),
            steps_completed: completed as u64,
            exit_code: Some(end.exit_code),
            error: end.error,
            rows_read: end.rows_read,
            rows_written: end.rows_written,
            rows_processed: end.rows_processed,
            steps: end.steps,
            peak_memory_bytes: self.0.memory.peak(),
            ..self.0.status.clone()
        }
    }

    /// Sets the exit code of the run in case it ends as cancelled, after a signal.
    pub fn set_signal_exit(&self, exit_code: u8) {
        self.0.signal_exit.store(exit_code, Relaxed);
    }

    /// Returns the status as written at the start.
    pub fn initial_status(&self) -> &StatusFile {
        &self.0.status
    }

    /// Reads the manifest from the session's directory.
    ///
    /// # Errors
    /// Returns an error if the manifest cannot be read.
    pub fn manifest(&self) -> io::Result<String> {
        let bytes = self.0.folder.read(files::MANIFEST, u64::MAX - 1)?;
        String::from_utf8(bytes).map_err(io::Error::other)
    }

    /// Returns the time since the session was created.
    pub fn elapsed(&self) -> Duration {
        self.0.started.elapsed()
    }

    fn close(&self, mut status: StatusFile) -> Result<StatusFile> {
        if let Err(error) = self.check()
            && status.error.is_none()
        {
            let Diagnostic { message, help, .. } = error.into_first();
            status.status = RunStatus::Failed;
            status.exit_code = Some(status.exit_code.unwrap_or(0).max(1));
            status.error = Some(RunError { help, ..RunError::new(ErrorKind::Session, message) });
        }
        let mut notes = std::mem::take(&mut *lock(&self.0.notes));
        for step in &mut status.steps {
            step.notes = notes.take(&step.id);
        }
        let signal_exit = self.0.signal_exit.load(Relaxed);
        if status.status == RunStatus::Cancelled && signal_exit != 0 {
            status.exit_code = Some(signal_exit);
        }
        if let Some(effects) = &self.0.effects {
            effects(&mut status);
            redact_effects(&mut status, &self.0.redactor);
        }
        if let Some(error) = &mut status.error {
            for text in [Some(&mut error.message), error.help.as_mut()].into_iter().flatten() {
                *text = self.0.redactor.redact(text).into_owned();
            }
        }
        status.finished_at = Some(self.now());
        status.write(&self.0.folder).map_err(|error| {
            let file = self.dir().join(files::STATUS);
            let message = format!("cannot write the status of the session: {error}; {}", status.summary());
            let help = "free disk space, and check whether a step moved or removed the session directory; what the steps wrote is kept";
            Error::environment(Diagnostic::new(Code::SessionUnwritable, message).in_file(&file).help(help))
        })?;
        if let Some(lock) = lock(&self.0.lock).take() {
            // The status is written: the next sweep removes a leftover lock file.
            lock.remove().ok();
        }
        Ok(status)
    }

    fn now(&self) -> String {
        time::stamp(Timestamp::now())
    }
}

/// Masks the parameters that are secrets by their name or by their value.
fn mask_parameters(parameters: &mut Map<String, Value>, redactor: &Redactor) {
    for (name, value) in parameters.iter_mut() {
        if is_secret_value_key(name) && !value.is_null() {
            *value = MASK.into();
        }
        redactor.redact_value(value);
    }
}

/// Masks secrets in the names of outputs and in the states of steps.
fn redact_effects(status: &mut StatusFile, redactor: &Redactor) {
    for Output { path, connection, table, mode, .. } in &mut status.outputs {
        for text in [path, connection, table, mode].into_iter().flatten() {
            *text = redactor.redact(text).into_owned();
        }
    }
    let states = status.steps.iter_mut().filter_map(|step| step.state.as_mut());
    for value in states.flat_map(|state| [&mut state.before, &mut state.after]).flatten() {
        redactor.redact_value(value);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{session, success};
    use super::*;

    #[test]
    fn failed_write_of_a_line_fails_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let session = session(folder.path(), Redactor::default());
        *lock(&session.0.events) = LineFile::full();
        session.driver_event("step_start", Map::new());
        session.driver_event("step_end", Map::new());
        let error = session.check().unwrap_err().to_string();
        assert!(
            error.starts_with("cannot write `events.jsonl` of the session: No space"),
            "{error}"
        );

        let status = session.finish(success()).unwrap();
        assert_eq!((status.status, status.exit_code), (RunStatus::Failed, Some(1)));
        assert_eq!(status.error.unwrap().kind, ErrorKind::Session);
        assert_eq!(status.steps_completed, 1, "what the steps did is still told");
    }
}
