//! Directory operations in the sandbox.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::super::error::{Error, Kind, Result, Retryability};
use super::super::retry::{RetryPolicy, deadline, retry};
use super::Envd;
use super::rpc::ATTEMPT;

const MOVE: &str = "filesystem.Filesystem/Move";

/// A file-system entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Entry {
    /// Name of the entry.
    pub name: String,
    /// Path of the entry.
    pub path: String,
    /// Type of the entry, or of a link's target.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Size in bytes.
    #[serde(deserialize_with = "number")]
    pub size: u64,
    /// Permission bits, such as 0o644.
    pub mode: u32,
    /// Time of the last change, RFC 3339.
    pub modified_time: String,
}

/// Type of a file-system entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Type {
    /// A regular file.
    #[serde(rename = "FILE_TYPE_FILE")]
    File,
    /// A directory.
    #[serde(rename = "FILE_TYPE_DIRECTORY")]
    Folder,
    /// A broken link, a pipe, a device, or a newer type.
    #[default]
    #[serde(other)]
    Other,
}

/// A response with an entry.
#[derive(Deserialize)]
struct Found {
    entry: Entry,
}

impl Envd {
    /// Returns the entry at a path, or `None` if the path does not exist.
    ///
    /// # Errors
    /// Returns an error if envd does not answer.
    pub async fn stat(&self, path: &str) -> Result<Option<Entry>> {
        let what = format!("check {path} in the sandbox");
        let body = json!({ "path": path });
        match self
            .unary::<Found>("filesystem.Filesystem/Stat", &body, RetryPolicy::Idempotent, &what)
            .await
        {
            Ok(found) => Ok(Some(found.entry)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a directory and its parents. An existing directory counts as success.
    ///
    /// # Errors
    /// Returns `Invalid` if a file has that path.
    pub async fn make_dir(&self, path: &str) -> Result<()> {
        let what = format!("create the directory {path} in the sandbox");
        let body = json!({ "path": path });
        match self.files("MakeDir", &body, &what).await {
            Err(error) if error.code.as_deref() == Some("already_exists") => Ok(()),
            other => other,
        }
    }

    /// Renames a file or directory atomically, replacing an existing file.
    ///
    /// # Errors
    /// Returns `NotFound` if `from` does not exist.
    pub async fn rename(&self, from: &str, to: &str) -> Result<()> {
        let what = format!("rename {from} to {to} in the sandbox");
        let body = json!({ "source": from, "destination": to });
        let mut lost = false;
        retry(&what, deadline(self.timeout), RetryPolicy::Idempotent, async || {
            let result = self.once::<IgnoredAny>(MOVE, &body, ATTEMPT, &what).await;
            match result {
                // An earlier attempt whose answer was lost has renamed the file.
                Err(error) if lost && is_absent(&error) && self.stat(to).await?.is_some() => Ok(()),
                Err(error) => {
                    lost |= error.again == Retryability::Lost;
                    Err(error)
                }
                Ok(_) => Ok(()),
            }
        })
        .await
    }

    /// Removes a file, or a directory with its content. A missing path counts as success.
    ///
    /// # Errors
    /// Returns an error if the entry might still exist.
    pub async fn remove(&self, path: &str) -> Result<()> {
        let what = format!("remove {path} in the sandbox");
        self.files("Remove", &json!({ "path": path }), &what).await
    }

    async fn files(&self, method: &str, body: &serde_json::Value, what: &str) -> Result<()> {
        let method = format!("filesystem.Filesystem/{method}");
        self.unary::<IgnoredAny>(&method, body, RetryPolicy::Idempotent, what).await.map(|_| ())
    }
}

/// Parses the entry in a response.
#[cfg(fuzzing)]
pub(super) async fn entry(response: reqwest::Response, what: &str) -> Result<Entry> {
    super::super::response::json::<Found>(response, what).await.map(|found| found.entry)
}

/// Returns whether envd itself reports that nothing exists at the path.
fn is_absent(error: &Error) -> bool {
    error.kind == Kind::NotFound && error.code.as_deref() == Some("not_found")
}

/// Deserializes a 64-bit number, which is sent as text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Number(u64),
        Text(String),
    }
    match Number::deserialize(deserializer)? {
        Number::Number(number) => Ok(number),
        Number::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}
