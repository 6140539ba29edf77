//! Information about sandboxes from the control plane.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Deserializer};

use super::super::error::{Error, Result};
use super::super::secret::Secret;

/// The oldest envd that requires a token; older ones are open to anyone.
const OLDEST: Version = Version::new(0, 2, 0);

/// A sandbox to connect to. `Debug` hides the token.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sandbox {
    /// Id of the sandbox, such as `i1a2b3c4d5e6f7g8h9i0j`.
    #[serde(rename = "sandboxID")]
    pub id: String,
    /// Template of the sandbox.
    #[serde(rename = "templateID")]
    pub template: String,
    /// Version of the daemon in the sandbox; templates keep the version they were built with.
    #[serde(deserialize_with = "lenient")]
    pub envd_version: Version,
    /// Domain of the sandbox, if different from the control plane's.
    pub domain: Option<String>,
    #[serde(rename = "envdAccessToken")]
    token: Option<Secret>,
}

/// Parses a version with an optional leading `v`. An invalid version counts as older than all
/// others.
fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Version, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.trim_start_matches('v').parse().unwrap_or(Version::new(0, 0, 0)))
}

impl Sandbox {
    /// Returns the access token of envd, for masking.
    pub fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }

    /// Rejects a sandbox that cannot be used safely.
    pub(super) fn validate(self, what: &str) -> Result<Self> {
        if !is_id(&self.id) {
            return Err(Error::protocol(what, "the sandbox id is invalid"));
        }
        if self.envd_version < OLDEST || self.token.is_none() {
            return Err(Error::new(
                super::super::error::Kind::Invalid,
                format!(
                    "cannot {what}: envd {} does not require a token, so anyone could access \
                     the sandbox; rebuild the template",
                    self.envd_version
                ),
            ));
        }
        Ok(self)
    }
}

/// State of a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The sandbox runs until its end time.
    Running,
    /// The sandbox is stored without an end time.
    Paused,
    /// A state unknown to this client.
    #[serde(other)]
    Other,
}

/// Information about one sandbox.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxInfo {
    /// Id of the sandbox.
    #[serde(rename = "sandboxID")]
    pub id: String,
    /// Template of the sandbox.
    #[serde(rename = "templateID")]
    pub template: String,
    /// Start time, RFC 3339.
    pub started_at: String,
    /// End time unless the lifetime is changed, RFC 3339.
    pub end_at: String,
    /// State of the sandbox.
    pub state: State,
    /// Number of virtual CPUs.
    pub cpu_count: u32,
    /// Memory in MiB.
    #[serde(rename = "memoryMB")]
    pub memory_mib: u64,
    /// Disk size in MiB.
    #[serde(rename = "diskSizeMB")]
    pub disk_mib: u64,
    /// Tags set at creation.
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
}

/// One measurement of a sandbox.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// Time of the measurement, in seconds since 1970.
    #[serde(default)]
    pub timestamp_unix: i64,
    /// Number of virtual CPUs.
    #[serde(default)]
    pub cpu_count: u32,
    /// Load of all virtual CPUs together, in percent.
    #[serde(default)]
    pub cpu_used_pct: f64,
    /// Memory used, in bytes.
    #[serde(default)]
    pub mem_used: u64,
    /// Total memory, in bytes.
    #[serde(default)]
    pub mem_total: u64,
    /// Disk space used, in bytes.
    #[serde(default)]
    pub disk_used: u64,
    /// Total disk space, in bytes.
    #[serde(default)]
    pub disk_total: u64,
}

/// Returns whether a text is a sandbox id, also in the long form of old clients. Ids become part of
/// paths, headers and host names.
pub(super) fn is_id(id: &str) -> bool {
    let part = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let (first, second) = id.split_once('-').unwrap_or((id, "0"));
    id.len() <= 63 && part(first) && part(second)
}
