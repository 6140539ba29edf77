//! Files and folders that a call has made outside its artifacts, one by one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::paths::Identity;

/// The things that a call has made and not finished, each with the name that it has.
/// A name gives no permission: once another thing has it, the call has nothing there.
#[derive(Debug, Default)]
pub(super) struct Creations {
    things: BTreeMap<PathBuf, Creation>,
}

#[derive(Debug, Clone, Copy)]
struct Creation {
    identity: Identity,
    /// Whether the call may do with it as it likes. A folder on the way to an output is
    /// for everybody who has one in there.
    is_own: bool,
}

impl Creations {
    /// Takes down a thing that was made.
    pub(super) fn add(&mut self, path: PathBuf, identity: Identity, is_own: bool) {
        self.things.insert(path, Creation { identity, is_own });
    }

    /// Forgets what was removed.
    pub(super) fn forget(&mut self, path: &Path) {
        self.things.remove(path);
    }

    /// Whether the thing with this name is the call's own.
    pub(super) fn owns(&self, path: &Path, identity: Identity) -> bool {
        self.things.get(path).is_some_and(|thing| thing.is_own && thing.identity == identity)
    }

    /// Whether the call made an own thing of this name, whatever has that name now.
    pub(super) fn knows(&self, path: &Path) -> bool {
        self.things.get(path).is_some_and(|thing| thing.is_own)
    }

    /// Takes down that something has another name. What is `finished` stays for good.
    pub(super) fn moved(&mut self, from: &Path, to: &Path, finished: bool) {
        let (moved, kept) = std::mem::take(&mut self.things)
            .into_iter()
            .partition::<Vec<_>, _>(|(path, _)| path.starts_with(from));
        // What was there is replaced.
        self.things = kept.into_iter().filter(|(path, _)| !path.starts_with(to)).collect();
        if !finished {
            let renamed = moved.into_iter().filter_map(|(path, thing)| {
                let rest = path.strip_prefix(from).ok()?;
                // To add nothing would add a slash.
                Some((to.components().chain(rest.components()).collect(), thing))
            });
            self.things.extend(renamed);
        }
    }

    /// Unfinished files and folders, those in a folder before the folder.
    pub(super) fn left(&self) -> impl Iterator<Item = (&Path, Identity)> {
        self.things.iter().rev().map(|(path, thing)| (path.as_path(), thing.identity))
    }
}
