//! A sandbox: its files, its processes and its end.

mod census;
mod files;
mod isolation;
mod keeper;
mod memory;
mod process;
mod start;
mod table;
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Result;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::control::Network;
use crate::egress::Egress;
pub(crate) use census::Usage;
pub(crate) use files::{Files, clean};
pub(crate) use isolation::{Isolation, is_private};
use keeper::Keeper;
pub(crate) use process::{Ended, Event, Process, Spec};
pub(crate) use start::{NewSandbox, StartError, letters};
pub(crate) use table::Table;
pub(crate) use tree::{copy as copy_tree, size as tree_size};

/// A sandbox that lives, or did.
#[derive(Debug)]
pub(crate) struct Sandbox {
    pub(crate) id: String,
    pub(crate) template: String,
    pub(crate) alias: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    /// Variables of every process.
    pub(crate) variables: BTreeMap<String, String>,
    /// The working folder of processes that name none.
    pub(crate) workdir: String,
    pub(crate) envd: String,
    /// The access token of envd.
    pub(crate) token: String,
    pub(crate) allow_internet: Option<bool>,
    pub(crate) network: Network,
    /// Its own network, if it is held to egress rules. Otherwise it has that of this machine.
    pub(crate) egress: Option<Egress>,
    /// The start by the clock of the control plane.
    pub(crate) started: Timestamp,
    /// The same by this machine.
    pub(crate) start_instant: Instant,
    /// When it ends by itself.
    pub(crate) end: watch::Sender<Instant>,
    pub(crate) files: Files,
    pub(crate) processes: Table,
    pub(crate) isolation: Isolation,
    /// The limit of its processes' memory, in bytes.
    pub(crate) memory: u64,
    /// The limit of its files, in bytes.
    pub(crate) disk: u64,
    pub(crate) usage: Mutex<Usage>,
    pub(crate) keeper: Keeper,
    /// Its folder, which has `root`.
    pub(crate) folder: PathBuf,
}

impl Sandbox {
    /// Returns whether envd is at least this version.
    pub(crate) fn envd_is(&self, least: [u64; 3]) -> bool {
        let mut parts = self.envd.split('.').map(|part| part.parse().unwrap_or(0));
        let version: [u64; 3] = std::array::from_fn(|_| parts.next().unwrap_or(0));
        version >= least
    }

    /// Ends every process.
    pub(crate) async fn stop(&self) {
        self.processes.close();
        census::kill_all(self).await;
        self.keeper.end();
    }

    /// Ends every process and removes every file.
    pub(crate) async fn kill(&self) {
        self.stop().await;
        let folder = self.folder.clone();
        // The emulator's own folder goes away later with what is left here.
        let _ = tokio::task::spawn_blocking(move || tree::remove(&folder)).await;
    }
}

/// Makes the folders that a sandbox has from the beginning. All may write to
/// `/usr/local`, as in E2B's templates.
pub(crate) fn create_base_dirs(root: &Path, user: Option<u32>) -> Result<()> {
    let folders = [
        ("home", 0o755),
        ("home/user", 0o755),
        ("usr", 0o755),
        ("usr/local", 0o777),
        ("usr/local/bin", 0o777),
        ("tmp", 0o1777),
    ];
    for (folder, mode) in folders {
        fs::create_dir_all(root.join(folder))?;
        fs::set_permissions(root.join(folder), fs::Permissions::from_mode(mode))?;
    }
    if user.is_some() {
        chown(root.join("home/user"), user, user)?;
    }
    Ok(())
}
