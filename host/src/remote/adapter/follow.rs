//! Follows what a worker says, whatever happens to the connection: a line that is
//! missing, damaged or late is read from the worker's own copy.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::lines::Lines;
use super::note::Notes;
use super::taken::{Taken, Taking};
use crate::remote::client::{Envd, Error, Health, Kind, Output, Process};
use crate::remote::protocol::{HEARTBEAT, Message};

/// How many messages wait to be dealt with.
const WAITING: usize = 256;
/// How often reading the worker's copy may bring nothing new before that is a fault.
const FRUITLESS: u32 = 20;
/// A worker that cannot be attached to and has written nothing for so long is dead.
const DEAD: Duration = Duration::from_secs(20);
/// A worker says something more often than that: a stream with nothing for so long has lost it.
const QUIET: Duration = HEARTBEAT.saturating_mul(3);
/// Between two looks at a worker that cannot be attached to.
const PAUSE: Duration = Duration::from_millis(500);
/// Between two attempts to reach a sandbox.
const FAR: Duration = Duration::from_secs(2);
/// How much of what the worker writes to standard error is kept, in bytes.
const TAIL: usize = 4096;

/// Why nothing more comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lost {
    /// The worker ended without a word.
    Died {
        /// As the system tells it.
        status: String,
        /// The end of what it wrote to standard error.
        said: String,
    },
    /// The sandbox is no more.
    Gone(String),
    /// What comes is not the protocol.
    Protocol(String),
    /// E2B does not let us.
    Refused(String),
}

/// The messages of a worker, in order, each once.
pub(super) struct Following {
    messages: Receiver<Result<Message, Lost>>,
    task: AbortHandle,
}

impl Following {
    /// Begins with a process that has just started; `stream` is the worker's copy.
    pub(super) fn begin(envd: Envd, process: Process, stream: String, notes: Notes) -> Self {
        let (sender, messages) = channel(WAITING);
        let mut follower = Follower {
            envd,
            pid: process.pid,
            process: Some(process),
            stream,
            notes,
            taken: Taken::default(),
            live: Lines::default(),
            ready: VecDeque::new(),
            fruitless: 0,
            heard: Instant::now(),
            ended: None,
            said: Vec::new(),
        };
        let task = tokio::task::spawn_local(async move {
            loop {
                let next = follower.next().await;
                let over = next.is_err();
                if sender.send(next).await.is_err() || over {
                    return;
                }
            }
        });
        Self { messages, task: task.abort_handle() }
    }

    /// The next message; an error is the last.
    pub(super) async fn next(&mut self) -> Result<Message, Lost> {
        let over = || Err(Lost::Protocol("nothing more comes".to_owned()));
        self.messages.recv().await.unwrap_or_else(over)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Follower {
    envd: Envd,
    pid: u32,
    /// None while there is no connection.
    process: Option<Process>,
    stream: String,
    notes: Notes,
    taken: Taken,
    live: Lines,
    ready: VecDeque<Message>,
    fruitless: u32,
    /// When a line was taken last.
    heard: Instant,
    /// How the process ended.
    ended: Option<String>,
    said: Vec<u8>,
}

impl Follower {
    async fn next(&mut self) -> Result<Message, Lost> {
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Ok(message);
            }
            if let Some(line) = self.live.next() {
                if !self.take(&line) {
                    self.catch_up().await?;
                }
                continue;
            }
            if let Some(status) = self.ended.clone() {
                return Err(self.died(status));
            }
            match &mut self.process {
                None => self.reattach().await?,
                Some(process) => match timeout(QUIET, process.next()).await {
                    Err(_) => {
                        self.process = None;
                        // That it is quiet does not mean that a line is missing in its copy.
                        self.fruitless = 0;
                    }
                    Ok(Ok(Some(Output::Stdout(bytes)))) => {
                        // A line without end is told by its beginning, from the copy.
                        if self.live.push(&bytes).is_err() {
                            self.live.clear();
                            self.catch_up().await?;
                        }
                    }
                    Ok(Ok(Some(Output::Stderr(bytes)))) => {
                        self.said.extend_from_slice(&bytes);
                        let surplus = self.said.len().saturating_sub(TAIL);
                        self.said.drain(..surplus);
                    }
                    Ok(Ok(Some(Output::Exited { status, .. }))) => {
                        self.catch_up().await?;
                        self.ended = Some(status);
                    }
                    Ok(Ok(Some(Output::KeepAlive))) => {}
                    Ok(Ok(None) | Err(_)) => self.process = None,
                },
            }
        }
    }

    /// Takes a line if it is the next one. True if nothing is missing.
    fn take(&mut self, line: &[u8]) -> bool {
        match self.taken.take(line) {
            Taking::Next(message) => {
                self.fruitless = 0;
                self.heard = Instant::now();
                self.ready.push_back(message);
                true
            }
            Taking::Known => true,
            Taking::Gap => false,
        }
    }

    /// Reads on in the worker's copy.
    async fn catch_up(&mut self) -> Result<(), Lost> {
        let before = self.taken.last;
        let mut lines = Lines::default();
        match self.envd.download(&self.stream, self.taken.bytes).await {
            Ok(mut download) => {
                // What is cut off here is read the next time.
                while let Ok(Some(bytes)) = download.next().await {
                    lines.push(&bytes).map_err(Lost::Protocol)?;
                    while let Some(line) = lines.next() {
                        if !self.take(&line) {
                            let why = format!(
                                "line {} of it is not the one that follows",
                                self.taken.last + 1
                            );
                            return Err(Lost::Protocol(why));
                        }
                    }
                }
            }
            // There is no copy yet, or nothing new in it, or no way to it now.
            Err(error)
                if error.is_transient() || matches!(error.kind, Kind::NotFound | Kind::Invalid) => {
            }
            Err(error) => return Err(lost(error)),
        }
        if self.taken.last == before {
            self.fruitless += 1;
            if self.fruitless > FRUITLESS {
                return Err(Lost::Protocol(format!("line {} never comes", self.taken.last + 1)));
            }
        }
        Ok(())
    }

    /// Gets back to a worker whose stream has ended.
    async fn reattach(&mut self) -> Result<(), Lost> {
        self.live.clear();
        match self.envd.health().await {
            Health::Gone => {
                return Err(Lost::Gone("it was killed, or its time was over".to_owned()));
            }
            Health::Unreachable(why) => {
                self.notes.stage(format!("the sandbox cannot be reached: {why}"));
                // A sandbox that cannot be reached is silent, not dead.
                self.heard = Instant::now();
                sleep(FAR).await;
                return Ok(());
            }
            Health::Up => {}
        }
        match self.envd.attach(self.pid).await {
            Ok(process) => {
                self.process = Some(process);
                self.catch_up().await
            }
            Err(error) if error.kind == Kind::NotFound => {
                self.catch_up().await?;
                self.fruitless = 0;
                if self.ready.is_empty() {
                    if self.heard.elapsed() > DEAD {
                        return Err(self.died("it cannot be found any more".to_owned()));
                    }
                    sleep(PAUSE).await;
                }
                Ok(())
            }
            Err(error) if error.is_transient() => {
                sleep(FAR).await;
                Ok(())
            }
            Err(error) => Err(lost(error)),
        }
    }

    fn died(&self, status: String) -> Lost {
        let said = String::from_utf8_lossy(&self.said);
        // Of a line that was cut, the rest may be half a secret.
        let whole = if self.said.len() < TAIL {
            Some(&*said)
        } else {
            said.split_once('\n').map(|(_, rest)| rest)
        };
        let said = whole.unwrap_or_default().trim().to_owned();
        Lost::Died { status, said }
    }
}

fn lost(error: Error) -> Lost {
    match error.kind {
        Kind::SandboxGone => Lost::Gone(error.message),
        Kind::Auth | Kind::Forbidden => Lost::Refused(error.message),
        _ => Lost::Protocol(error.message),
    }
}
