//! The reserved files of a project: no driver may write them, or read them unless `osiris.yaml`
//! allows it.

use std::path::{Component, Path, PathBuf};

use crate::fs::layout::{
    CONNECTIONS_FILE, DRIVERS_DIR, LOCK_FILE, LOGS_DIR, OWN_DIR, SETTINGS_FILE, TMP_DIR,
};

/// Osiris's own files and directories in the base path.
const OWN: [&str; 6] = [OWN_DIR, LOGS_DIR, DRIVERS_DIR, SETTINGS_FILE, LOCK_FILE, CONNECTIONS_FILE];
/// Files in any directory that other programs trust or keep secrets in.
const EVERYWHERE: [&str; 3] = [".git", ".env", ".envrc"];
/// Files and directories in the base path that people edit and programs act on: reserved for
/// writing only.
const WRITTEN_BY_PEOPLE: [&str; 4] = ["pipelines", ".github", ".gitignore", ".gitattributes"];

/// Prefix of the temporary directories of `osiris copy` in [`TMP_DIR`].
const SPOOL: &str = "copy-";

/// The host's own file in the artifacts directory of a step: the configuration of the step with its
/// secrets masked.
pub const CLEANED_CONFIG: &str = "cleaned_config.json";

/// Examples of reserved paths, for display.
pub const RESERVED: [&str; 9] = [
    ".env",
    ".envrc",
    ".git",
    OWN_DIR,
    DRIVERS_DIR,
    LOGS_DIR,
    LOCK_FILE,
    SETTINGS_FILE,
    CONNECTIONS_FILE,
];

/// Returns the reserved part of a path: the path itself or a parent directory. Drivers can never
/// write reserved files, and can read only those that `files: {allow_read: [...]}` in `osiris.yaml`
/// allows.
pub fn reserved(path: &Path) -> Option<PathBuf> {
    closed(path, &[])
}

/// Returns the part of a path that is reserved for writing: the [`reserved`] files, and the files
/// of a project that people edit.
pub fn reserved_to_write(path: &Path) -> Option<PathBuf> {
    closed(path, &WRITTEN_BY_PEOPLE)
}

/// Returns whether a path is a file in a temporary directory of `osiris copy`, which holds the rows
/// of stdin or stdout for the driver that reads or writes them.
fn is_spool(path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(TMP_DIR) else { return false };
    let parts: Vec<_> = inside.components().map(Component::as_os_str).collect();
    matches!(parts[..], [dir, _] if dir.to_string_lossy().starts_with(SPOOL))
}

fn closed(path: &Path, more: &[&str]) -> Option<PathBuf> {
    if is_spool(path) {
        return None;
    }
    let mut prefix = PathBuf::new();
    for (depth, part) in path.components().enumerate() {
        prefix.push(part);
        let Component::Normal(name) = part else { continue };
        let name = folded(&name.to_string_lossy());
        let is_own = depth == 0
            && (OWN.contains(&name.as_str())
                || more.contains(&name.as_str())
                || name.starts_with(".env."));
        if is_own || EVERYWHERE.contains(&name.as_str()) {
            return Some(prefix);
        }
    }
    None
}

/// Returns whether a path in a step's artifacts directory is the host's own file.
pub(super) fn is_cleaned_config(path: &Path) -> bool {
    path.parent() == Some(Path::new("")) && folded(&path.to_string_lossy()) == CLEANED_CONFIG
}

/// Normalizes a name as the most tolerant file system compares it: on some, `.env`, `.ENV`, `.env.`
/// and a name with a zero-width character are the same.
fn folded(name: &str) -> String {
    let invisible = |c: char| {
        matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let visible: String = name.chars().filter(|c| !invisible(*c)).collect();
    // An NTFS stream name refers to the same file. Upper case first, because that also folds `ſ`
    // and `ı`.
    let file = visible.split(':').next().unwrap_or_default();
    file.trim_end_matches(['.', ' ']).to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_are_recognized_in_every_spelling() {
        for path in [
            ".env",
            ".Env",
            ".ENV.",
            ".env ",
            ".env.local",
            ".env.sample",
            ".envrc",
            ".EnvRC",
            ".e\u{200c}nv",
            ".env::$DATA",
            ".git",
            ".GIT/hooks/pre-commit",
            ".g\u{200d}it/config",
            "sub/.git/hooks/x",
            "deep/er/.env",
            "osiris.yaml",
            "OSIRIS.YAML",
            "o\u{17f}iris.yaml",
            "osir\u{131}s.lock",
            "osiris_connections.yaml",
            "drivers/a.wasm",
            "Drivers",
            ".osiris/state/x",
            "logs/run_0/status.json",
            ".osiris/tmp/copy-0",
            ".osiris/tmp/copy-0/stdin.csv/x",
            ".osiris/tmp/preview-0/stdin.csv",
        ] {
            assert!(reserved(Path::new(path)).is_some(), "{path:?}");
        }
        for path in [
            "",
            ".environment",
            ".gitignore",
            ".github/x",
            "data/logs",
            "data/drivers",
            "data/osiris.yaml",
            "data/.env.csv.0123.tmp",
            "env",
            "logs.csv",
            "...",
            ".osiris/tmp/copy-0/stdin.csv",
            ".osiris/tmp/copy-0/.stdout.csv.0123.tmp",
        ] {
            assert_eq!(reserved(Path::new(path)), None, "{path:?}");
        }
        assert_eq!(reserved(Path::new("sub/.GIT/hooks/x")), Some("sub/.GIT".into()));
        for path in ["pipelines/a.yaml", "Pipelines", ".github/workflows/x.yml", ".gitignore"] {
            assert_eq!(reserved(Path::new(path)), None, "{path}");
            assert!(reserved_to_write(Path::new(path)).is_some(), "{path}");
        }
        assert_eq!(reserved_to_write(Path::new("data/pipelines/a.csv")), None);
    }
}
