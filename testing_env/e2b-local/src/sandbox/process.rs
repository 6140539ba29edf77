//! A process that envd has started, and those who listen to it.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, ChildStdin};
use tokio::sync::{Notify, mpsc};

use super::Sandbox;

/// The most bytes of output in one event.
const CHUNK: usize = 32 * 1024;

/// The time for which an ended process is known.
const RETAINED: Duration = Duration::from_secs(30);

/// A command to start.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spec {
    pub(crate) command: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: BTreeMap<String, String>,
    /// As the client gave it.
    pub(crate) cwd: Option<String>,
    pub(crate) tag: Option<String>,
    /// Whether its standard input is a pipe.
    pub(crate) input: bool,
}

/// Something that a process did.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Stdout(Bytes),
    Stderr(Bytes),
    Ended(Ended),
}

/// The end of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Exited(i32),
    Killed(i32),
}

/// A new process, with its first listener.
pub(crate) type Start = (Arc<Process>, mpsc::Receiver<Event>);

/// A process that envd has started.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    pub(crate) spec: Spec,
    /// Held while somebody writes.
    pub(crate) input: tokio::sync::Mutex<Option<ChildStdin>>,
    listeners: Mutex<Listeners>,
    /// Envd has sent it a signal.
    signalled: Notify,
    /// Envd has ended.
    forgotten: Notify,
}

#[derive(Debug, Default)]
struct Listeners {
    senders: Vec<mpsc::Sender<Event>>,
    ended: Option<Ended>,
}

impl Process {
    /// Starts one in `cwd`, which is there.
    pub(crate) fn start(sandbox: &Arc<Sandbox>, spec: Spec, cwd: &str) -> std::io::Result<Start> {
        let root = sandbox.files.folder();
        let network = sandbox.egress.iter().flat_map(|egress| egress.namespace().command());
        let mut words = network.chain(sandbox.isolation.command(root, cwd));
        let program = words.next().ok_or_else(|| std::io::Error::other("no program"))?;
        let mut command = tokio::process::Command::new(program);
        let home = sandbox.isolation.visible_path(root, "/home/user");
        let local = sandbox.isolation.visible_path(root, "/usr/local");
        command
            .args(words)
            .arg(&spec.command)
            .args(&spec.arguments)
            .env_clear()
            .env("PATH", format!("{local}/sbin:{local}/bin:/usr/sbin:/usr/bin:/sbin:/bin"))
            .envs([("HOME", home.as_str()), ("USER", "user"), ("LOGNAME", "user")])
            .envs(&sandbox.variables)
            .envs(&spec.variables)
            .stdin(if spec.input { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(sandbox.keeper.group());
        let mut child = command.spawn()?;
        let pid = child.id().ok_or_else(|| std::io::Error::other("it has ended already"))?;
        let (sender, events) = mpsc::channel(1);
        let process = Arc::new(Self {
            pid,
            spec,
            input: tokio::sync::Mutex::new(child.stdin.take()),
            listeners: Mutex::new(Listeners { senders: vec![sender], ended: None }),
            signalled: Notify::new(),
            forgotten: Notify::new(),
        });
        if !sandbox.processes.insert(process.clone()) {
            child.start_kill()?;
            return Err(std::io::Error::other("the sandbox has ended"));
        }
        tokio::spawn(run(sandbox.clone(), process.clone(), child));
        Ok((process, events))
    }

    /// Listens from now on. An ended process only says how it ended.
    pub(crate) fn listen(&self) -> mpsc::Receiver<Event> {
        let (sender, events) = mpsc::channel(1);
        let mut listeners = self.lock();
        match listeners.ended {
            // There is room for one.
            Some(ended) => drop(sender.try_send(Event::Ended(ended))),
            None => listeners.senders.push(sender),
        }
        events
    }

    /// Returns how the process ended, or `None` if it runs.
    pub(crate) fn ended(&self) -> Option<Ended> {
        self.lock().ended
    }

    /// Sends it a signal, and stops waiting for the rest of its output once it has ended.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        self.signalled.notify_one();
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended just now.
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    /// Closes its pipes, and lets those who listen see the end of their streams
    /// without an end event.
    pub(crate) fn forget(&self) {
        self.forgotten.notify_one();
        self.lock().senders.clear();
    }

    /// Tells all who listen, one after another: who does not read holds up the others.
    async fn broadcast(&self, event: Event) {
        let senders = self.lock().senders.clone();
        for sender in senders {
            if sender.send(event.clone()).await.is_err() {
                self.lock().senders.retain(|other| !other.same_channel(&sender));
            }
        }
    }

    async fn pass(&self, mut pipe: impl AsyncRead + Unpin, event: impl Fn(Bytes) -> Event) {
        loop {
            let mut chunk = BytesMut::with_capacity(CHUNK);
            match pipe.read_buf(&mut chunk).await {
                Ok(1..) => self.broadcast(event(chunk.freeze())).await,
                _ => return,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Listeners> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Passes the output on until both pipes are at their end, and says how it ended.
async fn run(sandbox: Arc<Sandbox>, process: Arc<Process>, mut child: Child) {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let output = async {
        tokio::join!(
            async {
                if let Some(pipe) = stdout {
                    process.pass(pipe, Event::Stdout).await
                }
            },
            async {
                if let Some(pipe) = stderr {
                    process.pass(pipe, Event::Stderr).await
                }
            },
        )
    };
    let signalled = async {
        process.signalled.notified().await;
        // The rest of the output is lost.
        child.wait().await
    };
    let status = tokio::select! {
        biased;
        () = process.forgotten.notified() => {
            let process = process.clone();
            // Somebody may be writing.
            tokio::spawn(async move { process.input.lock().await.take() });
            None
        }
        _ = output => None,
        status = signalled => Some(status),
    };
    let status = match status {
        Some(status) => status,
        None => child.wait().await,
    };
    // Children of the process may still read. Somebody who writes notices by themselves.
    if let Ok(mut input) = process.input.try_lock() {
        *input = None;
    }
    let ended = status.map_or(Ended::Exited(-1), Ended::from);
    let senders = {
        let mut listeners = process.lock();
        listeners.ended = Some(ended);
        std::mem::take(&mut listeners.senders)
    };
    for sender in senders {
        // Who is gone need not know.
        let _ = sender.send(Event::Ended(ended)).await;
    }
    let retention = if sandbox.envd_is([0, 6, 12]) { RETAINED } else { Duration::ZERO };
    let sandbox = {
        let weak = Arc::downgrade(&sandbox);
        drop(sandbox);
        tokio::time::sleep(retention).await;
        weak.upgrade()
    };
    if let Some(sandbox) = sandbox {
        sandbox.processes.remove(&process);
    }
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, signal) => Self::Killed(signal.unwrap_or_default()),
        }
    }
}
