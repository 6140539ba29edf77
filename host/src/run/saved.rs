//! What steps remember from their last successful run:
//! `<state>/<pipeline>/<step>.json`.

use std::io;
use std::path::{Path, PathBuf};

use crate::atomic;

/// The states of one pipeline.
#[derive(Debug)]
pub(super) struct Saved {
    folder: PathBuf,
}

impl Saved {
    pub(super) fn new(state: &Path, pipeline: &str) -> Self {
        Self { folder: state.join(pipeline) }
    }

    pub(super) fn load(&self, step: &str) -> io::Result<Option<String>> {
        match std::fs::read_to_string(self.path(step)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn store(&self, step: &str, state: &str) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        atomic::write(&self.path(step), state.as_bytes())
    }

    fn path(&self, step: &str) -> PathBuf {
        self.folder.join(format!("{step}.json"))
    }
}
