//! Host-side handle on the worker in the sandbox.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use e2b_client::Command as Process;
use e2b_client::Envd;
use jiff::{SignedDuration, Timestamp};
use osiris_core::contract::ErrorKind;
use osiris_core::driver::limits::Limit;
use osiris_runtime::run::{Prepared, RunProgress};
use osiris_runtime::session::{Record, RunStatus, Session, StatusFile, stamp};
use tokio::time::{MissedTickBehavior, interval, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::error::RemoteError;
use super::install::RemoteLayout;
use super::notice::NoticeSender;
use super::payload::Payload;
use super::stream::MessageStream;
use super::validate::{
    belongs_to_run, protocol_error, size, stream_error, unexpected_message, validate_status,
};
use crate::protocol::{Command, Message, OutputFile, STREAM, Sequenced, VERSION};

/// Time without a message after which the user is notified.
const SILENCE_WARNING: Duration = Duration::from_secs(30);
/// Time for a cancelled run to undo its work.
pub(super) const GRACE: Duration = Duration::from_secs(30);
/// Attempts to send a command that might not have arrived, and the pause between them.
const SENDS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);
/// Time limit for the worker's answers outside a run.
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);
/// Time to wait for the worker's clean-up: the sandbox is killed anyway.
const CLEANUP_TIMEOUT: Duration = Duration::from_secs(2);
/// Clock differences below this are ignored.
const SKEW: SignedDuration = SignedDuration::from_secs(2);
/// Bytes of records that all steps together can send in addition to their logs.
const RECORD_BUDGET: u64 = 64 << 20;

/// A worker that is ready to execute the run.
pub(super) struct WorkerHandle {
    pub(super) pid: u32,
    envd: Envd,
    messages: MessageStream,
    /// Number of the last command.
    last: u64,
    /// Correction to add to the sandbox's time.
    skew: SignedDuration,
}

/// Starts the worker and has it prepare the run.
pub(super) async fn start(
    envd: &Envd,
    payload: &Payload,
    layout: &RemoteLayout,
    session: &Session,
    plan_sha256: &str,
    notes: &NoticeSender,
) -> Result<WorkerHandle, RemoteError> {
    let folder = layout.folder(session.id());
    let process = Process {
        cmd: layout.path(&payload.runtime),
        args: ["worker", "--folder", &folder, "--base", &layout.base(session.id())]
            .map(str::to_owned)
            .to_vec(),
        env: BTreeMap::from([("OSIRIS_CACHE".to_owned(), format!("{folder}/cache"))]),
        stdin: true,
        ..Process::default()
    };
    let process = envd.start(&process).await?;
    let pid = process.pid;
    let stream = format!("{folder}/{STREAM}");
    let messages = MessageStream::begin(envd.clone(), process, stream, notes.clone());
    let (envd, skew) = (envd.clone(), SignedDuration::ZERO);
    let mut worker = WorkerHandle { pid, envd, messages, last: 0, skew };
    let hello = worker.next_reply(notes).await?;
    let Message::Hello { protocol, version, ts, .. } = hello else {
        return Err(protocol_error("its first message is not `hello`").before_run());
    };
    if protocol != VERSION {
        return Err(RemoteError::environment(
            ErrorKind::Protocol,
            format!(
                "the worker in the sandbox uses version {protocol} of the protocol, this osiris version {VERSION}; the worker is osiris {version}, this is osiris {}; rebuild the template with `osiris e2b template`",
                env!("CARGO_PKG_VERSION")
            ),
        ));
    }
    worker.skew = skew_of(&ts);
    if !worker.skew.is_zero() {
        let seconds = worker.skew.as_secs();
        notes.verbose(format!(
            "The sandbox's clock is off by {seconds} s; timestamps are corrected"
        ));
    }
    worker
        .command(Command::Prepare {
            plan: format!("{folder}/plan.json").into(),
            plan_sha256: plan_sha256.to_owned(),
            confidential: format!("{folder}/confidential.json").into(),
        })
        .await?;
    // Each driver is reported once.
    let mut compiling: BTreeSet<String> = payload.drivers.keys().cloned().collect();
    loop {
        match worker.next_reply(notes).await? {
            Message::Ready { .. } => return Ok(worker),
            Message::Compiling { driver } if compiling.remove(&driver) => {
                notes.verbose(format!("Compiling driver {driver} in the sandbox"));
            }
            Message::Refused { why, .. } => {
                return Err(RemoteError::environment(
                    ErrorKind::Sandbox,
                    format!("the worker in the sandbox cannot run the pipeline: {why}"),
                ));
            }
            Message::Compiling { driver } if payload.drivers.contains_key(&driver) => {}
            Message::Progress { .. } | Message::Pong { .. } => {}
            other => return Err(unexpected_message(&other).before_run()),
        }
    }
}

impl WorkerHandle {
    /// Has the worker execute the run, and records its messages in the session. Returns the final
    /// status and the files to download.
    pub(super) async fn follow(
        mut self,
        session: &Session,
        progress: &RunProgress,
        prepared: &Prepared,
        cancel: &CancellationToken,
        (limit, deadline): (Duration, Instant),
        notes: &NoticeSender,
    ) -> Result<(Self, StatusFile, Vec<OutputFile>), RemoteError> {
        self.command(Command::Run).await?;
        let job = prepared.job();
        let steps = job.manifest.steps.len();
        let mut budget = RECORD_BUDGET + steps as u64 * job.limits.get(Limit::Log);
        let mut ticks = interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut last_message, mut is_notified) = (Instant::now(), false);
        let mut late = false;
        // Time by which the worker must have stopped.
        let mut stop: Option<Instant> = None;
        loop {
            let end = stop.unwrap_or(deadline);
            tokio::select! {
                message = self.messages.next() => {
                    (last_message, is_notified) = (Instant::now(), false);
                    match message.map_err(stream_error)? {
                        Message::Record { record } => {
                            budget = budget.checked_sub(size(&record)).ok_or_else(|| {
                                protocol_error("its output exceeds the log limit of all steps combined")
                            })?;
                            if !belongs_to_run(&record, session) {
                                return Err(protocol_error("it sent a log line of a step that is not in the plan"));
                            }
                            session.record(self.correct_time(record));
                        }
                        Message::Progress { steps } => progress.apply_remote(&steps),
                        Message::Finished { status, files, .. } => {
                            let mut status = validate_status(*status, session)?;
                            // A run that succeeded before the stop took effect counts as a success.
                            if late && status.status != RunStatus::Success {
                                status.error = Some(RemoteError::timed_out(limit).failure);
                                status.status = RunStatus::Failed;
                            }
                            return Ok((self, status, files));
                        }
                        Message::Refused { why, .. } => return Err(RemoteError::failed(ErrorKind::Sandbox, why)),
                        Message::Pong { .. } | Message::Compiling { .. } => {}
                        other => return Err(unexpected_message(&other)),
                    }
                }
                () = cancel.cancelled(), if stop.is_none() => {
                    let grace = self.stop(notes).await;
                    stop = Some(Instant::now() + grace);
                }
                () = sleep_until(end.into()) => {
                    if stop.is_some() {
                        let why = "the run did not stop in time after it was cancelled, so its sandbox was killed";
                        let mut error = RemoteError::failed(ErrorKind::Cancelled, why);
                        error.state = RunStatus::Cancelled;
                        return Err(if late { RemoteError::timed_out(limit) } else { error });
                    }
                    let grace = self.stop(notes).await;
                    (late, stop) = (true, Some(Instant::now() + grace));
                }
                _ = ticks.tick() => {
                    if is_notified || last_message.elapsed() < SILENCE_WARNING {
                        continue;
                    }
                    is_notified = true;
                    notes.info(format!(
                        "No message from the sandbox for {} s. Still waiting; press Ctrl-C to stop",
                        SILENCE_WARNING.as_secs()
                    ));
                }
            }
        }
    }

    /// Has the worker remove its files and exit. The sandbox is killed in any case.
    pub(super) async fn clean_up(&mut self) {
        if self.command(Command::Cleanup).await.is_ok() {
            let cleanup = async {
                while !matches!(self.messages.next().await, Ok(Message::Cleaned { .. }) | Err(_)) {}
            };
            tokio::time::timeout(CLEANUP_TIMEOUT, cleanup).await.ok();
        }
    }

    /// Tells the worker to stop. Returns the time that stopping can take.
    async fn stop(&mut self, notes: &NoticeSender) -> Duration {
        match self.command(Command::Cancel).await {
            Ok(()) => GRACE,
            Err(error) => {
                // A worker that does not get the command does not stop.
                notes.verbose(error.failure.message);
                Duration::ZERO
            }
        }
    }

    async fn command(&mut self, command: Command) -> Result<(), RemoteError> {
        self.last += 1;
        let line = Sequenced { n: self.last, body: command }.line();
        let envd = self.envd.with_timeout(REPLY_TIMEOUT / SENDS);
        for _ in 1..SENDS {
            match envd.send_input(self.pid, line.as_bytes()).await {
                // The worker executes each number once.
                Err(error) if error.is_transient() => sleep(PAUSE).await,
                other => return Ok(other?),
            }
        }
        Ok(envd.send_input(self.pid, line.as_bytes()).await?)
    }

    /// Returns the next message before the run.
    async fn next_reply(&mut self, notes: &NoticeSender) -> Result<Message, RemoteError> {
        let next = tokio::time::timeout(REPLY_TIMEOUT, self.messages.next());
        match next.await {
            Ok(message) => message.map_err(|why| stream_error(why).before_run()),
            Err(_) => {
                notes.verbose("No response from the worker");
                let why = format!(
                    "the worker in the sandbox did not respond for {} s",
                    REPLY_TIMEOUT.as_secs()
                );
                Err(RemoteError::environment(ErrorKind::Sandbox, why))
            }
        }
    }

    /// Returns the record with its time corrected to this machine's clock.
    fn correct_time(&self, mut record: Record) -> Record {
        let time = record.time();
        let corrected = time.parse::<Timestamp>().ok().and_then(|t| t.checked_add(self.skew).ok());
        *time = stamp(corrected.unwrap_or_else(Timestamp::now));
        record
    }
}

/// Returns how far the sandbox's clock is behind this machine's, or zero for a difference within
/// the transfer time.
fn skew_of(sandbox_time: &str) -> SignedDuration {
    let Ok(sandbox_time) = sandbox_time.parse::<Timestamp>() else { return SignedDuration::ZERO };
    let skew = Timestamp::now().duration_since(sandbox_time);
    if skew.abs() < SKEW { SignedDuration::ZERO } else { skew }
}
