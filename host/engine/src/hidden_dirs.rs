//! Directories that exist on disk but are hidden from drivers. The kernel sandbox only allows
//! access to paths that exist when it is enforced, so missing output directories are created
//! before. For a driver they do not exist until the driver creates them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use osiris_core::sync::lock;

/// The hidden directories of one run, relative to its base path. Clones share the set.
#[derive(Debug, Clone, Default)]
pub struct HiddenDirs(Arc<Mutex<BTreeSet<PathBuf>>>);

impl HiddenDirs {
    /// Hides a directory until a driver creates it.
    pub fn hide(&self, folder: PathBuf) {
        self.lock().insert(folder);
    }

    /// Returns whether a path is a hidden directory.
    pub(super) fn is_hidden(&self, path: &Path) -> bool {
        self.lock().contains(path)
    }

    /// Returns whether a path is inside a hidden directory.
    pub(super) fn is_within(&self, path: &Path) -> bool {
        let hidden = self.lock();
        !hidden.is_empty() && path.ancestors().skip(1).any(|folder| hidden.contains(folder))
    }

    /// Makes a hidden directory visible. Returns whether the directory was hidden.
    pub(super) fn show(&self, folder: &Path) -> bool {
        self.lock().remove(folder)
    }

    /// Returns the directories that are still hidden, children before their parents.
    pub fn hidden(&self) -> Vec<PathBuf> {
        self.lock().iter().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        // A panic in another thread leaves the data consistent: every change is a single call.
        lock(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prepared_folder_is_hidden_until_created() {
        let folders = HiddenDirs::default();
        folders.hide("out".into());
        folders.hide("out/a".into());
        assert!(folders.is_hidden(Path::new("out")) && !folders.is_within(Path::new("out")));
        assert!(folders.is_within(Path::new("out/a")) && !folders.is_within(Path::new("outer/a")));
        assert_eq!(folders.hidden(), ["out/a", "out"].map(PathBuf::from));
        assert!(folders.show(Path::new("out")) && !folders.show(Path::new("out")));
        assert!(!folders.is_within(Path::new("out/a")) && folders.is_within(Path::new("out/a/b")));
    }
}
