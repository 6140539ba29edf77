//! Starts the real program as a user would.

use std::ffi::OsStr;
use std::fs::DirEntry;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};

use crate::terminal::Terminal;
use crate::wait::wait_for;
use crate::{TestProject, built};

/// Default time limit of a command, after which the test fails.
const LIMIT: Duration = Duration::from_secs(60);

/// A command that has not started yet.
///
/// The environment contains none of the test's own variables, and root's permission to read and
/// write everything is dropped.
#[derive(Debug)]
pub struct Osiris {
    command: Command,
    file_size: Option<u64>,
    open_files: Option<u64>,
    limit: Duration,
}

impl Osiris {
    pub(crate) fn new<A: AsRef<OsStr>>(
        project: &TestProject,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let mut osiris = Self::of(project, Command::new(built::osiris()));
        osiris.command.args(arguments);
        osiris
    }

    /// Creates a shell that runs `script`, with osiris first on its `PATH`.
    pub(crate) fn shell(project: &TestProject, script: &str) -> Self {
        let programs = built::osiris().parent().map(Path::to_owned).unwrap_or_default();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(programs).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(folders).expect("folders of programs have plain names");
        let mut shell = Self::of(project, Command::new("bash"));
        shell.command.args(["-c", script]);
        shell.env("PATH", path)
    }

    fn of(project: &TestProject, mut command: Command) -> Self {
        command
            .current_dir(project.root())
            .env_clear()
            .env("HOME", project.outside().join("home"))
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("OSIRIS_CACHE", built::cache())
            .env("NO_COLOR", "1");
        Self { command, file_size: None, open_files: None, limit: LIMIT }
    }

    /// Makes the test drivers in `tests/drivers` available.
    #[must_use]
    pub fn test_drivers(self) -> Self {
        let folder = built::test_drivers();
        self.env("OSIRIS_DRIVERS", folder)
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn current_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Prepends a program and its first arguments, which executes the command in the
    /// same process. Does nothing without any.
    #[must_use]
    pub fn below(mut self, words: &[String]) -> Self {
        if let [program, arguments @ ..] = words {
            let mut outer = Command::new(program);
            outer.args(arguments);
            self.command = around(outer, &self.command);
        }
        self
    }

    /// Raises the time limit.
    #[must_use]
    pub fn patience(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Limits the size of each file that the command writes (in steps of 512 bytes), to simulate a
    /// full disk.
    #[must_use]
    pub fn file_size(mut self, bytes: u64) -> Self {
        self.file_size = Some(bytes);
        self
    }

    /// Limits the number of open files.
    #[must_use]
    pub fn open_files(mut self, count: u64) -> Self {
        self.open_files = Some(count);
        self
    }

    /// Starts the command.
    pub fn start(self) -> Running {
        let mut limits = String::new();
        if let Some(bytes) = self.file_size {
            // With the signal ignored, writing beyond the limit fails instead of killing the
            // process.
            limits.push_str(&format!("trap '' XFSZ; ulimit -f {}; ", bytes / 512));
        }
        if let Some(count) = self.open_files {
            limits.push_str(&format!("ulimit -n {count}; "));
        }
        let mut command =
            if limits.is_empty() { self.command } else { limited(&self.command, &limits) };
        let file = || tempfile::tempfile().expect("temporary files can be made");
        let (stdout, stderr) = (file(), file());
        let share = |file: &File| Stdio::from(file.try_clone().expect("a file can be shared"));
        command.stdin(Stdio::null()).stdout(share(&stdout)).stderr(share(&stderr));
        let started = Instant::now();
        // Capabilities dropped by a thread are dropped for its children; the test itself keeps
        // them.
        let spawn = std::thread::spawn(move || {
            let root = [
                CapabilitySet::DAC_OVERRIDE,
                CapabilitySet::DAC_READ_SEARCH,
                CapabilitySet::FOWNER,
            ];
            for power in root {
                // Only root can; other users have no capabilities to drop.
                let _ = remove_capability_from_bounding_set(power);
            }
            command.spawn()
        });
        let child = spawn.join().expect("starting does not panic").expect("osiris starts");
        Running { child, started, stdout, stderr, limit: self.limit }
    }

    /// Starts the command in a terminal of this size.
    pub fn start_in_terminal(self, columns: u16, rows: u16) -> Terminal {
        let mut outer = Command::new("setsid");
        outer.arg("--ctty");
        Terminal::start(around(outer, &self.command), columns, rows)
    }

    /// Runs the command to its end.
    pub fn run(self) -> Finished {
        self.start().finish()
    }
}

/// Wraps a command in a shell that sets limits and then replaces itself with the command.
fn limited(command: &Command, limits: &str) -> Command {
    let script = format!("{limits}exec \"$0\" \"$@\"");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script);
    around(shell, command)
}

/// Appends a command with its environment to the arguments of a program that executes it.
fn around(mut outer: Command, inner: &Command) -> Command {
    outer.arg(inner.get_program()).args(inner.get_args()).env_clear();
    if let Some(folder) = inner.get_current_dir() {
        outer.current_dir(folder);
    }
    for (name, value) in inner.get_envs() {
        outer.env(name, value.unwrap_or_default());
    }
    outer
}

/// A running command. Killed on drop.
#[derive(Debug)]
pub struct Running {
    child: Child,
    started: Instant,
    stdout: File,
    stderr: File,
    limit: Duration,
}

impl Running {
    /// Returns the process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Requests a stop, like Ctrl-C.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Requests a stop, like a service manager.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Kills the command immediately.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("a child has an id"), signal).expect("the child can be signalled");
    }

    /// Waits for the end and returns the peak memory of the process itself, in bytes.
    pub fn peak(&mut self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let mut peak = 0;
        wait_for("the end of osiris", self.limit, || {
            let status = std::fs::read_to_string(&path).unwrap_or_default();
            // A process that has ended holds no memory.
            let held = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = held.and_then(|held| held.trim().trim_end_matches(" kB").parse::<u64>().ok());
            peak = peak.max(kib.unwrap_or_default() << 10);
            kib.is_none().then_some(())
        });
        peak
    }

    /// Waits until `test.sink` has written part of its future output `path`.
    pub fn wait_for_part(&mut self, path: &Path) {
        let what = format!("a part of {} to be written", path.display());
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        wait_for(&what, self.limit, || {
            let beside = path.parent().and_then(|folder| std::fs::read_dir(folder).ok());
            let is_part = |entry: &DirEntry| {
                let of_it = entry.file_name().to_string_lossy().starts_with(&format!("{name}."));
                of_it && entry.metadata().is_ok_and(|about| about.len() > 0)
            };
            let part = beside.into_iter().flatten().flatten().find(is_part);
            if part.is_none()
                && let Ok(Some(status)) = self.child.try_wait()
            {
                panic!("{what}: osiris ended before, {status}\n{}", text(&mut self.stderr));
            }
            part
        });
    }

    /// Waits until the command prints these words to stderr.
    pub fn wait_for_words(&mut self, words: &str) {
        wait_for(&format!("{words:?} on stderr"), LIMIT, || {
            let said = so_far(&self.stderr);
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("osiris ended before it said {words:?}, {status}\n{said}");
            }
            said.contains(words).then_some(())
        });
    }

    /// Waits until the command prints these words to stdout.
    pub fn wait_for_output(&self, words: &str) {
        wait_for(&format!("{words:?} on stdout"), LIMIT, || {
            so_far(&self.stdout).contains(words).then_some(())
        });
    }

    /// Waits for the end.
    pub fn finish(mut self) -> Finished {
        let status = wait_for("the end of osiris", self.limit, || {
            self.child.try_wait().expect("a child can be waited for")
        });
        Finished {
            status,
            took: self.started.elapsed(),
            stdout: text(&mut self.stdout),
            stderr: text(&mut self.stderr),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a file from its start.
fn text(file: &mut File) -> String {
    use std::io::Seek;
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).expect("the output can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads a file that another process is writing, without moving the shared offset.
fn so_far(file: &File) -> String {
    use std::os::unix::fs::FileExt;
    let size = file.metadata().map_or(0, |about| about.len());
    let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
    file.read_exact_at(&mut bytes, 0).expect("the output can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Result of a command.
#[derive(Debug)]
pub struct Finished {
    /// Exit status.
    pub status: ExitStatus,
    /// Time from start to end.
    pub took: Duration,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Finished {
    /// Returns the exit code, or `None` after a signal.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Fails the test unless the exit code matches.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code(),
            Some(code),
            "{}\n--- stdout\n{}\n--- stderr\n{}",
            self.status,
            self.stdout,
            self.stderr
        );
        self
    }

    /// Parses standard output, which must be one JSON document.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!("stdout is not one JSON document: {error}\n{}", self.stdout)
        })
    }
}
