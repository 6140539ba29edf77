//! The protocol between the host and a worker in a sandbox.
//!
//! Both directions use JSON, one object per line, numbered from 1 without gaps. The host writes
//! [`Command`]s to the worker's standard input. The worker writes [`Message`]s to its standard
//! output and, before that, to `stream.jsonl` in its directory: lines lost with an interrupted
//! stream are read from this file, from the byte after the last line received.
//! `protocol.schema.json` describes every line.
//!
//! ```text
//! worker  hello                          version and features
//! host    prepare {plan, confidential}   -> ready | refused
//! host    run                            -> record*, progress*, finished
//! host    cancel                         the run ends as after Ctrl-C, with finished
//! host    ping                           -> pong
//! host    cleanup                        -> cleaned, and the worker ends
//! ```
//! The worker sends `progress` at least every two seconds, even if no step has moved: a worker that
//! is silent for longer is in trouble. A command that is repeated under its number counts once.
//! Both sides ignore unknown fields; any other change increments [`VERSION`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use osiris_core::driver::limits::Limits;
use osiris_pipeline::connection::Secrets;
use osiris_runtime::run::StepSnapshot;
use osiris_runtime::session::{Record, StatusFile};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Version of the protocol. Host and worker must have the same version.
pub const VERSION: u32 = 1;
/// Features of a worker of this version.
pub const FEATURES: [&str; 3] = ["cancel", "ping", "resume"];
/// Maximum length of a line, in bytes: more than the log limit of a step.
pub const MAX_LINE: usize = 32 << 20;
/// Maximum time between two messages of a worker.
pub const HEARTBEAT: Duration = Duration::from_secs(2);
/// JSON Schema (2020-12) of every line of the protocol.
pub const SCHEMA: &str = include_str!("protocol.schema.json");
/// Name of the worker's own copy of its messages, in its directory.
pub const STREAM: &str = "stream.jsonl";

/// A numbered line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sequenced<T> {
    /// Number of the line, counted from 1.
    pub n: u64,
    /// The command or message.
    #[serde(flatten)]
    pub body: T,
}

impl<T: Serialize> Sequenced<T> {
    /// Serializes the line, with the newline.
    pub fn line(&self) -> String {
        // Serialization can fail only for maps with keys other than text, which no type here has.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

/// A command of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case")]
pub enum Command {
    /// Read the plan and prepare the run.
    Prepare {
        /// The file with the [`Plan`].
        plan: PathBuf,
        /// The sha256 of that file.
        plan_sha256: String,
        /// The file with the [`Confidential`], which is deleted as soon as it is open.
        confidential: PathBuf,
    },
    /// Execute the run.
    Run,
    /// Stop the run in order.
    Cancel,
    /// Answer with a message.
    Ping,
    /// Remove all files and exit.
    Cleanup,
}

/// A message of the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message {
    /// The first message.
    Hello {
        /// [`VERSION`].
        protocol: u32,
        /// Version of the worker.
        version: String,
        /// [`FEATURES`].
        features: Vec<String>,
        /// Time of the sandbox's clock: UTC with milliseconds and `Z`.
        ts: String,
    },
    /// A driver is being compiled, which takes a while.
    Compiling {
        /// Name of the driver.
        driver: String,
    },
    /// The run is prepared.
    Ready {
        /// Number of the answered command.
        re: u64,
    },
    /// A command was rejected.
    Refused {
        /// Number of the rejected command, or 0 for a malformed one.
        re: u64,
        /// The reason.
        why: String,
    },
    /// A record for the session's files.
    Record {
        /// The record.
        record: Record,
    },
    /// Progress of the steps.
    Progress {
        /// Snapshots of the steps, in the order of the plan.
        steps: Vec<StepSnapshot>,
    },
    /// Answer to a ping.
    Pong {
        /// Number of the answered command.
        re: u64,
    },
    /// The run has ended, successfully or not.
    Finished {
        /// Number of the answered command.
        re: u64,
        /// Final status of the run.
        status: Box<StatusFile>,
        /// Files to download.
        files: Vec<OutputFile>,
    },
    /// All files are removed.
    Cleaned {
        /// Number of the answered command.
        re: u64,
    },
}

/// A file that a run left in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputFile {
    /// Path relative to the base path, with `/` as separator.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// The sha256 of the content, 64 hex digits.
    pub sha256: String,
}

/// The input of a run, without secrets. Paths are absolute in the sandbox unless documented
/// otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Id of the host's session.
    pub session_id: String,
    /// The directory that drivers see as `/`.
    pub base: PathBuf,
    /// The bytes of `manifest.yaml`.
    pub manifest: String,
    /// Limits of the project.
    pub limits: Limits,
    /// Component files of the drivers.
    pub drivers: Vec<PathBuf>,
    /// Compiled code of the drivers: the name in a code cache, and the file.
    pub compiled: BTreeMap<String, PathBuf>,
    /// Files that steps read: the path relative to the base path, and the file.
    pub inputs: BTreeMap<String, PathBuf>,
    /// Existing directories, relative to the base path.
    pub folders: Vec<String>,
    /// Files that exist where a path needs a directory, relative to the base path.
    #[serde(default)]
    pub in_the_way: Vec<String>,
    /// Reserved project files that steps may read, relative to the base path.
    #[serde(default)]
    pub allow_read: Vec<String>,
    /// Saved states of the steps, by step id.
    pub states: BTreeMap<String, String>,
    /// Addresses of the hosts that steps connect to, by name; other names are resolved by DNS.
    #[serde(default)]
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
}

/// The secret part of a run, sent in a file that only the worker reads, once.
#[derive(Serialize, Deserialize)]
pub struct Confidential {
    /// Configuration of each step, with its connection.
    pub configs: BTreeMap<String, Value>,
    /// Secrets in each configuration.
    #[serde(default)]
    pub secrets: BTreeMap<String, Secrets>,
}
