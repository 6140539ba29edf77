//! Files and directories that a call has created outside its artifacts directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use osiris_core::paths::{Identity, UnfinishedLog};

/// The unfinished files and directories that a call has created, by their current path. A path
/// alone grants no permission: if another file takes the path, the call has no permission there.
#[derive(Debug, Default)]
pub(super) struct Creations {
    entries: BTreeMap<PathBuf, Creation>,
    /// Log by which another process removes them if this one is killed.
    log: Option<UnfinishedLog>,
}

#[derive(Debug, Clone, Copy)]
struct Creation {
    identity: Identity,
    /// Whether the call may do anything with the file or directory. A parent directory of an output
    /// is shared with the other steps that write in it.
    is_own: bool,
}

impl Creations {
    /// Creates an empty list.
    pub(super) fn new(log: Option<UnfinishedLog>) -> Self {
        Self { entries: BTreeMap::new(), log }
    }

    /// Records a created file or directory.
    pub(super) fn add(&mut self, path: PathBuf, identity: Identity, is_own: bool) {
        if let Some(log) = &mut self.log {
            log.created(&path, identity);
        }
        self.entries.insert(path, Creation { identity, is_own });
    }

    /// Forgets a removed file or directory.
    pub(super) fn forget(&mut self, path: &Path) {
        if self.entries.remove(path).is_some()
            && let Some(log) = &mut self.log
        {
            log.gone(path);
        }
    }

    /// Returns whether the file or directory at this path is the call's own.
    pub(super) fn owns(&self, path: &Path, identity: Identity) -> bool {
        self.entries
            .get(path)
            .is_some_and(|creation| creation.is_own && creation.identity == identity)
    }

    /// Returns whether the call created its own file or directory at this path, even if another one
    /// has replaced it.
    pub(super) fn knows(&self, path: &Path) -> bool {
        self.entries.get(path).is_some_and(|creation| creation.is_own)
    }

    /// Records a rename. A `finished` file is kept for good.
    pub(super) fn moved(&mut self, from: &Path, to: &Path, finished: bool) {
        let (moved, others) = std::mem::take(&mut self.entries)
            .into_iter()
            .partition::<Vec<_>, _>(|(path, _)| path.starts_with(from));
        // The rename replaces existing entries.
        let (replaced, others) =
            others.into_iter().partition::<Vec<_>, _>(|(path, _)| path.starts_with(to));
        self.entries = others.into_iter().collect();
        if let Some(log) = &mut self.log {
            moved.iter().chain(&replaced).for_each(|(path, _)| log.gone(path));
        }
        if !finished {
            let renamed = moved.into_iter().filter_map(|(path, creation)| {
                let rest = path.strip_prefix(from).ok()?;
                // `join` with an empty path would add a slash.
                Some((to.components().chain(rest.components()).collect(), creation))
            });
            for (path, Creation { identity, is_own }) in renamed.collect::<Vec<_>>() {
                self.add(path, identity, is_own);
            }
        }
    }

    /// Returns the unfinished files and directories, children before their parents.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = (&Path, Identity)> {
        self.entries.iter().rev().map(|(path, creation)| (path.as_path(), creation.identity))
    }
}
