//! Folders and names in the sandbox.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::super::error::{Again, Error, Kind, Result};
use super::super::retry::{Repeat, deadline, retry};
use super::Envd;
use super::rpc::ATTEMPT;

const MOVE: &str = "filesystem.Filesystem/Move";

/// What is at a path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// What it is; of a link, what it leads to.
    #[serde(rename = "type")]
    pub kind: Type,
    /// In bytes.
    #[serde(deserialize_with = "number")]
    pub size: u64,
    /// The permission bits, such as 0o644.
    pub mode: u32,
    /// When it was changed last, RFC 3339.
    pub modified_time: String,
}

/// What something at a path is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Type {
    /// A file.
    #[serde(rename = "FILE_TYPE_FILE")]
    File,
    /// A folder.
    #[serde(rename = "FILE_TYPE_DIRECTORY")]
    Folder,
    /// A link that leads nowhere, a pipe, a device, or what is newer.
    #[default]
    #[serde(other)]
    Other,
}

/// An entry in an answer.
#[derive(Deserialize)]
struct Found {
    entry: Entry,
}

impl Envd {
    /// What is at a path; nothing when nothing is.
    ///
    /// # Errors
    /// When envd does not tell.
    pub async fn stat(&self, path: &str) -> Result<Option<Entry>> {
        let what = format!("look at {path} in the sandbox");
        let body = json!({ "path": path });
        match self.unary::<Found>("filesystem.Filesystem/Stat", &body, Repeat::Safe, &what).await {
            Ok(found) => Ok(Some(found.entry)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a folder and those above it. That it is there is a success.
    ///
    /// # Errors
    /// `Invalid` when a file is there.
    pub async fn make_dir(&self, path: &str) -> Result<()> {
        let what = format!("make the folder {path} in the sandbox");
        let body = json!({ "path": path });
        match self.files("MakeDir", &body, &what).await {
            Err(error) if error.code.as_deref() == Some("already_exists") => Ok(()),
            other => other,
        }
    }

    /// Renames a file or folder, at once, replacing a file that is there.
    ///
    /// # Errors
    /// `NotFound` when it does not exist.
    pub async fn rename(&self, from: &str, to: &str) -> Result<()> {
        let what = format!("rename {from} to {to} in the sandbox");
        let body = json!({ "source": from, "destination": to });
        let mut lost = false;
        retry(&what, deadline(self.patience), Repeat::Safe, async || {
            let moved = self.once::<IgnoredAny>(MOVE, &body, ATTEMPT, &what).await;
            match moved {
                // An attempt whose answer was lost has done it.
                Err(error) if lost && is_absent(&error) && self.stat(to).await?.is_some() => Ok(()),
                Err(error) => {
                    lost |= error.again == Again::Lost;
                    Err(error)
                }
                Ok(_) => Ok(()),
            }
        })
        .await
    }

    /// Removes a file or a folder with all that is in it. That it is not there
    /// is a success.
    ///
    /// # Errors
    /// When it may still be there.
    pub async fn remove(&self, path: &str) -> Result<()> {
        let what = format!("remove {path} in the sandbox");
        self.files("Remove", &json!({ "path": path }), &what).await
    }

    async fn files(&self, method: &str, body: &serde_json::Value, what: &str) -> Result<()> {
        let method = format!("filesystem.Filesystem/{method}");
        self.unary::<IgnoredAny>(&method, body, Repeat::Safe, what).await.map(|_| ())
    }
}

/// The entry that an answer holds.
#[cfg(fuzzing)]
pub(super) async fn entry(response: reqwest::Response, what: &str) -> Result<Entry> {
    super::super::answer::json::<Found>(response, what).await.map(|found| found.entry)
}

/// Whether envd itself says that nothing is there.
fn is_absent(error: &Error) -> bool {
    error.kind == Kind::NotFound && error.code.as_deref() == Some("not_found")
}

/// 64-bit numbers come as text.
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
