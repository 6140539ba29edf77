//! Files and directories that calls of drivers need on this machine. The kernel sandbox only allows
//! access to paths that exist when it is enforced, so missing output directories are created
//! before.

use std::path::{Path, PathBuf};

use osiris_core::fs::project_dir::ProjectDir;
use osiris_core::paths::{FileKind, Location, ProjectPath, Resolver, leads_outside};
use rustix::fs::{Mode, mkdirat};

use super::ProcessSandbox;
use crate::grants::Grants;
use crate::{CompiledDriver, HiddenDirs};

/// Directories that were created for outputs. They are hidden from drivers until a driver creates
/// them.
#[derive(Debug, Default)]
pub struct OutputDirs {
    base: PathBuf,
    folders: HiddenDirs,
}

impl OutputDirs {
    /// Manages directories below `base`, which drivers see as `/`.
    pub fn new(base: &Path) -> Self {
        Self { base: base.to_owned(), folders: HiddenDirs::default() }
    }

    /// Returns the directories that are still hidden from drivers.
    pub fn folders(&self) -> &HiddenDirs {
        &self.folders
    }

    /// Adds the files of a call to a sandbox: its driver's code and the permitted paths. Of an
    /// output, the whole parent directory is added, because drivers first write a file with another
    /// name there.
    pub fn admit(&self, sandbox: &mut ProcessSandbox, code: &CompiledDriver, grants: &Grants) {
        sandbox.read.extend(code.file().map(Path::to_owned));
        let ports = grants.network.iter().map(|endpoint| endpoint.port);
        sandbox.ports.get_or_insert_default().extend(ports);
        // No driver is called if the base path does not exist.
        let Ok(base) = self.base.canonicalize() else { return };
        let Ok(resolver) = Resolver::open(&base) else { return };
        let found = |path: &Path, follow| {
            resolver.resolve(path, follow).ok().filter(|location| location.found.is_some())
        };
        for path in grants.reads.iter().filter_map(|path| ProjectPath::new(path).ok()) {
            // Another step creates a missing input, in the directory of its own output.
            sandbox
                .read
                .extend(found(path.as_ref(), true).map(|location| base.join(location.path)));
        }
        for written in &grants.writes {
            let Ok(path) = ProjectPath::new(written) else { continue };
            // Parent directories of the output, and of its target if it is a link.
            let mut folders = Vec::new();
            match resolver.resolve(path.as_ref(), true) {
                // The path is denied and needs no access.
                Err(error) if leads_outside(&error) => {}
                Ok(Location { path, found: Some(found), .. }) if found.kind == FileKind::Folder => {
                    folders.push(base.join(path));
                }
                Ok(end) if end.found.is_some() => {
                    let locations = found(path.as_ref(), false).into_iter().chain([end]);
                    let parents =
                        locations.filter_map(|location| location.path.parent().map(Path::to_owned));
                    folders.extend(parents.map(|parent| base.join(parent)));
                }
                _ => {
                    let created = self.make(&resolver, &path, written.ends_with('/'));
                    folders.extend(created.map(|folder| base.join(folder)));
                }
            }
            for folder in folders {
                if !sandbox.own.contains(&folder) {
                    sandbox.own.push(folder);
                }
            }
        }
        if !self.folders.hidden().is_empty() && !sandbox.tidy.contains(&base) {
            // Allows the removal of directories that a failed step has created.
            sandbox.tidy.push(base);
        }
    }

    /// Creates a directory of the host, and adds it to a sandbox. If the directory cannot be
    /// created, using it reports the error.
    pub fn own(&self, sandbox: &mut ProcessSandbox, folder: &Path) {
        match ProjectDir::new(&self.base, folder).create_dir() {
            Ok(_) => sandbox.own.push(self.base.join(folder)),
            Err(error) => tracing::debug!("{}: {error}", folder.display()),
        }
    }

    /// Removes the directories that no driver has created.
    pub fn clear(&self) {
        for folder in self.folders.hidden() {
            // A directory with files of another run stays.
            std::fs::remove_dir(self.base.join(folder)).ok();
        }
    }

    /// Creates the parent directory of an output, or the output itself if it is a directory.
    fn make(&self, resolver: &Resolver, path: &ProjectPath, is_folder: bool) -> Option<PathBuf> {
        let path: &Path = path.as_ref();
        let folder = if is_folder { path } else { path.parent()? };
        let mut whole = PathBuf::new();
        for part in folder.components() {
            // A link that leads out of the project is denied and needs no access.
            let location = resolver.resolve(&whole.join(part), true).ok()?;
            if location.found.is_none() {
                mkdirat(location.parent.as_ref()?, &location.name, Mode::from_raw_mode(0o777))
                    .ok()?;
                self.folders.hide(location.path.clone());
            }
            whole = location.path;
        }
        Some(whole)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::sync::Arc;

    use super::*;
    use osiris_core::driver::spec::Spec;

    const SPEC: &str = "{name: a.b, version: 1.0.0, modes: [write], configSchema: {type: object}}";

    fn sandbox(dirs: &OutputDirs, reads: &[&str], writes: &[&str]) -> ProcessSandbox {
        let spec = Arc::new(Spec::parse(SPEC.as_bytes(), Path::new("spec.yaml")).unwrap());
        let mut grants = Grants::new(&spec, &serde_json::json!({}), &dirs.base, None);
        grants.reads = reads.iter().map(|path| (*path).to_owned()).collect();
        grants.writes = writes.iter().map(|path| (*path).to_owned()).collect();
        let mut sandbox = ProcessSandbox::default();
        dirs.admit(&mut sandbox, &CompiledDriver::of(spec), &grants);
        sandbox
    }

    #[test]
    fn output_folders_and_named_inputs_are_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        fs::create_dir(base.join("data")).unwrap();
        fs::write(base.join("data/in.csv"), "").unwrap();
        let dirs = OutputDirs::new(&base);
        let reads = ["data/in.csv", "absent"];
        let sandbox = sandbox(&dirs, &reads, &["out/a/b.csv", "data/c.csv", "tables/", "./x/y"]);
        assert_eq!(sandbox.read, [base.join("data/in.csv")]);
        assert_eq!(sandbox.own, ["out/a", "data", "tables", "x"].map(|name| base.join(name)));
        assert_eq!(sandbox.tidy, std::slice::from_ref(&base));
        assert_eq!(dirs.folders().hidden(), ["x", "tables", "out/a", "out"].map(PathBuf::from));
        fs::write(base.join("x/y"), "").unwrap();
        dirs.clear();
        let left = fs::read_dir(&base).unwrap().map(|one| one.unwrap().file_name());
        let mut left: Vec<_> = left.collect();
        left.sort();
        assert_eq!(left, ["data", "x"]);
    }

    #[test]
    fn symlink_and_its_target_are_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        for name in ["out", "kept", "data"] {
            fs::create_dir(base.join(name)).unwrap();
        }
        fs::write(base.join("kept/a.csv"), "").unwrap();
        symlink("../kept/a.csv", base.join("out/a.csv")).unwrap();
        symlink("../kept/a.csv", base.join("data/in.csv")).unwrap();
        let sandbox =
            sandbox(&OutputDirs::new(&base), &["data/in.csv"], &["out/a.csv", "out/b.csv"]);
        assert_eq!(sandbox.own, ["out", "kept"].map(|name| base.join(name)));
        assert_eq!(sandbox.read, [base.join("kept/a.csv")]);
    }

    #[test]
    fn symlinks_outside_the_project_are_not_allowed() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        symlink(elsewhere.path(), folder.path().join("link")).unwrap();
        let dirs = OutputDirs::new(folder.path());
        let sandbox = sandbox(&dirs, &["link"], &["link/new/a.csv", "../b/c.csv", "link"]);
        assert_eq!((sandbox.own, sandbox.read), (Vec::new(), Vec::new()));
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
