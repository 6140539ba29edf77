//! Kills sandboxes whose run has ended and whose host could not kill them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use e2b_client::{Control, Result, SandboxSummary};
use osiris_core::canonical;
use osiris_runtime::session;

/// Tag of the application, set on every sandbox of osiris.
pub const APP: &str = "app";
/// Tag of the session id.
pub const RUN: &str = "run";
/// Tag of the time after which any host may kill the sandbox, in seconds since 1970.
pub const DEADLINE: &str = "deadline";
/// Tag present if the user wants to keep the sandbox.
pub const KEPT: &str = "kept";
const OWNER: &str = "owner";
const OURS: &str = "osiris";

/// Owner of a sandbox: a project on a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner(String);

impl Owner {
    /// Returns the owner for the project in this directory. A hash, from which neither directory
    /// nor machine can be recovered.
    pub fn of(base: &Path) -> Self {
        let machine = ["/etc/machine-id", "/etc/hostname"]
            .iter()
            .find_map(|file| std::fs::read_to_string(file).ok())
            .unwrap_or_default();
        let hash = canonical::sha256(format!("{}\n{}", machine.trim(), base.display()));
        Self(hash[..16].to_owned())
    }

    /// Returns the tags of the owner's sandboxes.
    pub fn metadata(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(APP.to_owned(), OURS.to_owned()), (OWNER.to_owned(), self.0.clone())])
    }
}

/// Returns the tags of all sandboxes of osiris.
pub fn all_tags() -> BTreeMap<String, String> {
    BTreeMap::from([(APP.to_owned(), OURS.to_owned())])
}

/// Kills the sandboxes left by earlier runs of a project. A sandbox that cannot be killed now ends
/// with its lifetime.
pub async fn kill_leftovers(control: Control, owner: Owner, logs: PathBuf) {
    let Ok(sandboxes) = control.list(&owner.metadata()).await else { return };
    for sandbox in sandboxes.iter().filter(|sandbox| is_unused(sandbox, Some(&logs))) {
        if let Err(error) = control.kill(&sandbox.id).await {
            tracing::debug!("{}", error.message);
        }
    }
}

/// Kills the sandboxes of a run except `used`: those that were created although the answer was
/// lost.
pub async fn kill_duplicates(control: &Control, owner: &Owner, run: &str, used: Option<&str>) {
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

/// Kills the unused sandboxes with these tags, with `include_kept` also those that a user kept.
/// Crashed runs are recognized only with `logs`, the logs directory of the project that the
/// sandboxes belong to. Returns the ids of the killed sandboxes.
///
/// # Errors
/// Returns an error if the sandboxes cannot be listed or one cannot be killed.
pub async fn sweep(
    control: &Control,
    tags: &BTreeMap<String, String>,
    logs: Option<&Path>,
    include_kept: bool,
) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for sandbox in control.list(tags).await? {
        let is_included = include_kept && tag(&sandbox, KEPT).is_some();
        if is_included || is_unused(&sandbox, logs) {
            control.kill(&sandbox.id).await?;
            ids.push(sandbox.id);
        }
    }
    Ok(ids)
}

/// Returns whether a sandbox is unused: its deadline has passed, or its run on this machine has
/// ended.
fn is_unused(sandbox: &SandboxSummary, logs: Option<&Path>) -> bool {
    let now =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let deadline = tag(sandbox, DEADLINE).and_then(|text| text.parse::<u64>().ok());
    if deadline.is_some_and(|deadline| deadline < now) {
        return true;
    }
    let has_ended = |run: &str| logs.is_some_and(|logs| session::has_ended(logs, run));
    tag(sandbox, KEPT).is_none() && tag(sandbox, RUN).is_some_and(has_ended)
}

fn tag<'s>(sandbox: &'s SandboxSummary, name: &str) -> Option<&'s str> {
    sandbox.metadata.as_ref()?.get(name).map(String::as_str)
}
