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
    let outlet = Arc::new(MessageWriter::open(folder)?);
    outlet.send(&Message::Hello {
        protocol: VERSION,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        features: FEATURES.map(str::to_owned).to_vec(),
        ts: stamp(Timestamp::now()),
    });
    let worker = Worker {
        outlet: outlet.clone(),
        commands: commands::listen(),
        cancel: CancellationToken::new(),
        leaving: None,
    };
    worker.serve(folder).await;
    outlet.close();
    Ok(())
}

struct Worker {
    outlet: Arc<MessageWriter>,
    commands: Receiver<Result<Sequenced<Command>, String>>,
    cancel: CancellationToken,
    /// Number of the `cleanup` command, once received.
    leaving: Option<u64>,
}

impl Worker {
    async fn serve(mut self, folder: &Path) {
        let mut shipment: Option<PreparedRun> = None;
        let mut base = None;
        while self.leaving.is_none() {
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
                    let outlet = self.outlet.clone();
                    let work = tokio::task::spawn_blocking(move || {
                        prepare::prepare(&plan, &plan_sha256, &confidential, |driver| {
                            outlet.send(&Message::Compiling { driver: driver.to_owned() });
                        })
                    });
                    match self.attend(work, &RunProgress::new(std::iter::empty())).await {
                        Ok(Ok(ready)) => {
                            base = Some(ready.plan.base.clone());
                            shipment = Some(ready);
                            self.outlet.send(&Message::Ready { re: n });
                        }
                        Ok(Err(error)) => self.refuse(n, error.to_string()),
                        Err(panic) => self.refuse(n, panic.to_string()),
                    }
                }
                Command::Run => match shipment.take() {
                    None => self.refuse(n, "no run is prepared".to_owned()),
                    Some(shipment) => self.run(n, shipment).await,
                },
                other => self.meanwhile(n, &other),
            }
        }
        for folder in base.iter().map(std::path::PathBuf::as_path).chain([folder]) {
            // The sandbox is about to be killed, and these directories with it.
            std::fs::remove_dir_all(folder).ok();
        }
        self.outlet.send(&Message::Cleaned { re: self.leaving.unwrap_or_default() });
    }

    async fn run(&mut self, n: u64, shipment: PreparedRun) {
        let PreparedRun { plan, manifest, prepared, redactor } = shipment;
        let logs = plan.base.join("logs");
        let outlet = self.outlet.clone();
        let tap = Box::new(move |record: &_| outlet.record(record));
        let bytes = plan.manifest.as_bytes();
        let session =
            Session::create_with_id(&logs, &plan.session_id, &manifest, bytes, redactor, tap);
        let session = match session {
            Ok(session) => session,
            Err(error) => return self.refuse(n, error.to_string()),
        };
        let written = files::written(prepared.tasks().zip(prepared.drivers()));
        let progress = Arc::new(RunProgress::new(prepared.tasks()));
        let work = run::execute(prepared, &session, progress.clone(), self.cancel.clone());
        let ended = self.attend(work, &progress).await;
        self.outlet.send(&Message::Progress { steps: progress.snapshot() });
        let found = ended.and_then(|status| {
            let files = files::made(&plan, &manifest, &written)?;
            Ok(Message::Finished { re: n, status: Box::new(status), files })
        });
        match found {
            Ok(finished) => self.outlet.send(&finished),
            Err(error) => self.refuse(n, error.to_string()),
        }
    }

    /// Waits for `work` and meanwhile reports progress and answers commands.
    async fn attend<T>(&mut self, work: impl Future<Output = T>, progress: &RunProgress) -> T {
        let mut work = std::pin::pin!(work);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut told, mut before): (_, Vec<StepSnapshot>) = (Instant::now(), Vec::new());
        let mut listening = true;
        loop {
            tokio::select! {
                done = &mut work => return done,
                command = self.commands.recv(), if listening => match command {
                    // The run goes on without its host, which can return for the results.
                    None => listening = false,
                    Some(Ok(Sequenced { n, body })) => self.meanwhile(n, &body),
                    Some(Err(why)) => self.refuse(0, why),
                },
                _ = ticks.tick() => {
                    let steps = progress.snapshot();
                    let moved = steps.iter().zip(&before).any(|(now, before)| {
                        (now.rows_in, now.rows_out, now.state) != (before.rows_in, before.rows_out, before.state)
                    });
                    if moved || before.len() != steps.len() || told.elapsed() >= HEARTBEAT {
                        self.outlet.send(&Message::Progress { steps: steps.clone() });
                        (told, before) = (Instant::now(), steps);
                    }
                }
            }
        }
    }

    /// Handles a command that arrives while work is in progress.
    fn meanwhile(&mut self, n: u64, command: &Command) {
        match command {
            Command::Ping => self.outlet.send(&Message::Pong { re: n }),
            Command::Cancel => self.cancel.cancel(),
            Command::Cleanup => {
                self.cancel.cancel();
                self.leaving = Some(n);
            }
            Command::Prepare { .. } | Command::Run => {
                self.refuse(n, "the worker is busy".to_owned())
            }
        }
    }

    fn refuse(&self, re: u64, why: String) {
        self.outlet.send(&Message::Refused { re, why });
    }
}
