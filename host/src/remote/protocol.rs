//! What the host and a worker in a sandbox say to each other.
//!
//! Both ways it is JSON, an object a line, numbered from 1 without gaps. The
//! host writes [`Command`]s to the worker's standard input. The worker writes
//! [`Message`]s to its standard output and, before that, to `stream.jsonl` in its
//! folder: what an interrupted stream lost is read from there, from the byte
//! after the last line that arrived. `protocol.schema.json` describes every line.
//!
//! ```text
//! worker  hello                          which version, what it can do
//! host    prepare {plan, confidential}   -> ready | refused
//! host    run                            -> record*, progress*, finished
//! host    cancel                         the run ends as after Ctrl-C, with finished
//! host    ping                           -> pong
//! host    cleanup                        -> cleaned, and the worker ends
//! ```
//! `progress` also comes when nothing happens, at least every two seconds: a
//! worker that is silent for longer is in trouble. A command that comes again, with
//! its number, counts once. Neither side takes offence
//! at a field that it does not know; the first number of the version changes
//! with anything else.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::connection::Secrets;
use crate::driver::limits::Limits;
use crate::run::Snapshot;
use crate::session::{Record, Status};

/// The version of the protocol. Host and worker must have the same.
pub const VERSION: u32 = 1;
/// What a worker of this version can do.
pub const FEATURES: [&str; 3] = ["cancel", "ping", "resume"];
/// The longest line, in bytes: more than a step may write to its log.
pub const MAX_LINE: usize = 32 << 20;
/// How often a worker says something at least.
pub const HEARTBEAT: Duration = Duration::from_secs(2);
/// Every line of the protocol, as JSON Schema 2020-12.
pub const SCHEMA: &str = include_str!("protocol.schema.json");
/// The worker's own copy of what it said, in its folder.
pub const STREAM: &str = "stream.jsonl";

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Numbered<T> {
    /// Counts from 1.
    pub n: u64,
    /// What it says.
    #[serde(flatten)]
    pub body: T,
}

impl<T: Serialize> Numbered<T> {
    /// With the newline.
    pub fn line(&self) -> String {
        // Maps with keys other than text, the one failure there is, are in no type here.
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

/// What the host asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case")]
pub enum Command {
    /// Read the plan and make everything ready.
    Prepare {
        /// The file with the [`Plan`].
        plan: PathBuf,
        /// The sha256 of that file.
        plan_sha256: String,
        /// The file with the [`Confidential`], which is gone as soon as it is open.
        confidential: PathBuf,
    },
    /// Run it.
    Run,
    /// Stop in order.
    Cancel,
    /// Say something.
    Ping,
    /// Remove everything and end.
    Cleanup,
}

/// What the worker says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message {
    /// The first line.
    Hello {
        /// [`VERSION`].
        protocol: u32,
        /// The worker's own version.
        version: String,
        /// [`FEATURES`].
        features: Vec<String>,
        /// The sandbox's clock: UTC, milliseconds, `Z`.
        ts: String,
    },
    /// A driver is being compiled, which takes a while.
    Compiling {
        /// Its name.
        driver: String,
    },
    /// It can run.
    Ready {
        /// The number of the command that this answers.
        re: u64,
    },
    /// It cannot do what it was asked to.
    Refused {
        /// The number of the command that this answers; 0 if it was none.
        re: u64,
        /// Why.
        why: String,
    },
    /// Something for the session's files.
    Record {
        /// What.
        record: Record,
    },
    /// How the steps are.
    Progress {
        /// In the order of the plan.
        steps: Vec<Snapshot>,
    },
    /// It is there.
    Pong {
        /// The number of the command that this answers.
        re: u64,
    },
    /// The run is over, however it went.
    Finished {
        /// The number of the command that this answers.
        re: u64,
        /// How it ended.
        status: Box<Status>,
        /// What it left, to be fetched.
        files: Vec<Made>,
    },
    /// Everything is removed.
    Cleaned {
        /// The number of the command that this answers.
        re: u64,
    },
}

/// A file that a run left in the sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Relative to the base path, with `/` between its parts.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// 64 hex digits.
    pub sha256: String,
}

/// What is to be run, without any secret. Paths are absolute in the sandbox
/// unless they say otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The id of the host's session.
    pub session_id: String,
    /// The folder that drivers see as `/`.
    pub base: PathBuf,
    /// The bytes of `manifest.yaml`.
    pub manifest: String,
    /// The project's limits.
    pub limits: Limits,
    /// Each driver's file.
    pub drivers: Vec<PathBuf>,
    /// The drivers' compiled code: the name in a cache of compiled code, and the file.
    pub compiled: BTreeMap<String, PathBuf>,
    /// The files that steps read: the path relative to the base path, and the file.
    pub inputs: BTreeMap<String, PathBuf>,
    /// Folders that exist, relative to the base path.
    pub folders: Vec<String>,
    /// Files that exist where a path needs a folder, relative to the base path.
    #[serde(default)]
    pub in_the_way: Vec<String>,
    /// Reserved files of the project that steps may read, relative to the base path.
    #[serde(default)]
    pub allow_read: Vec<String>,
    /// What steps remember from the last run, by their ids.
    pub states: BTreeMap<String, String>,
    /// Addresses of the hosts that steps dial, by name; other names are looked up.
    #[serde(default)]
    pub hosts: BTreeMap<String, Vec<IpAddr>>,
}

/// What may not be seen: it travels in a file that only the worker reads, once.
#[derive(Serialize, Deserialize)]
pub struct Confidential {
    /// The configuration of each step, with its connection.
    pub configs: BTreeMap<String, Value>,
    /// The secrets in each of them.
    #[serde(default)]
    pub secrets: BTreeMap<String, Secrets>,
}
