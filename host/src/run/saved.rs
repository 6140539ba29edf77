//! What steps remember from their last successful run:
//! `<state>/<pipeline>/<step>.json`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

/// The states of one pipeline. A driver that may write below the base path can
/// put links in their place: none leads the host to a file outside.
#[derive(Debug)]
pub(super) struct Saved {
    base: PathBuf,
    /// Below the base path.
    folder: PathBuf,
}

impl Saved {
    pub(super) fn new(base: &Path, state: &Path, pipeline: &str) -> Self {
        let below = state.strip_prefix(base).unwrap_or(state);
        Self { base: base.to_owned(), folder: below.join(pipeline) }
    }

    pub(super) fn load(&self, step: &str) -> io::Result<Option<String>> {
        match self.dir()?.read_to_string(self.path(step)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A reader sees all of it or what was there before.
    pub(super) fn store(&self, step: &str, state: &str) -> io::Result<()> {
        let dir = self.dir()?;
        dir.create_dir_all(&self.folder)?;
        let (path, partial) = (self.path(step), self.folder.join(format!("{step}.json.tmp")));
        let write = || {
            let mut file = dir.create(&partial)?.into_std();
            file.write_all(state.as_bytes())?;
            file.sync_all()?;
            dir.rename(&partial, &dir, &path)
        };
        write().inspect_err(|_| {
            // What counts is why it could not be written.
            dir.remove_file(&partial).ok();
        })
    }

    fn dir(&self) -> io::Result<Dir> {
        Dir::open_ambient_dir(&self.base, ambient_authority())
    }

    fn path(&self, step: &str) -> PathBuf {
        self.folder.join(format!("{step}.json"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_state_comes_back() {
        let base = tempfile::tempdir().unwrap();
        let saved = Saved::new(base.path(), &base.path().join(".osiris/state"), "copy");
        assert_eq!(saved.load("read").unwrap(), None);
        saved.store("read", "1").unwrap();
        saved.store("read", "22").unwrap();
        assert_eq!(saved.load("read").unwrap().as_deref(), Some("22"));
        let folder = base.path().join(".osiris/state/copy");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn no_link_leads_outside() {
        use std::os::unix::fs::symlink;
        let (base, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let state = base.path().join("state");
        fs::create_dir_all(state.join("one")).unwrap();
        fs::write(elsewhere.path().join("secret"), "secret").unwrap();
        symlink(elsewhere.path().join("secret"), state.join("one/read.json")).unwrap();
        symlink(elsewhere.path(), state.join("two")).unwrap();
        assert!(Saved::new(base.path(), &state, "one").load("read").is_err());
        assert!(Saved::new(base.path(), &state, "two").store("read", "1").is_err());
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
    }
}
