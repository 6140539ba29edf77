//! Follows the messages of a worker over broken connections: a line that is missing, damaged or
//! late is read from the worker's own copy.

use std::time::{Duration, Instant};

use e2b_client::{Download, Envd, Error, Health, Kind, Output, Process};
use osiris_engine::json_values;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::line_splitter::LineSplitter;
use super::notice::NoticeSender;
use super::sequence::{SequenceCheck, SequenceTracker};
use crate::protocol::{HEARTBEAT, Message};

/// Maximum messages that wait to be processed. Each can be as long as a line, and nothing more is
/// read from the sandbox meanwhile.
const WAITING: usize = 2;
/// Maximum values in a line. Parsed, a value takes many times its bytes.
const MAX_VALUES: usize = 500_000;
/// Maximum reads of the worker's copy in a row without a new line; one more is an error.
const MAX_EMPTY_READS: u32 = 20;
/// A worker that cannot be attached to and has written nothing for this long is dead.
const DEAD_AFTER: Duration = Duration::from_secs(20);
/// A stream that is silent for this long has lost the worker, which writes more often.
const IDLE_TIMEOUT: Duration = HEARTBEAT.saturating_mul(3);
/// Minimum pause between attempts to reach a worker that cannot be attached to.
const PAUSE: Duration = Duration::from_millis(500);
/// Maximum pause between such attempts, reached by doubling.
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// Pause between attempts to reach a sandbox.
const RECONNECT_DELAY: Duration = Duration::from_secs(2);
/// Bytes kept of the worker's standard error.
const TAIL: usize = 4096;

/// The reason why the messages end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StreamError {
    /// The worker ended without a final message.
    Died {
        /// Exit status as reported by the system.
        status: String,
        /// The end of the worker's standard error.
        stderr: String,
    },
    /// The sandbox no longer exists.
    Gone(String),
    /// The worker does not follow the protocol.
    Protocol(String),
    /// E2B denied access.
    Refused(String),
}

/// The messages of a worker, in order, each exactly once.
pub(super) struct MessageStream {
    messages: Receiver<Result<Message, StreamError>>,
    task: AbortHandle,
}

impl MessageStream {
    /// Starts with a process that has just started; `stream` is the path of the worker's copy.
    pub(super) fn begin(envd: Envd, process: Process, stream: String, notes: NoticeSender) -> Self {
        let (sender, messages) = channel(WAITING);
        let mut reader = StreamReader {
            envd,
            pid: process.pid,
            process: Some(process),
            stream,
            notes,
            sequence: SequenceTracker::default(),
            live: LineSplitter::default(),
            copy: None,
            empty_reads: 0,
            nothing_new: false,
            last_activity: Instant::now(),
            pause: PAUSE,
            exit_status: None,
            stderr: Vec::new(),
        };
        let task = tokio::task::spawn_local(async move {
            loop {
                let next = reader.next().await;
                let over = next.is_err();
                if sender.send(next).await.is_err() || over {
                    return;
                }
            }
        });
        Self { messages, task: task.abort_handle() }
    }

    /// Returns the next message. An error is the last item.
    pub(super) async fn next(&mut self) -> Result<Message, StreamError> {
        let over = || Err(StreamError::Protocol("the message stream has ended".to_owned()));
        self.messages.recv().await.unwrap_or_else(over)
    }
}

impl Drop for MessageStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The worker's copy of its lines while being read.
struct Copy {
    download: Download,
    lines: LineSplitter,
    /// Number of the last line accepted before the copy was opened.
    before: u64,
}

struct StreamReader {
    envd: Envd,
    pid: u32,
    /// `None` without a connection.
    process: Option<Process>,
    stream: String,
    notes: NoticeSender,
    sequence: SequenceTracker,
    live: LineSplitter,
    /// The worker's copy while being read, and its lines.
    copy: Option<Copy>,
    empty_reads: u32,
    /// Whether the copy had nothing new at the last read.
    nothing_new: bool,
    /// Time of the last accepted line.
    last_activity: Instant,
    /// Pause before the next read of the worker's copy, while there is no stream.
    pause: Duration,
    /// Exit status of the process, once ended.
    exit_status: Option<String>,
    stderr: Vec<u8>,
}

impl StreamReader {
    async fn next(&mut self) -> Result<Message, StreamError> {
        loop {
            if self.copy.is_some() {
                if let Some(message) = self.read_on().await? {
                    return Ok(message);
                }
                continue;
            }
            if let Some(line) = self.live.next() {
                match self.take(&line)? {
                    SequenceCheck::Next(message) => return Ok(message),
                    SequenceCheck::Duplicate => {}
                    SequenceCheck::Gap => self.catch_up().await?,
                }
                continue;
            }
            if let Some(status) = self.exit_status.clone() {
                return Err(self.died(status));
            }
            match &mut self.process {
                None => self.reattach().await?,
                Some(process) => match timeout(IDLE_TIMEOUT, process.next()).await {
                    Err(_) => {
                        self.process = None;
                        // A silent stream does not mean that a line is missing in the copy.
                        self.empty_reads = 0;
                    }
                    Ok(Ok(Some(Output::Stdout(bytes)))) => {
                        // An endless line is reported from the copy, which has its beginning.
                        if self.live.push(&bytes).is_err() {
                            self.live.clear();
                            self.catch_up().await?;
                        }
                    }
                    Ok(Ok(Some(Output::Stderr(bytes)))) => {
                        self.stderr.extend_from_slice(&bytes);
                        let surplus = self.stderr.len().saturating_sub(TAIL);
                        self.stderr.drain(..surplus);
                    }
                    Ok(Ok(Some(Output::Exited { status, .. }))) => {
                        self.catch_up().await?;
                        self.exit_status = Some(status);
                    }
                    Ok(Ok(Some(Output::KeepAlive))) => {}
                    Ok(Ok(None) | Err(_)) => self.process = None,
                },
            }
        }
    }

    /// Accepts a line if it is the next one.
    fn take(&mut self, line: &[u8]) -> Result<SequenceCheck, StreamError> {
        if json_values(line) > MAX_VALUES {
            return Err(StreamError::Protocol(format!("a line has more than {MAX_VALUES} values")));
        }
        let check = self.sequence.take(line);
        if matches!(check, SequenceCheck::Next(_)) {
            self.empty_reads = 0;
            self.last_activity = Instant::now();
        }
        Ok(check)
    }

    /// Starts reading the worker's copy after the last accepted line.
    async fn catch_up(&mut self) -> Result<(), StreamError> {
        let before = self.sequence.last;
        match self.envd.download(&self.stream, self.sequence.bytes).await {
            Ok(download) => {
                self.copy = Some(Copy { download, lines: LineSplitter::default(), before })
            }
            // The copy does not exist yet, has nothing new, or cannot be reached now.
            Err(error)
                if error.is_transient() || matches!(error.kind, Kind::NotFound | Kind::Invalid) =>
            {
                self.caught_up(before)?;
            }
            Err(error) => return Err(stream_error(error)),
        }
        Ok(())
    }

    /// Returns the next message of the worker's copy, or `None` if no further message is complete
    /// yet or the copy ends.
    async fn read_on(&mut self) -> Result<Option<Message>, StreamError> {
        let Some(copy) = &mut self.copy else { return Ok(None) };
        if let Some(line) = copy.lines.next() {
            return match self.take(&line)? {
                SequenceCheck::Next(message) => Ok(Some(message)),
                SequenceCheck::Duplicate => Ok(None),
                SequenceCheck::Gap => Err(StreamError::Protocol(format!(
                    "message {} of the stream file is out of order",
                    self.sequence.last + 1
                ))),
            };
        }
        // A line that is cut off here is read the next time.
        if let Ok(Some(bytes)) = copy.download.next().await {
            copy.lines.push(&bytes).map_err(StreamError::Protocol)?;
        } else {
            let before = copy.before;
            self.copy = None;
            self.caught_up(before)?;
        }
        Ok(None)
    }

    /// Records that the worker's copy was read to its end. `before` is the number of the last line
    /// accepted before that read.
    fn caught_up(&mut self, before: u64) -> Result<(), StreamError> {
        self.nothing_new = self.sequence.last == before;
        if self.nothing_new {
            self.empty_reads += 1;
            if self.empty_reads > MAX_EMPTY_READS {
                return Err(StreamError::Protocol(format!(
                    "message {} is missing from the stream",
                    self.sequence.last + 1
                )));
            }
        }
        Ok(())
    }

    /// Attaches again to a worker whose stream has ended.
    async fn reattach(&mut self) -> Result<(), StreamError> {
        self.live.clear();
        match self.envd.health().await {
            Health::Gone => {
                return Err(StreamError::Gone("it was killed or its lifetime ended".to_owned()));
            }
            Health::Unreachable(why) => {
                self.notes.stage(format!("cannot reach the sandbox: {why}"));
                // A sandbox that cannot be reached is silent, not dead.
                self.last_activity = Instant::now();
                sleep(RECONNECT_DELAY).await;
                return Ok(());
            }
            Health::Up => {}
        }
        match self.envd.attach(self.pid).await {
            Ok(process) => {
                self.process = Some(process);
                self.pause = PAUSE;
                self.catch_up().await
            }
            Err(error) if error.kind == Kind::NotFound => {
                if self.nothing_new {
                    if self.last_activity.elapsed() > DEAD_AFTER {
                        return Err(self.died("process not found".to_owned()));
                    }
                    sleep(self.pause).await;
                    self.pause = (self.pause * 2).min(MAX_PAUSE);
                } else {
                    self.pause = PAUSE;
                }
                self.empty_reads = 0;
                self.catch_up().await
            }
            Err(error) if error.is_transient() => {
                sleep(RECONNECT_DELAY).await;
                Ok(())
            }
            Err(error) => Err(stream_error(error)),
        }
    }

    fn died(&self, status: String) -> StreamError {
        let stderr = String::from_utf8_lossy(&self.stderr);
        // The beginning of the first line is cut off, and its rest could be half a secret.
        let complete_lines = if self.stderr.len() < TAIL {
            Some(&*stderr)
        } else {
            stderr.split_once('\n').map(|(_, rest)| rest)
        };
        let stderr = complete_lines.unwrap_or_default().trim().to_owned();
        StreamError::Died { status, stderr }
    }
}

fn stream_error(error: Error) -> StreamError {
    match error.kind {
        Kind::SandboxGone => StreamError::Gone(error.message),
        Kind::Auth | Kind::Token | Kind::Forbidden => StreamError::Refused(error.message),
        _ => StreamError::Protocol(error.message),
    }
}
