//! State that steps keep from their last successful run: `<state>/<pipeline>/<step>.json`.

use std::io;
use std::path::Path;

use osiris_core::fs::project_dir::{ProjectDir, io_help};
use osiris_engine::MAX_STATE;

/// Saved states of one pipeline.
#[derive(Debug)]
pub struct StateStore(ProjectDir);

impl StateStore {
    /// Opens the states of a pipeline in the project directory `base`.
    pub fn new(base: &Path, state: &Path, pipeline: &str) -> Self {
        Self(ProjectDir::new(base, &state.join(pipeline)))
    }

    /// Returns the saved state of a step, or `None` if the step has not saved any.
    ///
    /// # Errors
    /// Returns a message for the user if the state cannot be read.
    pub fn load(&self, step: &str) -> Result<Option<String>, String> {
        let bytes =
            self.0.read(&file(step), MAX_STATE as u64).map_err(|error| with_io_help(&error))?;
        bytes.map(String::from_utf8).transpose().map_err(|error| error.to_string())
    }

    /// Saves the state of a step. Readers see the whole new state or the old one.
    ///
    /// # Errors
    /// Returns a message for the user if the state cannot be written.
    pub fn store(&self, step: &str, state: &str) -> Result<(), String> {
        self.0.write_atomic(&file(step), state.as_bytes()).map_err(|error| with_io_help(&error))
    }
}

fn file(step: &str) -> String {
    format!("{step}.json")
}

fn with_io_help(error: &io::Error) -> String {
    format!("{error}; {}", io_help(error, "make `.osiris/state` writable and free disk space"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_state_loads_back() {
        let base = tempfile::tempdir().unwrap();
        let store = StateStore::new(base.path(), &base.path().join(".osiris/state"), "copy");
        assert_eq!(store.load("read").unwrap(), None);
        store.store("read", "1").unwrap();
        store.store("read", "22").unwrap();
        assert_eq!(store.load("read").unwrap().as_deref(), Some("22"));
    }
}
