//! The signals that stop a command.

use std::io;
use std::time::{Duration, Instant};

/// Exit code that a shell reports for a process ended by Ctrl-C.
pub(super) const INTERRUPTED: u8 = 130;
/// Exit code that a shell reports for a process ended by SIGTERM.
pub(super) const TERMINATED: u8 = 143;
/// Time in which a second SIGTERM counts as the first one: `timeout` sends the signal to the
/// process and then to its group.
const REPEATED: Duration = Duration::from_secs(1);

/// Signals that stop a process: Ctrl-C and SIGTERM.
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    /// Time of the last SIGTERM.
    terminated: Option<Instant>,
}

impl Signals {
    /// Starts to listen. From then on, the signals no longer end the process.
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminated: None,
        })
    }

    /// Waits for a signal and returns the exit code for it.
    pub(super) async fn next(&mut self) -> u8 {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => {
                    let last = self.terminated.replace(Instant::now());
                    if last.is_none_or(|last| last.elapsed() >= REPEATED) {
                        return TERMINATED;
                    }
                }
                _ = self.interrupt.recv() => return INTERRUPTED,
            }
        }
    }
}
