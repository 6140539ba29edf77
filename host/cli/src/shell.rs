//! The only module that prints: results on stdout, everything else on stderr.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstream::AutoStream;
use clap::ColorChoice;
use osiris_core::diagnostic::{Error, ExitStatus, Result};
use osiris_core::sanitize::escape_control_json;
use osiris_pipeline::project::Project;
use osiris_runtime::Workspace;
use serde_json::{Value, json};
use terminal_size::{Height, Width};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::args::Global;
use super::render;

/// The result of a command.
#[derive(Debug)]
pub(super) struct CommandOutput {
    /// The JSON document without `status`, which [`CommandOutput::new`] adds.
    pub(super) json: Value,
    /// Whole lines with colours, which are stripped for outputs without colours.
    pub(super) text: String,
    /// The exit code.
    pub(super) exit: u8,
    /// Whether the text describes a failure and belongs on stderr.
    pub(super) failed: bool,
}

impl CommandOutput {
    /// Creates the result of a successful command. `json` is an object.
    pub(super) fn new(json: Value, text: impl Into<String>) -> Self {
        let mut with_status = json!({"status": "success"});
        if let (Value::Object(all), Value::Object(fields)) = (&mut with_status, json) {
            all.extend(fields);
        }
        Self { json: with_status, text: text.into(), exit: 0, failed: false }
    }

    /// Creates the result of a command that a signal stopped, with the exit code for the signal.
    pub(super) fn stopped(exit: u8) -> Self {
        let json = json!({"status": "cancelled", "exit_code": exit});
        Self { json, text: String::new(), exit, failed: false }
    }
}

/// The global options that determine the project and the output.
#[derive(Debug)]
pub(super) struct Shell {
    project: Option<PathBuf>,
    /// Whether to print a single JSON document on stdout.
    pub(super) json: bool,
    /// Whether to print details on stderr.
    pub(super) verbose: bool,
    color: anstream::ColorChoice,
}

impl Shell {
    pub(super) fn new(global: Global) -> Self {
        let Global { project, json, verbose, color } = global;
        let color = match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        Self { project, json, verbose, color }
    }

    /// Prints the host's own diagnostics on stderr: warnings, or more with `--verbose`.
    pub(super) fn trace(&self) {
        let level = if self.verbose { LevelFilter::DEBUG } else { LevelFilter::WARN };
        let own = Targets::new().with_target("osiris", level);
        let lines = tracing_subscriber::fmt::layer().without_time().with_writer(io::stderr);
        let lines = lines.with_ansi(false).with_target(false);
        // Only the first call in a process has an effect, which is intended.
        tracing_subscriber::registry().with(lines.with_filter(own)).try_init().ok();
    }

    /// Opens the project of the command.
    pub(super) fn project(&self) -> Result<Project> {
        Project::find(self.project.as_deref())
    }

    /// Opens the project of the command and finds its drivers.
    pub(super) fn workspace(&self) -> Result<Workspace> {
        Workspace::of(self.project()?)
    }

    /// Returns whether stderr is a terminal that can show progress.
    pub(super) fn is_watched(&self) -> bool {
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        !self.json && !is_dumb && io::stderr().is_terminal()
    }

    /// Returns the columns and rows of the terminal that stderr is.
    pub(super) fn terminal_size(&self) -> (usize, usize) {
        match terminal_size::terminal_size_of(io::stderr()) {
            Some((Width(columns), Height(rows))) if columns > 0 && rows > 0 => {
                (columns.into(), rows.into())
            }
            _ => (80, 24),
        }
    }

    /// Replaces the `drawn` lines above the cursor of the terminal by `text`, which is empty or
    /// ends with a newline. The cursor stays below: whatever the terminal echoes there, such as
    /// `^C`, is replaced too.
    pub(super) fn redraw(&self, drawn: usize, text: &str) {
        let up = if drawn > 0 { format!("\x1b[{drawn}A") } else { String::new() };
        let frame = format!("\r{up}\x1b[J{}", self.styled(text.to_owned()));
        // If the terminal is closed, nobody watches.
        let mut stderr = io::stderr().lock();
        stderr.write_all(frame.as_bytes()).and_then(|()| stderr.flush()).ok();
    }

    /// Prints a part of a result that grows while the command runs. Returns `false` if the reader
    /// has closed the pipe.
    pub(super) fn stream(&self, text: &str) -> bool {
        let mut stream = AutoStream::new(io::stdout().lock(), self.color);
        write_line(&mut stream, text).is_ok()
    }

    /// Strips colours that stderr does not show, for text that is not printed by [`Shell::note`].
    pub(super) fn styled(&self, text: String) -> String {
        let colors = match self.color {
            anstream::ColorChoice::Auto => AutoStream::choice(&io::stderr()),
            choice => choice,
        };
        match colors {
            anstream::ColorChoice::Never => anstream::adapter::strip_str(&text).to_string(),
            _ => text,
        }
    }

    /// Prints the result.
    pub(super) fn answer(&self, answer: CommandOutput) -> ExitCode {
        if answer.failed && !self.json {
            self.note(&answer.text);
            return ExitCode::from(answer.exit);
        }
        let text = if self.json { document(&answer.json) } else { answer.text };
        self.result(&text, answer.exit)
    }

    /// Prints an error on stderr, or as the JSON document.
    pub(super) fn fail(&self, error: &Error) -> ExitCode {
        let exit = error.exit as u8;
        if self.json {
            let problems = error.diagnostics();
            let value = json!({"status": "error", "exit_code": exit, "problems": problems});
            return self.result(&document(&value), exit);
        }
        self.note(&render::problems(error.diagnostics()));
        ExitCode::from(exit)
    }

    /// Prints a message for the user on stderr.
    pub(super) fn note(&self, text: &str) {
        let mut stream = AutoStream::new(io::stderr().lock(), self.color);
        // If stderr is closed, there is no other place for the message.
        write_line(&mut stream, text).ok();
    }

    fn result(&self, text: &str, exit: u8) -> ExitCode {
        let mut stream = AutoStream::new(io::stdout().lock(), self.color);
        match write_line(&mut stream, text) {
            Ok(()) => ExitCode::from(exit),
            // The reader has closed the pipe, as in `osiris runs list | head -1`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(exit),
            Err(error) => {
                self.note(&format!("cannot write the result to stdout: {error}"));
                ExitCode::from(exit.max(ExitStatus::Environment as u8))
            }
        }
    }
}

/// Raises the limit of open files to the maximum that the system allows: a driver that opens many
/// files would otherwise leave none to concurrent steps.
pub(super) fn raise_nofile_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        /// macOS names no maximum, and refuses more than this.
        const OPEN_MAX: u64 = 10_240;
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = match limit.maximum {
            None if cfg!(target_vendor = "apple") => Some(OPEN_MAX),
            maximum => maximum,
        };
        // If the system refuses, the old limit remains.
        setrlimit(Resource::Nofile, limit).ok();
    }
}

fn document(value: &Value) -> String {
    // Cannot fail: a document only has text keys.
    escape_control_json(serde_json::to_string_pretty(value).unwrap_or_default())
}

fn write_line(stream: &mut impl Write, text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    stream.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        stream.write_all(b"\n")?;
    }
    stream.flush()
}

/// Formats a path for the user: relative to the working directory if inside it.
pub(super) fn display_path(path: &Path) -> String {
    let current = std::env::current_dir().and_then(|current| current.canonicalize()).ok();
    let below = current.and_then(|current| path.strip_prefix(current).ok().map(Path::to_path_buf));
    match below {
        Some(below) if below.as_os_str().is_empty() => ".".to_owned(),
        Some(below) => below.display().to_string(),
        None => path.display().to_string(),
    }
}
