//! Files and folders that calls of drivers need on this machine. The kernel lets nothing through that
//! is not there, so folders that are missing are made before the fence is raised.

use std::path::{Component, Path, PathBuf};

use super::Fence;
use crate::below::Below;
use crate::driver::grants::Grants;
use crate::driver::{Code, Folders};

/// Folders that were made for outputs. Drivers do not see them before they make them.
#[derive(Debug, Default)]
pub struct Ground {
    base: PathBuf,
    folders: Folders,
}

impl Ground {
    /// Below this folder, which drivers see as `/`.
    pub fn new(base: &Path) -> Self {
        Self { base: base.to_owned(), folders: Folders::default() }
    }

    /// The folders that drivers do not see yet.
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// Lets all that a call was granted through a fence, with its driver's code. Of an
    /// output that is its folder, where its driver makes a file with another name first.
    pub fn admit(&self, fence: &mut Fence, code: &Code, grants: &Grants) {
        fence.read.extend(code.file().map(Path::to_owned));
        let ports = grants.network.iter().map(|endpoint| endpoint.port);
        fence.ports.get_or_insert_default().extend(ports);
        // Without it no driver is called.
        let Ok(base) = self.base.canonicalize() else { return };
        let inside = |path: &String| {
            base.join(path).canonicalize().ok().filter(|found| found.starts_with(&base))
        };
        // What is not there yet is made by another step, in a folder of that step's.
        fence.read.extend(grants.reads.iter().filter_map(inside));
        for path in &grants.writes {
            let parent = Path::new(path).parent().and_then(Path::to_str).map(str::to_owned);
            let folders = match base.join(path).canonicalize() {
                Err(_) => [self.make(&base, path), None],
                // A link that leads out of the project is refused, and needs nothing.
                Ok(found) if !found.starts_with(&base) => [None, None],
                Ok(found) if found.is_dir() => [Some(found), None],
                // Where it is, and where a link in its place leads.
                Ok(found) => [parent.as_ref().and_then(inside), found.parent().map(Path::to_owned)],
            };
            for folder in folders.into_iter().flatten() {
                if !fence.own.contains(&folder) {
                    fence.own.push(folder);
                }
            }
        }
        if !self.folders.hidden().is_empty() && !fence.tidy.contains(&base) {
            // What a step that fails has made goes again.
            fence.tidy.push(base);
        }
    }

    /// Makes a folder of the host's own, and lets it through a fence. Whoever uses a
    /// folder that cannot be made says so.
    pub fn own(&self, fence: &mut Fence, folder: &Path) {
        match Below::new(&self.base, folder).make() {
            Ok(_) => fence.own.push(self.base.join(folder)),
            Err(error) => tracing::debug!("{}: {error}", folder.display()),
        }
    }

    /// Removes the folders that no driver has made.
    pub fn clear(&self) {
        for folder in self.folders.hidden() {
            // One that another run has put something into stays.
            std::fs::remove_dir(self.base.join(folder)).ok();
        }
    }

    /// Makes the folder that an output will lie in.
    fn make(&self, base: &Path, path: &str) -> Option<PathBuf> {
        // What ends with a slash is a folder itself.
        let parent = || Path::new(path).parent();
        let folder = if path.ends_with('/') { Some(Path::new(path)) } else { parent() };
        let mut whole = base.to_owned();
        for part in folder.into_iter().flat_map(Path::components) {
            match part {
                Component::CurDir => continue,
                Component::Normal(name) => whole.push(name),
                // The driver is told when it opens it.
                _ => return None,
            }
            match std::fs::create_dir(&whole) {
                Ok(()) => self.folders.hide(whole.strip_prefix(base).ok()?.to_owned()),
                Err(_) => {
                    whole = whole.canonicalize().ok().filter(|found| found.starts_with(base))?;
                }
            }
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
    use crate::driver::spec::Spec;

    const SPEC: &str = "{name: a.b, version: 1.0.0, modes: [write], configSchema: {type: object}}";

    fn fence(ground: &Ground, reads: &[&str], writes: &[&str]) -> Fence {
        let spec = Arc::new(Spec::parse(SPEC.as_bytes(), Path::new("spec.yaml")).unwrap());
        let mut grants = Grants::new(&spec, &serde_json::json!({}), &ground.base, None);
        grants.reads = reads.iter().map(|path| (*path).to_owned()).collect();
        grants.writes = writes.iter().map(|path| (*path).to_owned()).collect();
        let mut fence = Fence::default();
        ground.admit(&mut fence, &Code::of(spec), &grants);
        fence
    }

    #[test]
    fn only_folders_of_outputs_and_named_inputs_pass() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        fs::create_dir(base.join("data")).unwrap();
        fs::write(base.join("data/in.csv"), "").unwrap();
        let ground = Ground::new(&base);
        let reads = ["data/in.csv", "absent"];
        let fence = fence(&ground, &reads, &["out/a/b.csv", "data/c.csv", "tables/", "./x/y"]);
        assert_eq!(fence.read, [base.join("data/in.csv")]);
        assert_eq!(fence.own, ["out/a", "data", "tables", "x"].map(|name| base.join(name)));
        assert_eq!(fence.tidy, std::slice::from_ref(&base));
        assert_eq!(ground.folders().hidden(), ["x", "tables", "out/a", "out"].map(PathBuf::from));
        fs::write(base.join("x/y"), "").unwrap();
        ground.clear();
        let left = fs::read_dir(&base).unwrap().map(|one| one.unwrap().file_name());
        let mut left: Vec<_> = left.collect();
        left.sort();
        assert_eq!(left, ["data", "x"]);
    }

    #[test]
    fn a_link_and_its_target_pass() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        for name in ["out", "kept", "data"] {
            fs::create_dir(base.join(name)).unwrap();
        }
        fs::write(base.join("kept/a.csv"), "").unwrap();
        symlink("../kept/a.csv", base.join("out/a.csv")).unwrap();
        symlink("../kept/a.csv", base.join("data/in.csv")).unwrap();
        let fence = fence(&Ground::new(&base), &["data/in.csv"], &["out/a.csv", "out/b.csv"]);
        assert_eq!(fence.own, ["out", "kept"].map(|name| base.join(name)));
        assert_eq!(fence.read, [base.join("kept/a.csv")]);
    }

    #[test]
    fn no_link_leads_outside() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        symlink(elsewhere.path(), folder.path().join("link")).unwrap();
        let ground = Ground::new(folder.path());
        let fence = fence(&ground, &["link"], &["link/new/a.csv", "../b/c.csv", "link"]);
        assert_eq!((fence.own, fence.read), (Vec::new(), Vec::new()));
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
