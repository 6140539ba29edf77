//! Folders that are there for the kernel and not yet for drivers. Its fence lets only
//! through what is there when it is raised, so the missing folders of outputs are made
//! before. A driver makes them as if they were not there, or says that they are missing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The folders of one run, relative to its base path. Clones are the same ones.
#[derive(Debug, Clone, Default)]
pub struct Folders(Arc<Mutex<BTreeSet<PathBuf>>>);

impl Folders {
    /// Hides a folder until a driver makes it.
    pub fn hide(&self, folder: PathBuf) {
        self.held().insert(folder);
    }

    /// Whether a path is one that no driver has made yet.
    pub(super) fn is_hidden(&self, path: &Path) -> bool {
        self.held().contains(path)
    }

    /// Whether a path lies in a folder that no driver has made yet.
    pub(super) fn is_within(&self, path: &Path) -> bool {
        let hidden = self.held();
        !hidden.is_empty() && path.ancestors().skip(1).any(|folder| hidden.contains(folder))
    }

    /// Makes a hidden folder one that is there. False if it is none.
    pub(super) fn show(&self, folder: &Path) -> bool {
        self.held().remove(folder)
    }

    /// All that are still hidden, those within others first.
    pub fn hidden(&self) -> Vec<PathBuf> {
        self.held().iter().rev().cloned().collect()
    }

    fn held(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        // A panic elsewhere leaves the data whole: every change is one call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_not_there_before_it_is_made() {
        let folders = Folders::default();
        folders.hide("out".into());
        folders.hide("out/a".into());
        assert!(folders.is_hidden(Path::new("out")) && !folders.is_within(Path::new("out")));
        assert!(folders.is_within(Path::new("out/a")) && !folders.is_within(Path::new("outer/a")));
        assert_eq!(folders.hidden(), ["out/a", "out"].map(PathBuf::from));
        assert!(folders.show(Path::new("out")) && !folders.show(Path::new("out")));
        assert!(!folders.is_within(Path::new("out/a")) && folders.is_within(Path::new("out/a/b")));
    }
}
