//! A template, and a build of it.

use serde::{Deserialize, Serialize};

/// A template to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name, with a `:tag` where it has one.
    pub name: String,
    /// Virtual processors: 1 or an even number.
    pub cpu_count: u32,
    /// Memory, in MiB: an even number.
    pub memory_mib: u32,
    /// The template it starts from, such as `base`.
    pub from: String,
    /// What is done to it, in this order.
    pub steps: Vec<Step>,
}

/// A step of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// `COPY`, `RUN`, `ENV`, `WORKDIR` or `USER`.
    #[serde(rename = "type")]
    pub kind: String,
    /// COPY: source, destination, owner, octal mode. RUN: command, user.
    pub args: Vec<String>,
    /// COPY: the hash that its files were sent under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_hash: Option<String>,
}

/// A build of a template.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Build {
    /// The template's id.
    #[serde(rename = "templateID")]
    pub template: String,
    /// The build's id.
    #[serde(rename = "buildID")]
    pub id: String,
}

/// How a build stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BuildState {
    /// It can be used.
    Ready,
    /// It failed.
    Error,
    /// It goes on: `building`, `waiting`, or what this client does not know.
    #[serde(other)]
    Going,
}

/// How a build stands, and what it said.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildStatus {
    /// How it stands.
    pub status: BuildState,
    /// What it said since the offset.
    #[serde(default)]
    pub log_entries: Vec<LogEntry>,
    reason: Option<Reason>,
}

/// A line of a build's log.
#[derive(Debug, Clone, Deserialize)]
pub struct LogEntry {
    /// The line.
    #[serde(default)]
    pub message: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Reason {
    #[serde(default)]
    message: String,
}

impl BuildStatus {
    /// Why it failed.
    pub fn reason(&self) -> &str {
        self.reason.as_ref().map_or("", |reason| &reason.message)
    }
}
