//! Ends sandboxes whose run is over and whose host could not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::client::{Control, Listed, Result};
use crate::canonical;
use crate::session;

/// The tags of every sandbox of ours.
pub const APP: &str = "app";
/// The id of the session.
pub const RUN: &str = "run";
/// When it may be ended by anybody, in seconds since 1970.
pub const DEADLINE: &str = "deadline";
/// Present if the user wants to look at it.
pub const KEPT: &str = "kept";
const OWNER: &str = "owner";
const OURS: &str = "osiris";

/// Whose sandbox it is: a project on a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(String);

impl Owner {
    /// Of the project in this folder. Nobody can tell folder or machine from it.
    pub fn of(base: &Path) -> Self {
        let machine = ["/etc/machine-id", "/etc/hostname"]
            .iter()
            .find_map(|file| std::fs::read_to_string(file).ok())
            .unwrap_or_default();
        let hash = canonical::sha256(format!("{}\n{}", machine.trim(), base.display()));
        Self(hash[..16].to_owned())
    }

    /// The tags of its sandboxes.
    pub fn metadata(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(APP.to_owned(), OURS.to_owned()), (OWNER.to_owned(), self.0.clone())])
    }
}

/// The tags of all sandboxes of osiris.
pub fn anybodys() -> BTreeMap<String, String> {
    BTreeMap::from([(APP.to_owned(), OURS.to_owned())])
}

/// Ends what earlier runs of a project have left. What cannot be ended now ends by
/// itself.
pub async fn leftovers(control: Control, owner: Owner, logs: PathBuf) {
    let Ok(listed) = control.list(&owner.metadata()).await else { return };
    for sandbox in listed.iter().filter(|sandbox| is_left(sandbox, Some(&logs))) {
        if let Err(error) = control.kill(&sandbox.id).await {
            tracing::debug!("{}", error.message);
        }
    }
}

/// Ends what a run has beside the sandbox that it uses, if any: one that came to be
/// although the answer to its create was lost.
pub async fn doubles(control: &Control, owner: &Owner, run: &str, used: Option<&str>) {
    let mut tags = owner.metadata();
    tags.insert(RUN.to_owned(), run.to_owned());
    for sandbox in control.list(&tags).await.unwrap_or_default() {
        if used != Some(sandbox.id.as_str())
            && let Err(error) = control.kill(&sandbox.id).await
        {
            tracing::debug!("{}", error.message);
        }
    }
}

/// Ends the sandboxes with these tags that nobody uses, with `kept` also those that
/// somebody wanted to look at. Only with `logs`, of the project that they belong
/// to, is one known whose run has crashed. Returns their ids.
///
/// # Errors
/// They cannot be listed, or one cannot be ended.
pub async fn sweep(
    control: &Control,
    tags: &BTreeMap<String, String>,
    logs: Option<&Path>,
    kept: bool,
) -> Result<Vec<String>> {
    let mut ended = Vec::new();
    for sandbox in control.list(tags).await? {
        let wanted = kept && tag(&sandbox, KEPT).is_some();
        if wanted || is_left(&sandbox, logs) {
            control.kill(&sandbox.id).await?;
            ended.push(sandbox.id);
        }
    }
    Ok(ended)
}

/// Whether nobody uses it any more: its time is over, or its run on this machine is.
fn is_left(sandbox: &Listed, logs: Option<&Path>) -> bool {
    let now =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let deadline = tag(sandbox, DEADLINE).and_then(|text| text.parse::<u64>().ok());
    if deadline.is_some_and(|deadline| deadline < now) {
        return true;
    }
    let over = |run: &str| logs.is_some_and(|logs| session::is_over(logs, run));
    tag(sandbox, KEPT).is_none() && tag(sandbox, RUN).is_some_and(over)
}

fn tag<'s>(sandbox: &'s Listed, name: &str) -> Option<&'s str> {
    sandbox.metadata.as_ref()?.get(name).map(String::as_str)
}
