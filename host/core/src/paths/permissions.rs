//! Permissions of a step for paths below the base path.
//!
//! The permissions do not depend on the files that a driver has created: those are tracked with the
//! files of its call.

use std::io;
use std::path::{Path, PathBuf};

use super::normalize::ProjectPath;
use super::reserved::{is_cleaned_config, reserved, reserved_to_write};
use super::resolver::{Resolver, leads_outside};
use crate::invisible::is_invisible;

/// Permissions for one path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PathAccess {
    /// Whether the path may be seen, and traversed to the paths below.
    pub stat: bool,
    /// Whether the path may be read or listed.
    pub read: bool,
    /// Whether a file or directory may be created at the path if there is none.
    pub create: bool,
    /// Whether a directory may be created at the path if there is none.
    pub create_dir: bool,
    /// Whether the path may be changed, replaced or removed.
    pub write: bool,
}

impl PathAccess {
    /// All permissions.
    pub const ALL: Self =
        Self { stat: true, read: true, create: true, create_dir: true, write: true };
    /// Permission to read, and nothing else.
    const READ: Self =
        Self { stat: true, read: true, create: false, create_dir: false, write: false };
}

/// The paths that the other steps of a plan use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Others {
    /// Paths that the other steps read, as their configurations name them.
    pub reads: Vec<String>,
    /// Paths that the other steps write, as their configurations name them.
    pub writes: Vec<String>,
}

/// Sources of permissions.
#[derive(Debug, Clone, Copy)]
pub struct PermissionSources<'a> {
    /// Paths to read that the configuration names.
    pub reads: &'a [String],
    /// Paths to write that the configuration names.
    pub writes: &'a [String],
    /// The artifacts directory, relative to the base path.
    pub artifacts: Option<&'a Path>,
    /// Paths that the other steps of the plan use.
    pub others: &'a Others,
    /// Reserved files that `osiris.yaml` allows to read.
    pub allow_read: &'a [ProjectPath],
}

/// The permissions of one step. Paths are relative to the base path, without links and dots; a
/// directory includes everything in it.
#[derive(Debug, Default)]
pub struct Permissions {
    reads: Vec<PathBuf>,
    writes: Vec<PathBuf>,
    /// The paths to read and write as the configuration names them, with links. They may be seen,
    /// but not more.
    named: Vec<PathBuf>,
    artifacts: Option<PathBuf>,
    /// Paths that other steps read or write.
    others: Vec<PathBuf>,
    /// The paths of `others` that other steps write.
    others_writes: Vec<PathBuf>,
    allow_read: Vec<PathBuf>,
}

impl Permissions {
    /// Creates permissions for the targets of the configured paths.
    pub fn new(resolver: &Resolver, sources: PermissionSources<'_>) -> Self {
        let resolved = |paths: &[String]| -> Vec<PathBuf> {
            paths.iter().filter_map(|path| resolved(resolver, path)).collect()
        };
        let others_writes = resolved(&sources.others.writes);
        let mut others = resolved(&sources.others.reads);
        others.extend(others_writes.iter().cloned());
        let named = sources.reads.iter().chain(sources.writes).filter_map(|path| {
            let path = ProjectPath::new(path).ok()?;
            // Skips paths that lead out of the base path.
            self::resolved(resolver, path.as_str()).map(|_| path.as_ref().to_owned())
        });
        Self {
            named: named.collect(),
            reads: resolved(sources.reads),
            writes: resolved(sources.writes),
            // If a link has replaced the directory, it is no longer the session's.
            artifacts: sources.artifacts.and_then(|path| {
                let found = resolver.resolve(path, true).ok()?.path;
                (found == path).then_some(found)
            }),
            others,
            others_writes,
            allow_read: sources.allow_read.iter().map(|path| path.as_ref().to_owned()).collect(),
        }
    }

    /// Returns the permissions for a path. Next to an output, a step may create files whose names
    /// begin with the name of the output, so that it can write a temporary file and rename it when
    /// complete.
    ///
    /// No step may create a name with invisible characters below its roots: such a name can act on
    /// a terminal or pass for another name.
    pub fn of(&self, path: &Path) -> PathAccess {
        let access = self.of_visible(path);
        if (access.create || access.create_dir) && self.hides_characters(path) {
            return PathAccess { create: false, create_dir: false, ..access };
        }
        access
    }

    fn of_visible(&self, path: &Path) -> PathAccess {
        if let Some(own) = &self.artifacts
            && let Ok(below) = path.strip_prefix(own)
        {
            return if is_cleaned_config(below) { PathAccess::READ } else { PathAccess::ALL };
        }
        let closed = reserved(path).is_some();
        let is_writable = reserved_to_write(path).is_none();
        let write = is_writable && self.writes.iter().any(|root| self.covers(root, path));
        let beside = is_writable
            && self.writes.iter().any(|root| is_beside(root, path))
            && !self.others.iter().any(|other| other.starts_with(path));
        let leads_to = |root: &PathBuf| root.starts_with(path) && root != path;
        let create_dir = write || beside || (is_writable && self.writes.iter().any(leads_to));
        let read = write || self.reads.iter().any(|root| self.reads_below(root, path, closed));
        let mut roots = self.reads.iter().chain(&self.writes).chain(&self.artifacts);
        let is_named = || self.named.iter().any(|named| named.starts_with(path));
        let stat = read || create_dir || roots.any(leads_to) || (!closed && is_named());
        PathAccess { stat, read, create: write || beside, create_dir, write }
    }

    /// Returns whether a name has invisible characters that no configuration has.
    pub fn hides_characters(&self, path: &Path) -> bool {
        let roots = || self.writes.iter().chain(&self.artifacts);
        let hides = |path: &Path| path.to_string_lossy().contains(is_invisible);
        let is_own = |part: &Path| roots().any(|root| root.starts_with(part));
        path.ancestors()
            .take_while(|part| !is_own(part))
            .any(|part| part.file_name().is_some_and(|name| hides(Path::new(name))))
    }

    /// Returns whether a path is in the artifacts directory, whose content is always kept.
    pub fn is_artifact(&self, path: &Path) -> bool {
        self.artifacts.as_ref().is_some_and(|own| path.starts_with(own))
    }

    /// Returns whether a directory contains an output of another step, or is the artifacts
    /// directory: it must not be moved or renamed.
    pub fn is_fixed(&self, path: &Path) -> bool {
        self.artifacts.as_deref() == Some(path)
            || self.others_writes.iter().any(|other| other.starts_with(path) && other != path)
    }

    /// Returns whether a driver may change any files. Returns `None` if the driver may not see any
    /// files.
    pub fn write_access(&self) -> Option<bool> {
        let changes = self.artifacts.is_some() || !self.writes.is_empty();
        (changes || !self.reads.is_empty()).then_some(changes)
    }

    /// Lists the permissions for a denial message.
    pub fn summary(&self) -> String {
        let list = |paths: &[PathBuf]| {
            let shown = |path: &PathBuf| match path.as_os_str().is_empty() {
                true => "`.`".to_owned(),
                false => format!("`{}`", path.display()),
            };
            paths.iter().map(shown).collect::<Vec<_>>().join(", ")
        };
        match (self.reads.is_empty(), self.writes.is_empty()) {
            (true, true) => "only the step's own artifacts".to_owned(),
            (false, true) => format!("reading {}", list(&self.reads)),
            (true, false) => format!("writing {}", list(&self.writes)),
            (false, false) => {
                format!("reading {}, writing {}", list(&self.reads), list(&self.writes))
            }
        }
    }

    /// Returns the output in the same directory as a path.
    pub fn neighbour(&self, path: &Path) -> Option<&Path> {
        let mut writes = self.writes.iter().filter(|root| root.file_name().is_some());
        writes.find(|root| root.parent() == path.parent()).map(PathBuf::as_path)
    }

    /// Returns the path that `osiris.yaml` has to allow before a path named by the configuration
    /// can be read.
    pub fn wants_allowing(&self, path: &Path) -> Option<PathBuf> {
        let named =
            self.reads.iter().any(|root| path.starts_with(root) && reserved(root).is_some());
        reserved(path).filter(|_| named && !self.of(path).read)
    }

    fn reads_below(&self, root: &Path, path: &Path, closed: bool) -> bool {
        // A reserved file must be named itself, both by the configuration and in `osiris.yaml`.
        let allowed = || self.allow_read.iter().any(|allowed| path.starts_with(allowed));
        path.starts_with(root) && (!closed || (reserved(root).is_some() && allowed()))
    }

    /// Returns whether `root`, which may be written, covers a path. An output of another step
    /// within `root` is excluded, with its temporary files.
    fn covers(&self, root: &Path, path: &Path) -> bool {
        let is_others = |other: &PathBuf| {
            other.starts_with(root)
                && other != root
                && (path.starts_with(other) || path.ancestors().any(|part| is_beside(other, part)))
        };
        path.starts_with(root) && !self.others_writes.iter().any(is_others)
    }
}

/// Returns whether the name of a path begins with that of an output in the same directory:
/// `.a.csv.tmp`, `a.csv-1` and the like for `a.csv`.
fn is_beside(output: &Path, path: &Path) -> bool {
    let (Some(own), Some(name)) = (output.file_name(), path.file_name()) else { return false };
    if output.parent() != path.parent() {
        return false;
    }
    let (own, name) = (own.as_encoded_bytes(), name.as_encoded_bytes());
    let bare = name.strip_prefix(b".").filter(|bare| bare.starts_with(own));
    let is_hidden = bare.is_some();
    match bare.unwrap_or(name).strip_prefix(own) {
        // Without a separator, `a` would match every name that begins with `a`.
        Some([mark, ..]) => mark.is_ascii_punctuation() || *mark == b' ',
        Some([]) => is_hidden,
        None => false,
    }
}

/// Returns the target of a configured path. Returns `None` if it is outside the base path, which is
/// rejected before a run.
fn resolved(resolver: &Resolver, path: &str) -> Option<PathBuf> {
    let path = ProjectPath::new(path).ok()?;
    match resolver.resolve(path.as_ref(), true) {
        Ok(location) => Some(location.path),
        Err(error) if leads_outside(&error) || error.kind() == io::ErrorKind::PermissionDenied => {
            None
        }
        // Opening the path reports the error.
        Err(_) => Some(path.as_ref().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Case {
        reads: &'static [&'static str],
        writes: &'static [&'static str],
        others: &'static [&'static str],
        allow: &'static [&'static str],
    }

    impl Case {
        const fn new(reads: &'static [&'static str], writes: &'static [&'static str]) -> Self {
            Self { reads, writes, others: &[], allow: &[] }
        }

        fn permissions(&self) -> Permissions {
            let base = tempfile::tempdir().unwrap();
            fs::create_dir_all(base.path().join("logs/run_1/artifacts/step")).unwrap();
            let texts = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
            let (reads, writes): (Vec<_>, Vec<_>) = (texts(self.reads), texts(self.writes));
            let allow = self.allow.iter().map(|path| ProjectPath::new(path).unwrap());
            let sources = PermissionSources {
                reads: &reads,
                writes: &writes,
                artifacts: Some(Path::new("logs/run_1/artifacts/step")),
                others: &Others { reads: Vec::new(), writes: texts(self.others) },
                allow_read: &allow.collect::<Vec<_>>(),
            };
            Permissions::new(&Resolver::open(base.path()).unwrap(), sources)
        }

        fn assert(&self, expected: &[(&str, &str)]) {
            let permissions = self.permissions();
            for (path, letters) in expected {
                let PathAccess { stat, read, create, create_dir, write } =
                    permissions.of(Path::new(path));
                let all =
                    [(stat, 'l'), (read, 'r'), (create_dir, 'f'), (create, 'm'), (write, 'w')];
                let actual: String =
                    all.iter().filter(|(allowed, _)| *allowed).map(|(_, letter)| letter).collect();
                assert_eq!(actual, *letters, "{path}");
            }
        }
    }

    #[test]
    fn unnamed_inputs_are_not_readable() {
        Case::new(&["data/a.csv", "./in/"], &[]).assert(&[
            ("data/a.csv", "lr"),
            ("data", "l"),
            ("", "l"),
            ("data/b.csv", ""),
            ("in/deep/file", "lr"),
            ("inside", ""),
            ("logs", "l"),
            ("logs/run_1/status.json", ""),
            ("logs/run_1/artifacts/step/x", "lrfmw"),
            ("logs/run_1/artifacts/step/cleaned_config.json", "lr"),
            ("logs/run_1/artifacts/step/Cleaned_Config.json.", "lr"),
            ("logs/run_1/artifacts/step/x/cleaned_config.json", "lrfmw"),
            ("logs/run_1/artifacts/step/a\nb", "lrw"),
            ("logs/run_1/artifacts/step/\u{202e}txt/x", "lrw"),
            ("logs/run_1/artifacts/step/\u{e9}\u{4e2d}", "lrfmw"),
            ("logs/run_1/artifacts/steps", ""),
            (".env", ""),
        ]);
    }

    #[test]
    fn temporary_names_beside_an_output_need_its_prefix() {
        Case::new(&[], &["out/deep/b.csv"]).assert(&[
            ("out/deep/b.csv", "lrfmw"),
            ("out/deep/.b.csv.tmp", "lfm"),
            ("out/deep/.b.csv", "lfm"),
            ("out/deep/b.csv.part", "lfm"),
            ("out/deep/b.csv~", "lfm"),
            ("out/deep/.b.csv-1", "lfm"),
            ("out/deep/.b.csv-\u{1b}[2J", "l"),
            ("out/deep/b.csvx", ""),
            ("out/deep/.b.tmp", ""),
            ("out/deep/..b.csv.tmp", ""),
            ("out/deep/a.csv", ""),
            ("out/deep", "lf"),
            ("out", "lf"),
            ("out/other", ""),
            ("out/.b.csv.tmp", ""),
            ("out/deep/.b.csv.tmp/x", ""),
        ]);
        // An output in the project's root gives no access to files that other tools execute.
        Case::new(&[], &["env", "git", "rc"]).assert(&[
            (".env.local", ""),
            (".env", ""),
            (".envrc", ""),
            (".git", ""),
            (".npmrc", ""),
            ("Makefile", ""),
            (".vscode", ""),
        ]);
    }

    #[test]
    fn files_of_other_steps_are_closed() {
        let beside = Case {
            others: &["out/.b.csv.tmp", "out/b.csv.d/x", "out"],
            ..Case::new(&[], &["out/b.csv"])
        };
        beside.assert(&[
            ("out/b.csv", "lrfmw"),
            ("out/.b.csv.tmp", ""),
            ("out/b.csv.d", ""),
            ("out/b.csv.e", "lfm"),
            ("out", "lf"),
        ]);
        let folder = Case { others: &["out/in/a.csv", "out"], ..Case::new(&[], &["out"]) };
        folder.assert(&[
            ("out", "lrfmw"),
            ("out/x", "lrfmw"),
            ("out/in", "lrfmw"),
            ("out/in/a.csv", ""),
            ("out/in/.a.csv.1.tmp", ""),
            ("out/in/b.csv", "lrfmw"),
        ]);
        let permissions = folder.permissions();
        assert!(permissions.is_fixed(Path::new("out/in")));
        assert!(!permissions.is_fixed(Path::new("out/x")));
    }

    #[test]
    fn reserved_files_are_closed_unless_settings_allow_reading() {
        Case::new(&["."], &["out.csv", "."]).assert(&[
            (".env", ""),
            (".ENV", ""),
            (".env.local", ""),
            ("osiris.yaml", ""),
            ("osiris_connections.yaml", ""),
            ("osiris.lock", ""),
            ("drivers/a.wasm", ""),
            (".osiris/state/x", ""),
            ("sub/.git/config", ""),
            ("logs/run_0/status.json", ""),
            (".environment", "lrfmw"),
        ]);
        Case::new(&["logs/run_0", ".env", ".env.sample"], &[".env"]).assert(&[
            ("logs/run_0/events.jsonl", ""),
            (".env.sample", ""),
            (".env", ""),
        ]);
        let allowed = Case {
            allow: &["logs", ".env.sample"],
            ..Case::new(&["logs/run_0", ".env", ".env.sample", "."], &[])
        };
        allowed.assert(&[
            ("logs/run_0/events.jsonl", "lr"),
            ("logs/run_2/events.jsonl", ""),
            (".env.sample", "lr"),
            (".env", ""),
        ]);
    }
}
