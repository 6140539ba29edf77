//! Starts processes and sends them input and signals.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use semver::Version;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::time::timeout_at;

use super::super::error::{Error, Kind, Result};
use super::super::retry::{RetryPolicy, deadline, retry};
use super::rpc;
use super::{Envd, Process};

/// Bytes per write: less than the capacity of a pipe, so that a write completes immediately.
const PIECE: usize = 32 << 10;

/// The first envd that can close a process's input.
const CLOSES: Version = Version::new(0, 5, 2);

/// A command to run. E2B logs the arguments and variables: no secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// The program, by path or found in `PATH`, without a shell. A program that does not exist ends
    /// with exit code 127.
    pub cmd: String,
    /// The program's arguments.
    pub args: Vec<String>,
    /// Variables in addition to the sandbox's own.
    pub env: BTreeMap<String, String>,
    /// Working directory; defaults to the user's home.
    pub cwd: Option<String>,
    /// Whether the process gets a standard input to send to; otherwise its input is empty.
    pub stdin: bool,
    /// The user to run as; defaults to the template's user.
    pub user: Option<String>,
}

/// A signal that envd can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Requests the process to end.
    Term,
    /// Kills the process.
    Kill,
}

impl Envd {
    /// Starts a process, at most once: if the answer is lost, the process might be running.
    ///
    /// # Errors
    /// Returns `Invalid` if the working directory does not exist, `StreamLost` or `Timeout` if the
    /// process might have started.
    pub async fn start(&self, command: &Command) -> Result<Process> {
        let mut process = json!({ "cmd": command.cmd, "args": command.args, "envs": command.env });
        if let Some(cwd) = &command.cwd {
            process["cwd"] = json!(cwd);
        }
        // Without this field, the input would stay open forever.
        let body = json!({ "process": process, "stdin": command.stdin });
        let what = format!("run {} in the sandbox", command.cmd);
        self.open(
            "process.Process/Start",
            &body,
            command.user.as_deref(),
            RetryPolicy::UnsentOnly,
            what,
        )
        .await
    }

    /// Attaches to a running process; earlier output is not repeated.
    ///
    /// # Errors
    /// Returns `NotFound` if the process ended a while ago or envd was restarted.
    pub async fn attach(&self, pid: u32) -> Result<Process> {
        let what = format!("attach to process {pid} in the sandbox");
        let body = json!({ "process": { "pid": pid } });
        self.open("process.Process/Connect", &body, None, RetryPolicy::Idempotent, what).await
    }

    /// Writes all bytes to a process's input, in order. Never retried; make one call at a time.
    ///
    /// # Errors
    /// Returns `Timeout` if the process does not read: a part might have been written.
    pub async fn send_input(&self, pid: u32, bytes: &[u8]) -> Result<()> {
        let what = format!("write to process {pid} in the sandbox");
        for piece in bytes.chunks(PIECE) {
            let input = json!({ "stdin": STANDARD.encode(piece) });
            let body = json!({ "process": { "pid": pid }, "input": input });
            self.call("process.Process/SendInput", &body, RetryPolicy::UnsentOnly, &what).await?;
        }
        Ok(())
    }

    /// Closes a process's input. Waits until the sent bytes are read.
    ///
    /// # Errors
    /// Returns `NotFound` if the process ended, `Invalid` if the template's envd is too old.
    pub async fn close_stdin(&self, pid: u32) -> Result<()> {
        let what = format!("close the input of process {pid} in the sandbox");
        if self.version < CLOSES {
            return Err(Error::new(
                Kind::Invalid,
                format!("cannot {what}: envd {} is too old; rebuild the template", self.version),
            ));
        }
        let body = json!({ "process": { "pid": pid } });
        self.call("process.Process/CloseStdin", &body, RetryPolicy::Idempotent, &what).await
    }

    /// Sends a signal to a process, not to its children.
    ///
    /// # Errors
    /// Returns `NotFound` if the process ended.
    pub async fn signal(&self, pid: u32, signal: Signal) -> Result<()> {
        let what = format!("signal process {pid} in the sandbox");
        let name = match signal {
            Signal::Term => "SIGNAL_SIGTERM",
            Signal::Kill => "SIGNAL_SIGKILL",
        };
        let body = json!({ "process": { "pid": pid }, "signal": name });
        self.call("process.Process/SendSignal", &body, RetryPolicy::Idempotent, &what).await
    }

    async fn call(
        &self,
        method: &str,
        body: &Value,
        repeat: RetryPolicy,
        what: &str,
    ) -> Result<()> {
        self.unary::<IgnoredAny>(method, body, repeat, what).await.map(|_| ())
    }

    async fn open(
        &self,
        method: &str,
        body: &Value,
        user: Option<&str>,
        repeat: RetryPolicy,
        what: String,
    ) -> Result<Process> {
        let deadline = deadline(self.timeout);
        let process = retry(&what, deadline, repeat, async || {
            let limit = deadline.min(tokio::time::Instant::now() + self.keepalive * 5 / 2);
            let begin = async {
                let response = self.stream(method, body, user, &what).await?;
                let http = self.http.clone();
                Process::begin(response, http, self.keepalive, what.clone()).await
            };
            let result = timeout_at(limit, begin).await;
            result.unwrap_or_else(|_| Err(rpc::lost(&what, "did not start")))
        });
        process.await
    }
}
