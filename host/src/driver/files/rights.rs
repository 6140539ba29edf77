//! What a driver may do with the paths below the base path.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is osiris's own in a project: no driver may change it, and read it only
/// where the configuration names the very file.
const RESERVED: [&str; 7] =
    [".osiris", "logs", "drivers", ".git", "osiris.yaml", "osiris.lock", "osiris_connections.yaml"];

/// Whether a path is, or lies in, what is osiris's own in a project.
pub(in crate::driver) fn is_reserved(path: &Path) -> bool {
    let Some(first) = path.components().next() else { return false };
    // Not everywhere are large and small letters different names.
    let first = first.as_os_str().to_string_lossy().to_ascii_lowercase();
    RESERVED.contains(&first.as_str()) || first == ".env" || first.starts_with(".env.")
}

/// What may be done with one path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct May {
    /// To see whether it is there, and to go through it to what lies below.
    pub(super) look: bool,
    /// To read it, or to list it.
    pub(super) read: bool,
    /// To make it where nothing is.
    pub(super) make: bool,
    /// To change, replace or remove it.
    pub(super) write: bool,
}

/// The rights of one call. Paths are relative to the base path, without links
/// and dots; one that is a folder stands for everything in it.
#[derive(Debug, Default)]
pub(super) struct Rights {
    /// What the configuration names to be read.
    pub(super) reads: Vec<PathBuf>,
    /// What it names to be written.
    pub(super) writes: Vec<PathBuf>,
    /// The folder for artifacts.
    pub(super) own: Option<PathBuf>,
    /// What the driver has made outside that folder.
    pub(super) made: BTreeSet<PathBuf>,
}

impl Rights {
    /// What may be done with a path. Beside a file that it may write, a driver may
    /// make others, and does with those as it likes; that is how a file is written
    /// that is not there until it is whole.
    pub(super) fn may(&self, path: &Path) -> May {
        let reserved = is_reserved(path);
        let named = |root: &PathBuf| path.starts_with(root) && (!reserved || is_reserved(root));
        let leads_to = |root: &PathBuf| root.starts_with(path);
        let is_beside = |file: &PathBuf| path.parent() == file.parent() || leads_to(file);
        let write = self.is_own(path)
            || self.made.iter().any(|made| path.starts_with(made))
            || (!reserved && self.writes.iter().any(|root| path.starts_with(root)));
        let make = write || (!reserved && self.writes.iter().any(is_beside));
        let read = write || self.reads.iter().any(named);
        let mut all = self.reads.iter().chain(&self.writes).chain(&self.own);
        May { look: read || make || all.any(leads_to), read, make, write }
    }

    /// Whether it lies in the folder for artifacts, which stays whatever happens.
    pub(super) fn is_own(&self, path: &Path) -> bool {
        self.own.as_ref().is_some_and(|own| path.starts_with(own))
    }

    /// Takes down that something was given another name. What has got the name that
    /// the configuration has for it is finished.
    pub(super) fn moved(&mut self, from: &Path, to: &Path) {
        let (moved, kept) = std::mem::take(&mut self.made)
            .into_iter()
            .partition::<Vec<_>, _>(|path| path.starts_with(from));
        self.made = kept.into_iter().collect();
        if !self.may(to).write {
            let renamed = moved.iter().filter_map(|path| path.strip_prefix(from).ok());
            // To add nothing would add a slash.
            self.made
                .extend(renamed.map(|rest| to.components().chain(rest.components()).collect()));
        }
    }

    /// The rights in words, for a refusal.
    pub(super) fn told(&self) -> String {
        let list = |paths: &[PathBuf]| {
            let shown = |path: &PathBuf| match path.as_os_str().is_empty() {
                true => "`.`".to_owned(),
                false => format!("`{}`", path.display()),
            };
            paths.iter().map(shown).collect::<Vec<_>>().join(", ")
        };
        match (self.reads.is_empty(), self.writes.is_empty()) {
            (true, true) => "nothing but its own artifacts".to_owned(),
            (false, true) => format!("reading {}", list(&self.reads)),
            (true, false) => format!("writing {}", list(&self.writes)),
            (false, false) => {
                format!("reading {}, writing {}", list(&self.reads), list(&self.writes))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(rights: &Rights, path: &str) -> String {
        let May { look, read, make, write } = rights.may(Path::new(path));
        let letters = [(look, 'l'), (read, 'r'), (make, 'm'), (write, 'w')];
        letters.iter().filter(|(may, _)| *may).map(|(_, letter)| letter).collect()
    }

    fn rights(reads: &[&str], writes: &[&str]) -> Rights {
        let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect();
        Rights {
            reads: paths(reads),
            writes: paths(writes),
            own: Some("logs/run_1/artifacts/step".into()),
            made: BTreeSet::new(),
        }
    }

    #[test]
    fn only_what_is_named_is_read() {
        let rights = rights(&["data/a.csv", "in"], &[]);
        for (path, letters) in [
            ("data/a.csv", "lr"),
            ("data", "l"),
            ("", "l"),
            ("data/b.csv", ""),
            ("in/deep/file", "lr"),
            ("inside", ""),
            ("logs", "l"),
            ("logs/run_1/status.json", ""),
            ("logs/run_1/artifacts/step/x", "lrmw"),
            ("logs/run_1/artifacts/steps", ""),
            (".env", ""),
        ] {
            assert_eq!(may(&rights, path), letters, "{path}");
        }
    }

    #[test]
    fn beside_what_is_written_there_may_be_new_files() {
        let mut rights = rights(&[], &["out/deep/b.csv"]);
        for (path, letters) in [
            ("out/deep/b.csv", "lrmw"),
            ("out/deep/.b.tmp", "lm"),
            ("out/deep", "lm"),
            ("out", "lm"),
            ("out/other", ""),
            ("out/deep/.b.tmp/x", ""),
        ] {
            assert_eq!(may(&rights, path), letters, "{path}");
        }
        rights.made.insert("out/deep/.b.tmp".into());
        assert_eq!(may(&rights, "out/deep/.b.tmp"), "lrmw");
        assert_eq!(may(&rights, "out/deep/.b.tmp/x"), "lrmw");
    }

    #[test]
    fn what_is_osiris_own_is_nobodys_else() {
        let all = rights(&[""], &["out.csv", ""]);
        for path in [
            ".env",
            ".ENV",
            ".env.local",
            "osiris.yaml",
            "osiris_connections.yaml",
            "osiris.lock",
            "drivers/a.wasm",
            ".osiris/state/x",
            "logs/run_0/status.json",
        ] {
            assert!(is_reserved(Path::new(path)), "{path}");
            assert_eq!(may(&all, path), "", "{path}");
        }
        assert_eq!(may(&all, ".environment"), "lrmw");
        let named = rights(&["logs/run_0/events.jsonl"], &[".env"]);
        assert_eq!(may(&named, "logs/run_0/events.jsonl"), "lr");
        assert_eq!(may(&named, ".env"), "l");
    }
}
