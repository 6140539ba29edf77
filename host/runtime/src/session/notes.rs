//! The first messages of the steps, for the status.

use std::collections::BTreeMap;

/// Maximum number of notes of a step.
const MAX_NOTES: usize = 5;
/// Maximum characters of a note.
const MAX_LENGTH: usize = 300;

/// The first different `info` messages of each step.
#[derive(Debug, Default)]
pub(super) struct Notes(BTreeMap<String, Vec<String>>);

impl Notes {
    pub(super) fn add(&mut self, step: &str, message: &str) {
        let notes = self.0.entry(step.to_owned()).or_default();
        let note: String = message.trim().chars().take(MAX_LENGTH).collect();
        if notes.len() < MAX_NOTES && !note.is_empty() && !notes.contains(&note) {
            notes.push(note);
        }
    }

    /// Removes the notes of a step.
    pub(super) fn take(&mut self, step: &str) -> Vec<String> {
        self.0.remove(step).unwrap_or_default()
    }
}
