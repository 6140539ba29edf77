//! Running a short command to its end.

use std::time::Duration;

use tokio::time::timeout_at;

use super::super::error::{Error, Kind, Result};
use super::super::retry::deadline;
use super::{Command, Envd, Output, Process, Signal, rpc};

/// What is kept of each output, in bytes.
const MAX: usize = 1 << 20;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Its exit code; -1 when a signal ended it.
    pub exit_code: i32,
    /// The first MiB of its standard output.
    pub stdout: Vec<u8>,
    /// The first MiB of its standard error.
    pub stderr: Vec<u8>,
    /// Whether there was more output than is kept.
    pub cut: bool,
}

impl Envd {
    /// Runs a command to its end; its input is empty. One that takes longer
    /// than a call may is killed.
    ///
    /// # Errors
    /// As [`Envd::start`] and [`Process::next`]. An exit code is no error.
    pub async fn run(&self, command: &Command) -> Result<Finished> {
        let deadline = deadline(self.patience);
        let mut process = self.start(&Command { stdin: false, ..command.clone() }).await?;
        match timeout_at(deadline, finish(&mut process, &command.cmd)).await {
            Ok(finished) => finished,
            Err(_) => {
                let killed = self.within(Duration::from_secs(5));
                let killed = killed.signal(process.pid, Signal::Kill).await;
                let then = match killed {
                    Ok(()) => "was killed",
                    Err(_) => "may still run",
                };
                let text = format!(
                    "cannot run {} in the sandbox: it took longer than {:?} and {then}",
                    command.cmd, self.patience
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
        let (kept, piece) = match output {
            Output::Stdout(piece) => (&mut finished.stdout, piece),
            Output::Stderr(piece) => (&mut finished.stderr, piece),
            Output::KeepAlive => continue,
            Output::Exited { code, .. } => {
                finished.exit_code = code;
                return Ok(finished);
            }
        };
        let room = piece.len().min(MAX - kept.len());
        kept.extend_from_slice(&piece[..room]);
        finished.cut |= room < piece.len();
    }
    Err(rpc::lost(&format!("run {cmd} in the sandbox"), "ended without its exit code"))
}
