//! Starting processes and talking to them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use semver::Version;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::time::timeout_at;

use super::super::error::{Error, Kind, Result};
use super::super::retry::{Repeat, deadline, retry};
use super::rpc;
use super::{Envd, Process};

/// Less than a pipe holds, so that a piece is written at once. In bytes.
const PIECE: usize = 32 << 10;

/// The first envd that can close a process's input.
const CLOSES: Version = Version::new(0, 5, 2);

/// A command. E2B keeps its arguments and variables in its logs: no secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// The program, by path or found in `PATH`. No shell reads it; one that
    /// does not exist ends with 127.
    pub cmd: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables beside the sandbox's own.
    pub env: BTreeMap<String, String>,
    /// The folder it runs in; the user's home unless said.
    pub cwd: Option<String>,
    /// Whether it gets a standard input to send to; else it reads nothing.
    pub stdin: bool,
    /// The user it runs as; the template's default unless said.
    pub user: Option<String>,
}

/// A signal that envd can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Asks it to end.
    Term,
    /// Ends it.
    Kill,
}

impl Envd {
    /// Starts a process, once: when the answer is lost, it may run.
    ///
    /// # Errors
    /// `Invalid` for a folder that does not exist, `StreamLost` or `Timeout`
    /// when it may have started.
    pub async fn start(&self, command: &Command) -> Result<Process> {
        let mut process = json!({ "cmd": command.cmd, "args": command.args, "envs": command.env });
        if let Some(cwd) = &command.cwd {
            process["cwd"] = json!(cwd);
        }
        // Left out, the input would stay open for ever.
        let body = json!({ "process": process, "stdin": command.stdin });
        let what = format!("run {} in the sandbox", command.cmd);
        self.open("process.Process/Start", &body, command.user.as_deref(), Repeat::Unsent, what)
            .await
    }

    /// Watches a process from now on; what it said before is not repeated.
    ///
    /// # Errors
    /// `NotFound` when it ended a while ago, or envd was started anew.
    pub async fn attach(&self, pid: u32) -> Result<Process> {
        let what = format!("attach to process {pid} in the sandbox");
        let body = json!({ "process": { "pid": pid } });
        self.open("process.Process/Connect", &body, None, Repeat::Safe, what).await
    }

    /// Writes to a process's input, all of it in this order. Never repeated;
    /// use one call at a time.
    ///
    /// # Errors
    /// `Timeout` when the process does not read: a part may have been written.
    pub async fn send_input(&self, pid: u32, bytes: &[u8]) -> Result<()> {
        let what = format!("write to process {pid} in the sandbox");
        for piece in bytes.chunks(PIECE) {
            let input = json!({ "stdin": STANDARD.encode(piece) });
            let body = json!({ "process": { "pid": pid }, "input": input });
            self.told("process.Process/SendInput", &body, Repeat::Unsent, &what).await?;
        }
        Ok(())
    }

    /// Ends a process's input. Waits until what was sent is read.
    ///
    /// # Errors
    /// `NotFound` when it ended, `Invalid` when the template's envd is too old.
    pub async fn close_stdin(&self, pid: u32) -> Result<()> {
        let what = format!("close the input of process {pid} in the sandbox");
        if self.version < CLOSES {
            return Err(Error::new(
                Kind::Invalid,
                format!("cannot {what}: envd {} is too old; build the template anew", self.version),
            ));
        }
        let body = json!({ "process": { "pid": pid } });
        self.told("process.Process/CloseStdin", &body, Repeat::Safe, &what).await
    }

    /// Sends a signal to a process, not to its children.
    ///
    /// # Errors
    /// `NotFound` when it ended.
    pub async fn signal(&self, pid: u32, signal: Signal) -> Result<()> {
        let what = format!("signal process {pid} in the sandbox");
        let name = match signal {
            Signal::Term => "SIGNAL_SIGTERM",
            Signal::Kill => "SIGNAL_SIGKILL",
        };
        let body = json!({ "process": { "pid": pid }, "signal": name });
        self.told("process.Process/SendSignal", &body, Repeat::Safe, &what).await
    }

    async fn told(&self, method: &str, body: &Value, repeat: Repeat, what: &str) -> Result<()> {
        self.unary::<IgnoredAny>(method, body, repeat, what).await.map(|_| ())
    }

    async fn open(
        &self,
        method: &str,
        body: &Value,
        user: Option<&str>,
        repeat: Repeat,
        what: String,
    ) -> Result<Process> {
        let deadline = deadline(self.patience);
        let begun = retry(&what, deadline, repeat, async || {
            let limit = deadline.min(tokio::time::Instant::now() + self.keepalive * 5 / 2);
            let begin = async {
                let response = self.stream(method, body, user, &what).await?;
                let http = self.http.clone();
                Process::begin(response, http, self.keepalive, what.clone()).await
            };
            let begun = timeout_at(limit, begin).await;
            begun.unwrap_or_else(|_| Err(rpc::lost(&what, "did not begin")))
        });
        begun.await
    }
}
