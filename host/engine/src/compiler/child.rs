//! Starts the process that compiles, and waits for it.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::thread::{available_parallelism, sleep};
use std::time::{Duration, Instant};

use osiris_core::program;
use osiris_core::text::format_bytes;

use super::COMMAND;
use super::budget::Budget;
use super::refusal::Refusal;

/// Initial and maximum interval between polls of the process.
const POLL_INTERVAL: Duration = Duration::from_micros(500);
const MAX_POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Maximum compiling threads: each needs memory, and the memory limit is for the process.
const THREADS: usize = 8;
/// Maximum length of the refusal and of the stderr output, in bytes.
const MAX_REASON: u64 = 64 << 10;
const MAX_STDERR: u64 = 4 << 10;
/// Exit code of a process that has refused a component.
pub(super) const REFUSED: i32 = 2;

/// Compiles a component with `program`, an `osiris` executable. Returns the code in an anonymous
/// file.
pub(crate) fn compile(
    program: &Path,
    component: &[u8],
    engine: &str,
    interrupts: bool,
) -> Result<File, Refusal> {
    let budget = Budget::of(component.len());
    let unable =
        |error: io::Error| Refusal::Failed(format!("cannot start the compiler process: {error}"));
    if program.as_os_str().is_empty() {
        let reason = "no `osiris` program found next to this program; set one in `EngineConfig`";
        return Err(Refusal::Failed(reason.to_owned()));
    }
    let code = anonymous_file().map_err(unable)?;
    let threads = available_parallelism().map_or(1, usize::from).min(THREADS);
    let mut command = program::command(program, COMMAND);
    command
        .args(["--parent", &std::process::id().to_string()])
        .args(["--size", &component.len().to_string()])
        .args(["--engine", engine])
        .env("RAYON_NUM_THREADS", threads.to_string())
        .stdin(Stdio::piped())
        .stdout(code.try_clone().map_err(unable)?);
    if !interrupts {
        command.arg("--without-interrupts");
    }
    let mut process = Process(command.spawn().map_err(unable)?);
    if let Some(mut stdin) = process.0.stdin.take() {
        // If the process has ended by now, its status below has the reason.
        stdin.write_all(component).ok();
    }
    let status = process.wait(budget.timeout);
    let stderr = process.end_and_read_stderr();
    if !stderr.is_empty() {
        tracing::debug!("compiler process: {}", osiris_core::sanitize::escape_control(&stderr));
    }
    into_result(status, code, &stderr, budget)
}

/// Returns the code, or the reason why there is none.
fn into_result(
    status: io::Result<Option<ExitStatus>>,
    mut code: File,
    stderr: &str,
    budget: Budget,
) -> Result<File, Refusal> {
    let unable = |error: io::Error| {
        Refusal::Failed(format!("cannot wait for the compiler process: {error}"))
    };
    let costly = |what: String| Err(Refusal::Costly(format!("compilation needs more than {what}")));
    let Some(status) = status.map_err(unable)? else {
        return costly(format!("{} s", budget.timeout.as_secs()));
    };
    code.rewind().map_err(unable)?;
    if status.success() {
        return Ok(code);
    }
    if status.code() == Some(REFUSED) {
        let mut reason = Vec::new();
        code.take(MAX_REASON).read_to_end(&mut reason).map_err(unable)?;
        let refusal = serde_json::from_slice(&reason).ok();
        return Err(refusal.unwrap_or_else(|| Refusal::Failed(end_message(status))));
    }
    if stderr.contains("memory allocation of") || stderr.contains("Cannot allocate memory") {
        return costly(format!("{} of memory", format_bytes(budget.memory)));
    }
    match signal(status) {
        Some("SIGXCPU") => costly(format!("{} s of CPU time", budget.seconds)),
        Some("SIGXFSZ") => costly(format!("{} for the compiled code", format_bytes(budget.code))),
        _ => Err(Refusal::Failed(end_message(status))),
    }
}

fn end_message(status: ExitStatus) -> String {
    match signal(status) {
        Some("SIGKILL") => {
            "the compiler process was killed, by another process or for lack of memory".to_owned()
        }
        _ => format!("the compiler process ended with {status}"),
    }
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<&'static str> {
    use std::os::unix::process::ExitStatusExt;

    use rustix::process::Signal;
    let signals = [(Signal::XCPU, "SIGXCPU"), (Signal::XFSZ, "SIGXFSZ"), (Signal::KILL, "SIGKILL")];
    let number = status.signal()?;
    signals.into_iter().find_map(|(signal, name)| (signal.as_raw() == number).then_some(name))
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<&'static str> {
    None
}

/// A process that is killed on drop.
struct Process(Child);

impl Process {
    /// Waits for the process to end. Returns `None` if it does not end in time.
    fn wait(&mut self, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        let (started, mut interval) = (Instant::now(), POLL_INTERVAL);
        while started.elapsed() < timeout {
            if let Some(status) = self.0.try_wait()? {
                return Ok(Some(status));
            }
            sleep(interval);
            interval = (interval * 2).min(MAX_POLL_INTERVAL);
        }
        Ok(None)
    }

    /// Ends the process and returns its stderr.
    fn end_and_read_stderr(&mut self) -> String {
        self.end();
        let mut output = Vec::new();
        if let Some(stderr) = self.0.stderr.take() {
            stderr.take(MAX_STDERR).read_to_end(&mut output).ok();
        }
        String::from_utf8_lossy(&output).trim().to_owned()
    }

    fn end(&mut self) {
        // A process that has already ended and been waited for cannot be killed, so no other
        // process is hit.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Creates an anonymous file.
#[cfg(target_os = "linux")]
fn anonymous_file() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    Ok(File::from(memfd_create("osiris-code", MemfdFlags::CLOEXEC)?))
}

/// Creates an anonymous file.
#[cfg(not(target_os = "linux"))]
fn anonymous_file() -> io::Result<File> {
    tempfile::tempfile()
}
