//! State that steps keep from their last successful run: `<state>/<pipeline>/<step>.json`.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use osiris_core::fs::project_dir::{ProjectDir, io_help};
use osiris_engine::MAX_STATE;

/// Saved states of one pipeline.
#[derive(Debug)]
pub struct StateStore(ProjectDir);

/// The saved state of a step.
#[derive(Debug, Clone)]
pub struct SavedState {
    /// Name of the pipeline in paths.
    pub pipeline: String,
    /// The step.
    pub step: String,
    /// The file with the state.
    pub file: PathBuf,
    /// Time of the last change, if the system knows it.
    pub updated_at: Option<Timestamp>,
}

impl StateStore {
    /// Opens the states of a pipeline in the project directory `base`.
    pub fn new(base: &Path, state: &Path, pipeline: &str) -> Self {
        Self(ProjectDir::new(base, &state.join(pipeline)))
    }

    /// Lists the states of all pipelines, sorted by pipeline and step. Skips symlinks and files of
    /// other names.
    ///
    /// # Errors
    /// Returns a message for the user if a directory cannot be read.
    pub fn list(base: &Path, state: &Path) -> Result<Vec<SavedState>, String> {
        let mut all = Vec::new();
        let list = |all: &mut Vec<SavedState>| -> io::Result<()> {
            let Some(root) = ProjectDir::new(base, state).open()? else { return Ok(()) };
            for entry in root.entries()? {
                let entry = entry?;
                let name = entry.file_name();
                if let Some(pipeline) = name.to_str()
                    && entry.file_type()?.is_dir()
                {
                    Self::new(base, state, pipeline).list_steps(pipeline, all)?;
                }
            }
            Ok(())
        };
        list(&mut all).map_err(|error| with_io_help(&error))?;
        all.sort_by(|a, b| (&a.pipeline, &a.step).cmp(&(&b.pipeline, &b.step)));
        Ok(all)
    }

    fn list_steps(&self, pipeline: &str, all: &mut Vec<SavedState>) -> io::Result<()> {
        let Some(dir) = self.0.open()? else { return Ok(()) };
        for entry in dir.entries()? {
            let entry = entry?;
            let name = entry.file_name();
            let step = name.to_str().and_then(|name| name.strip_suffix(".json"));
            if let Some(step) = step.filter(|step| !step.is_empty() && !step.starts_with('.'))
                && entry.file_type()?.is_file()
            {
                let changed = entry.metadata()?.modified().ok();
                all.push(SavedState {
                    pipeline: pipeline.to_owned(),
                    step: step.to_owned(),
                    file: self.0.path(&file(step)),
                    updated_at: changed.and_then(|time| time.into_std().try_into().ok()),
                });
            }
        }
        Ok(())
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

    /// Removes the state of a step, so that its next run starts without one. Does nothing if the
    /// step has none.
    ///
    /// # Errors
    /// Returns a message for the user if the state cannot be removed.
    pub fn remove(&self, step: &str) -> Result<(), String> {
        let remove = || match self.0.open()? {
            Some(dir) => dir.remove_file(file(step)),
            None => Ok(()),
        };
        match remove() {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(with_io_help(&error)),
            _ => Ok(()),
        }
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
    fn stored_state_loads_back_until_removed() {
        let base = tempfile::tempdir().unwrap();
        let store = StateStore::new(base.path(), &base.path().join(".osiris/state"), "copy");
        assert_eq!(store.load("read").unwrap(), None);
        store.remove("read").unwrap();
        store.store("read", "1").unwrap();
        store.store("read", "22").unwrap();
        assert_eq!(store.load("read").unwrap().as_deref(), Some("22"));
        store.remove("read").unwrap();
        assert_eq!(store.load("read").unwrap(), None);
    }

    #[test]
    fn states_of_all_pipelines_are_listed() {
        let base = tempfile::tempdir().unwrap();
        let state = base.path().join(".osiris/state");
        assert!(StateStore::list(base.path(), &state).unwrap().is_empty());
        for (pipeline, step) in [("copy", "b"), ("copy", "a"), ("archive", "z")] {
            StateStore::new(base.path(), &state, pipeline).store(step, "{}").unwrap();
        }
        std::fs::write(state.join("copy/notes.txt"), "").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("a.json", state.join("copy/link.json")).unwrap();
        let all = StateStore::list(base.path(), &state).unwrap();
        let names: Vec<_> =
            all.iter().map(|saved| format!("{}/{}", saved.pipeline, saved.step)).collect();
        assert_eq!(names, ["archive/z", "copy/a", "copy/b"]);
        assert!(all.iter().all(|saved| saved.updated_at.is_some() && saved.file.exists()));
    }
}
