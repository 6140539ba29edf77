//! Reads the events and the log of a session in the order of time, also while the run writes them.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::regular::open_regular_no_link;
use osiris_core::telemetry::Level;
use serde_json::{Map, Value};

use super::{Run, unreadable};
use crate::session::{Record, files};

/// The longest line that is read, in bytes: more than the limits of a run let a line become.
const MAX_LINE: u64 = 64 << 20;

/// Reads a session's events and log lines. Lines that are not complete yet are read later.
#[derive(Debug)]
pub struct LogReader {
    events: LineReader,
    log: LineReader,
}

impl LogReader {
    /// Creates a reader at the start of a session.
    pub fn new(run: &Run) -> Self {
        let reader = |name: &str, parse| LineReader {
            path: run.dir.join(name),
            file: None,
            line: Vec::new(),
            number: 0,
            next: None,
            parse,
        };
        Self { events: reader(files::EVENTS, event), log: reader(files::LOG, log_line) }
    }

    /// Returns the next record, an event or a log line. Returns `None` if there is none yet.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read or has a line of another form.
    pub fn next_record(&mut self) -> Result<Option<Record>> {
        self.events.fill()?;
        self.log.fill()?;
        let first = match (&self.events.next, &self.log.next) {
            (Some((event, _)), Some((line, _))) if line < event => &mut self.log,
            (None, Some(_)) => &mut self.log,
            _ => &mut self.events,
        };
        Ok(first.next.take().map(|(_, record)| record))
    }
}

/// Parses a line into its time and record.
type Parse = fn(&str) -> std::result::Result<(String, Record), String>;

/// Reads the whole lines of a file that grows.
#[derive(Debug)]
struct LineReader {
    path: PathBuf,
    file: Option<BufReader<File>>,
    /// The beginning of the next line.
    line: Vec<u8>,
    /// Number of lines read.
    number: u64,
    /// The next record with its time.
    next: Option<(String, Record)>,
    parse: Parse,
}

impl LineReader {
    /// Reads the next record, if there is a whole line.
    fn fill(&mut self) -> Result<()> {
        if self.next.is_some() {
            return Ok(());
        }
        let whole = self.read_line().map_err(|error| unreadable(&self.path, &error))?;
        if !whole {
            return Ok(());
        }
        self.number += 1;
        let text = String::from_utf8_lossy(&self.line);
        let parsed = (self.parse)(text.trim_end_matches('\n'));
        self.next = Some(parsed.map_err(|why| invalid(&self.path, self.number, &why))?);
        self.line.clear();
        Ok(())
    }

    /// Returns whether `line` now holds a whole line.
    fn read_line(&mut self) -> io::Result<bool> {
        if self.file.is_none() {
            match open_regular_no_link(&self.path) {
                Ok((file, _)) => self.file = Some(BufReader::new(file)),
                // The run has not created it yet.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        let Some(file) = &mut self.file else { return Ok(false) };
        let room = MAX_LINE.saturating_sub(self.line.len() as u64);
        io::Read::take(file, room).read_until(b'\n', &mut self.line)?;
        match self.line.last() {
            Some(b'\n') => Ok(true),
            _ if self.line.len() as u64 >= MAX_LINE => Err(io::ErrorKind::FileTooLarge.into()),
            _ => Ok(false),
        }
    }
}

fn event(line: &str) -> std::result::Result<(String, Record), String> {
    let mut fields: Map<String, Value> =
        serde_json::from_str(line).map_err(|error| format!("not JSON: {error}"))?;
    fields.remove("session_id");
    let mut text = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(format!("no text in `{name}`")),
    };
    let (ts, event_type) = (text("ts")?, text("event_type")?);
    Ok((ts.clone(), Record::Event { ts, event_type, fields }))
}

/// Parses `2026-01-31T08:05:09.123Z INFO  [step] message`.
fn log_line(line: &str) -> std::result::Result<(String, Record), String> {
    let parse = || {
        let (ts, rest) = line.split_once(' ')?;
        let (level, rest) = rest.split_once(' ')?;
        let level = Level::ALL.into_iter().find(|known| known.name() == level)?;
        let (step, message) = rest.trim_start().strip_prefix('[')?.split_once("] ")?;
        let (ts, step) = (ts.to_owned(), Some(step.to_owned()).filter(|step| step != "run"));
        Some((ts.clone(), Record::Log { ts, level, step, message: message.to_owned() }))
    };
    parse().ok_or_else(|| "not a line of a log".to_owned())
}

fn invalid(path: &Path, line: u64, why: &str) -> Error {
    let message = format!("cannot read line {line} of the session: {why}");
    Error::invalid(Diagnostic::new(Code::SessionInvalid, message).in_file(path))
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::io::Write as _;

    use super::*;

    fn run(dir: &Path) -> Run {
        Run { id: String::new(), dir: dir.to_owned(), status: Err(String::new()) }
    }

    fn append(dir: &Path, name: &str, text: &str) {
        let mut file = OpenOptions::new().append(true).create(true).open(dir.join(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn events_and_log_lines_come_in_the_order_of_time_as_they_are_written() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let mut reader = LogReader::new(&run(dir));
        assert_eq!(reader.next_record().unwrap(), None, "no files yet");
        let event = |second: u32| {
            format!(
                r#"{{"ts":"2026-01-31T08:05:0{second}.000Z","session_id":"x","event_type":"e{second}"}}"#
            )
        };
        append(dir, files::EVENTS, &format!("{}\n{}\n{}", event(1), event(3), &event(5)[..20]));
        append(dir, files::LOG, "2026-01-31T08:05:02.000Z WARN  [read] two words\n");
        let mut names = Vec::new();
        let mut read = |reader: &mut LogReader| {
            while let Some(record) = reader.next_record().unwrap() {
                names.push(match record {
                    Record::Event { event_type, .. } => event_type,
                    Record::Log { level, step, message, .. } => {
                        format!("{} {} {message}", level.name(), step.unwrap_or_default())
                    }
                    Record::Metric { metric, .. } => metric,
                });
            }
        };
        read(&mut reader);
        append(dir, files::EVENTS, &format!("{}\n", &event(5)[20..]));
        append(dir, files::LOG, "2026-01-31T08:05:04.000Z INFO  [run] end\n");
        read(&mut reader);
        assert_eq!(names, ["e1", "WARN read two words", "e3", "INFO  end", "e5"]);

        append(dir, files::LOG, "nonsense\n");
        let error = reader.next_record().unwrap_err().to_string();
        assert!(error.starts_with("cannot read line 3 of the session: not a line"), "{error}");
    }
}
