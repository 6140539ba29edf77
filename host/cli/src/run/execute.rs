//! A run in progress: its display, and the signals that stop it.

use std::pin::Pin;
use std::sync::Arc;
use std::{io, process};

use osiris_core::code::Code;
use osiris_core::contract::ErrorKind;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_e2b::runner::{E2bRunner, KillHandle, Notice};
use osiris_runtime::run::{self, Prepared, RunProgress};
use osiris_runtime::session::{RunError, RunStatus, Session, StatusFile};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::super::shell::raise_nofile_limit;
use super::super::signals::Signals;
use super::progress::{Progress, TICK};

/// The target of a prepared run.
pub(super) enum ExecutionTarget {
    /// In this process.
    Local(Box<Prepared>),
    /// In an E2B sandbox, with the receiver of its notes.
    E2b(Box<E2bRunner>, UnboundedReceiver<Notice>),
}

/// Runs to the end, or until the user stops the run.
pub(super) fn execute(
    mut target: ExecutionTarget,
    session: &Session,
    progress: Arc<RunProgress>,
    mut display: Progress<'_>,
) -> Result<StatusFile> {
    let unable = |error: io::Error| {
        Error::environment(Diagnostic::new(
            Code::RuntimeFailed,
            format!("cannot start the run: {error}"),
        ))
    };
    let (runtime, dirs) = match &mut target {
        ExecutionTarget::Local(prepared) => {
            raise_nofile_limit();
            let (sandbox, dirs) = prepared.sandbox(session.dir());
            // This process has no other thread yet and has run no driver code.
            (run::sandboxed_runtime(&sandbox)?, Some(dirs))
        }
        ExecutionTarget::E2b(..) => {
            (Builder::new_multi_thread().enable_all().build().map_err(unable)?, None)
        }
    };
    let status = runtime.block_on(async {
        let mut signals = Signals::listen().map_err(unable)?;
        let cancel = CancellationToken::new();
        let (run, kill_handle, mut notes) = begin(target, session, &progress, &cancel);
        let mut run = std::pin::pin!(run);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(note) = notes.recv() => display.note(&note),
                status = &mut run => {
                    while let Ok(note) = notes.try_recv() {
                        display.note(&note);
                    }
                    return status;
                }
                _ = ticks.tick() => display.show(&progress.snapshot()),
                exit_code = signals.next() => {
                    session.set_signal_exit(exit_code);
                    if cancel.is_cancelled() {
                        display.close(&progress.snapshot());
                        if let Some(kill_handle) = &kill_handle {
                            kill_handle.kill().await;
                        }
                        stop_now(session, &progress, exit_code);
                    }
                    cancel.cancel();
                    display.say("Stopping: rolling back unfinished steps. Press Ctrl-C again to stop immediately.");
                }
            }
        }
    });
    display.close(&progress.snapshot());
    // All steps have ended; a thread that still waits for the disk holds none of their data.
    runtime.shutdown_background();
    if let Some(dirs) = dirs {
        dirs.clear();
    }
    status
}

type Run<'s> = Pin<Box<dyn Future<Output = Result<StatusFile>> + 's>>;

fn begin<'s>(
    target: ExecutionTarget,
    session: &'s Session,
    progress: &Arc<RunProgress>,
    cancel: &CancellationToken,
) -> (Run<'s>, Option<KillHandle>, UnboundedReceiver<Notice>) {
    let (progress, cancel) = (progress.clone(), cancel.clone());
    match target {
        ExecutionTarget::Local(prepared) => {
            let run = run::execute(*prepared, session, progress, cancel);
            (Box::pin(run), None, unbounded_channel().1)
        }
        ExecutionTarget::E2b(runner, notes) => {
            let kill_handle = runner.kill_handle(session);
            (Box::pin(runner.execute(session, progress, cancel)), Some(kill_handle), notes)
        }
    }
}

/// Ends the process after a second signal, with a matching status.
fn stop_now(session: &Session, progress: &RunProgress, exit_code: u8) -> ! {
    let message = "stopped immediately by the user: unfinished steps were not rolled back";
    let error = RunError::new(ErrorKind::Cancelled, message);
    // If the status cannot be written, the next sweep marks the run as crashed.
    session.finish(progress.end(RunStatus::Cancelled, exit_code, Some(error))).ok();
    process::exit(i32::from(exit_code))
}
