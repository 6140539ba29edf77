//! A run while it goes on: progress, and what stops it.

use std::io;
use std::process;
use std::sync::Arc;

use tokio::runtime::Builder;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::super::shell::Shell;
use super::progress::{Progress, TICK};
use crate::manifest::Manifest;
use crate::problem::{Error, Problem, Result};
use crate::run::{self, Board, Prepared};
use crate::session::{End, Failure, Session, State, Status, StepState, StepStatus};

/// What a shell reports for a process that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Runs to the end, or until the user has had enough.
pub(super) fn execute(
    prepared: Prepared,
    session: &Session,
    board: Arc<Board>,
    manifest: &Manifest,
    shell: &Shell,
) -> Result<Status> {
    let unable = |error: io::Error| {
        Error::environment(Problem::new("runtime", format!("cannot start the run: {error}")))
    };
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(unable)?;
    let mut progress = Progress::new(shell, manifest);
    let status = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(unable)?;
        let cancel = CancellationToken::new();
        let run = run::execute(prepared, session, board.clone(), cancel.clone());
        let mut run = std::pin::pin!(run);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                status = &mut run => return status,
                _ = ticks.tick() => progress.show(&board.snapshot()),
                () = signals.next() => {
                    if cancel.is_cancelled() {
                        progress.close(&board.snapshot());
                        stop_now(session, &board, manifest);
                    }
                    cancel.cancel();
                    progress.say("Stopping: steps undo what is not finished. Again to stop at once.");
                }
            }
        }
    });
    progress.close(&board.snapshot());
    // All steps have ended; a thread that still waits for the disk holds nothing of them.
    runtime.shutdown_background();
    status
}

/// Ends the process after a second Ctrl-C, with a status that says so.
fn stop_now(session: &Session, board: &Board, manifest: &Manifest) -> ! {
    let steps = board.snapshot().into_iter().zip(&manifest.steps).map(|(seen, step)| StepStatus {
        id: seen.id,
        driver: step.driver.name.clone(),
        status: seen.state.unwrap_or(StepState::Cancelled),
        rows_in: seen.rows_in,
        rows_out: seen.rows_out,
        duration_ms: u64::try_from(seen.elapsed.as_millis()).unwrap_or(u64::MAX),
    });
    let message = "stopped at once by the user: what steps had not finished may lie about";
    let error = Failure { step: None, kind: "cancelled".to_owned(), message: message.to_owned() };
    let end = End {
        state: State::Cancelled,
        exit_code: INTERRUPTED,
        error: Some(error),
        steps: steps.collect(),
        rows_read: 0,
        rows_written: 0,
        rows_processed: 0,
    };
    // If the status cannot be written, the next sweep calls the run crashed.
    session.finish(end).ok();
    process::exit(i32::from(INTERRUPTED))
}

/// What asks a process to stop.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {})
    }

    async fn next(&mut self) {
        // Without a handler, the system ends the process by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
