//! What the control plane tells of sandboxes.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Deserializer};

use super::super::error::{Error, Result};
use super::super::secret::Secret;

/// The oldest envd that asks for a token; below it anyone could come in.
const OLDEST: Version = Version::new(0, 2, 0);

/// A sandbox that can be reached. `Debug` shows no token.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sandbox {
    /// Its id, such as `i1a2b3c4d5e6f7g8h9i0j`.
    #[serde(rename = "sandboxID")]
    pub id: String,
    /// The template it was made from.
    #[serde(rename = "templateID")]
    pub template: String,
    /// The version of the daemon in it; templates keep the one they were built with.
    #[serde(deserialize_with = "lenient")]
    pub envd_version: Version,
    /// The domain it is under, when that is not the control plane's.
    pub domain: Option<String>,
    #[serde(rename = "envdAccessToken")]
    token: Option<Secret>,
}

/// Reads a version that may begin with `v`. One that is none counts as older than all others.
fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Version, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(text.trim_start_matches('v').parse().unwrap_or(Version::new(0, 0, 0)))
}

impl Sandbox {
    /// What its envd asks for, to mask it elsewhere.
    pub fn token(&self) -> Option<&Secret> {
        self.token.as_ref()
    }

    /// Refuses what cannot be used safely.
    pub(super) fn checked(self, what: &str) -> Result<Self> {
        if !is_id(&self.id) {
            return Err(Error::protocol(what, "its sandbox id is none"));
        }
        if self.envd_version < OLDEST || self.token.is_none() {
            return Err(Error::new(
                super::super::error::Kind::Invalid,
                format!(
                    "cannot {what}: its envd {} does not ask for a token, so anyone could enter \
                     it; build the template anew",
                    self.envd_version
                ),
            ));
        }
        Ok(self)
    }
}

/// Whether a sandbox runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It runs, until its end.
    Running,
    /// It is kept, without an end.
    Paused,
    /// One that this client does not know.
    #[serde(other)]
    Other,
}

/// What is known of one sandbox.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Info {
    /// Its id.
    #[serde(rename = "sandboxID")]
    pub id: String,
    /// The template it was made from.
    #[serde(rename = "templateID")]
    pub template: String,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// When it ends unless its lifetime is changed, RFC 3339.
    pub end_at: String,
    /// Whether it runs.
    pub state: State,
    /// Virtual processors.
    pub cpu_count: u32,
    /// Memory, in MiB.
    #[serde(rename = "memoryMB")]
    pub memory_mib: u64,
    /// Disk, in MiB.
    #[serde(rename = "diskSizeMB")]
    pub disk_mib: u64,
    /// The tags it was made with.
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
}

/// One measurement of a sandbox.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// When, in seconds since 1970.
    #[serde(default)]
    pub timestamp_unix: i64,
    /// Virtual processors.
    #[serde(default)]
    pub cpu_count: u32,
    /// How busy they are together, in percent.
    #[serde(default)]
    pub cpu_used_pct: f64,
    /// Memory in use, in bytes.
    #[serde(default)]
    pub mem_used: u64,
    /// Memory there is, in bytes.
    #[serde(default)]
    pub mem_total: u64,
    /// Disk in use, in bytes.
    #[serde(default)]
    pub disk_used: u64,
    /// Disk there is, in bytes.
    #[serde(default)]
    pub disk_total: u64,
}

/// Whether a text is a sandbox's id, in the long form of old clients, too. It
/// goes into paths, headers and host names.
pub(super) fn is_id(id: &str) -> bool {
    let part = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let (first, second) = id.split_once('-').unwrap_or((id, "0"));
    id.len() <= 63 && part(first) && part(second)
}
