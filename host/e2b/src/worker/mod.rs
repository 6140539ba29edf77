//! `osiris worker`: runs in a sandbox and executes the run that a host sends.

mod commands;
mod files;
mod message_writer;
mod prepare;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use osiris_core::diagnostic::Result;
use osiris_runtime::run::{self, RunProgress, StepSnapshot};
use osiris_runtime::session::{Session, stamp};
use tokio::sync::mpsc::Receiver;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use self::message_writer::MessageWriter;
use self::prepare::PreparedRun;
use super::protocol::{Command, FEATURES, HEARTBEAT, Message, Sequenced, VERSION};

/// Interval at which the progress of steps is checked.
const TICK: Duration = Duration::from_millis(200);

/// Executes the host's commands until `cleanup`, or until the host is gone and no work is left.
/// `folder` is the worker's directory.
///
/// # Errors
/// Returns an error if the directory cannot be written.
pub async fn run(folder: &Path) -> Result<()> {
    let writer = Arc::new(MessageWriter::open(folder)?);
    writer.send(&Message::Hello {
        protocol: VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        features: FEATURES.map(str::to_owned).to_vec(),
        ts: stamp(Timestamp::now()),
    });
    let worker = Worker {
        writer: writer.clone(),
        commands: commands::listen(),
        cancel: CancellationToken::new(),
        cleanup: None,
    };
    worker.serve(folder).await;
    writer.close();
    Ok(())
}

struct Worker {
    writer: Arc<MessageWriter>,
    commands: Receiver<Result<Sequenced<Command>, String>>,
    cancel: CancellationToken,
    /// Number of the `cleanup` command, once received.
    cleanup: Option<u64>,
}

impl Worker {
    async fn serve(mut self, folder: &Path) {
        let mut prepared_run: Option<PreparedRun> = None;
        let mut base = None;
        while self.cleanup.is_none() {
            // Without a host there is nothing more to do: everything the host can ask for is in the
            // stream file.
            let Some(command) = self.commands.recv().await else { return };
            let (n, command) = match command {
                Ok(Sequenced { n, body }) => (n, body),
                Err(why) => {
                    self.refuse(0, why);
                    continue;
                }
            };
            match command {
                Command::Prepare { plan, plan_sha256, confidential } => {
                    let writer = self.writer.clone();
                    let work = tokio::task::spawn_blocking(move || {
                        prepare::prepare(&plan, &plan_sha256, &confidential, |driver| {
                            writer.send(&Message::Compiling { driver: driver.to_owned() });
                        })
                    });
                    match self.wait_for(work, &RunProgress::default()).await {
                        Ok(Ok(ready)) => {
                            base = Some(ready.plan.base.clone());
                            prepared_run = Some(ready);
                            self.writer.send(&Message::Ready { re: n });
                        }
                        Ok(Err(error)) => self.refuse(n, error.to_string()),
                        Err(panic) => self.refuse(n, panic.to_string()),
                    }
                }
                Command::Run => match prepared_run.take() {
                    None => self.refuse(n, "no run is prepared".to_owned()),
                    Some(prepared_run) => self.run(n, prepared_run).await,
                },
                other => self.handle_command(n, &other),
            }
        }
        for folder in base.iter().map(std::path::PathBuf::as_path).chain([folder]) {
            // The sandbox is about to be killed, and these directories with it.
            std::fs::remove_dir_all(folder).ok();
        }
        self.writer.send(&Message::Cleaned { re: self.cleanup.unwrap_or_default() });
    }

    async fn run(&mut self, n: u64, prepared_run: PreparedRun) {
        let PreparedRun { plan, manifest, prepared, redactor } = prepared_run;
        let logs = plan.base.join("logs");
        let writer = self.writer.clone();
        let listener = Box::new(move |record: &_| writer.record(record));
        let bytes = plan.manifest.as_bytes();
        let session =
            Session::create_with_id(&logs, &plan.session_id, &manifest, bytes, redactor, listener);
        let session = match session {
            Ok(session) => session,
            Err(error) => return self.refuse(n, error.to_string()),
        };
        let output_paths = files::output_paths(prepared.tasks().zip(prepared.drivers()));
        let progress = Arc::new(RunProgress::new(&prepared));
        let work = run::execute(prepared, &session, progress.clone(), self.cancel.clone());
        let result = self.wait_for(work, &progress).await;
        self.writer.send(&Message::Progress { steps: progress.snapshot() });
        let message = result.and_then(|status| {
            let files = files::output_files(&plan, &manifest, &output_paths)?;
            Ok(Message::Finished { re: n, status: Box::new(status), files })
        });
        match message {
            Ok(finished) => self.writer.send(&finished),
            Err(error) => self.refuse(n, error.to_string()),
        }
    }

    /// Waits for `work` and meanwhile reports progress and answers commands.
    async fn wait_for<T>(&mut self, work: impl Future<Output = T>, progress: &RunProgress) -> T {
        let mut work = std::pin::pin!(work);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut last_report, mut before): (_, Vec<StepSnapshot>) = (Instant::now(), Vec::new());
        let mut listening = true;
        loop {
            tokio::select! {
                output = &mut work => return output,
                command = self.commands.recv(), if listening => match command {
                    // The run goes on without its host, which can return for the results.
                    None => listening = false,
                    Some(Ok(Sequenced { n, body })) => self.handle_command(n, &body),
                    Some(Err(why)) => self.refuse(0, why),
                },
                _ = ticks.tick() => {
                    let steps = progress.snapshot();
                    let has_changed = steps.iter().zip(&before).any(|(now, before)| {
                        (now.rows_in, now.rows_out, now.state) != (before.rows_in, before.rows_out, before.state)
                    });
                    if has_changed || before.len() != steps.len() || last_report.elapsed() >= HEARTBEAT {
                        self.writer.send(&Message::Progress { steps: steps.clone() });
                        (last_report, before) = (Instant::now(), steps);
                    }
                }
            }
        }
    }

    /// Handles a command that arrives while work is in progress.
    fn handle_command(&mut self, n: u64, command: &Command) {
        match command {
            Command::Ping => self.writer.send(&Message::Pong { re: n }),
            Command::Cancel => self.cancel.cancel(),
            Command::Cleanup => {
                self.cancel.cancel();
                self.cleanup = Some(n);
            }
            Command::Prepare { .. } | Command::Run => {
                self.refuse(n, "the worker is busy".to_owned())
            }
        }
    }

    fn refuse(&self, re: u64, why: String) {
        self.writer.send(&Message::Refused { re, why });
    }
}
