//! Data types of templates and their builds.

use serde::{Deserialize, Serialize};

/// A template to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Name of the template, with an optional `:tag`.
    pub name: String,
    /// Number of virtual CPUs: 1 or an even number.
    pub cpu_count: u32,
    /// Memory in MiB: an even number.
    pub memory_mib: u32,
    /// The base template, such as `base`.
    pub from: String,
    /// Build steps, in order.
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
    /// COPY: the hash under which its files were sent.
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

/// State of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BuildState {
    /// The build succeeded.
    Ready,
    /// The build failed.
    Error,
    /// The build is in progress: `building`, `waiting`, or a state unknown to this client.
    #[serde(other)]
    Going,
}

/// State and log of a build.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildStatus {
    /// State of the build.
    pub status: BuildState,
    /// Log entries since the requested offset.
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
    /// Returns the reason for a failure.
    pub fn reason(&self) -> &str {
        self.reason.as_ref().map_or("", |reason| &reason.message)
    }
}
