//! Runs a short command to its end.

use std::time::Duration;

use tokio::time::timeout_at;

use super::super::error::{Error, Kind, Result};
use super::super::retry::deadline;
use super::{Command, Envd, Output, Process, Signal, rpc};

/// Maximum bytes kept of each output.
const MAX: usize = 1 << 20;

/// Result of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Exit code; -1 if the command was ended by a signal.
    pub exit_code: i32,
    /// The first MiB of standard output.
    pub stdout: Vec<u8>,
    /// The first MiB of standard error.
    pub stderr: Vec<u8>,
    /// Whether output was dropped.
    pub cut: bool,
}

impl Envd {
    /// Runs a command to its end, with empty input. A command that exceeds the time limit of a call
    /// is killed.
    ///
    /// # Errors
    /// Returns the errors of [`Envd::start`] and [`Process::next`]. A nonzero exit code is not an
    /// error.
    pub async fn run(&self, command: &Command) -> Result<Finished> {
        let deadline = deadline(self.timeout);
        let mut process = self.start(&Command { stdin: false, ..command.clone() }).await?;
        match timeout_at(deadline, finish(&mut process, &command.cmd)).await {
            Ok(finished) => finished,
            Err(_) => {
                let envd = self.with_timeout(Duration::from_secs(5));
                let result = envd.signal(process.pid, Signal::Kill).await;
                let outcome = match result {
                    Ok(()) => "was killed",
                    Err(_) => "might still be running",
                };
                let text = format!(
                    "cannot run {} in the sandbox: the process took longer than {:?} and {outcome}",
                    command.cmd, self.timeout
                );
                Err(Error::new(Kind::Timeout, text))
            }
        }
    }
}

async fn finish(process: &mut Process, cmd: &str) -> Result<Finished> {
    let mut finished =
        Finished { exit_code: -1, stdout: Vec::new(), stderr: Vec::new(), cut: false };
    while let Some(output) = process.next().await? {
        let (buffer, piece) = match output {
            Output::Stdout(piece) => (&mut finished.stdout, piece),
            Output::Stderr(piece) => (&mut finished.stderr, piece),
            Output::KeepAlive => continue,
            Output::Exited { code, .. } => {
                finished.exit_code = code;
                return Ok(finished);
            }
        };
        let length = piece.len().min(MAX - buffer.len());
        buffer.extend_from_slice(&piece[..length]);
        finished.cut |= length < piece.len();
    }
    Err(rpc::lost(&format!("run {cmd} in the sandbox"), "ended without an exit code"))
}
