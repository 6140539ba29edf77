//! Progress of a run in a sandbox, for whoever watches.

use tokio::sync::mpsc::UnboundedSender;

use crate::redact::Redactor;

/// The longest note, in bytes: its text may be a sandbox's.
const MOST: usize = 4096;

/// Something for whoever watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Worth saying to anybody.
    Word(String),
    /// For those who want to know more.
    Detail(String),
    /// What goes on now; it replaces the last one.
    Stage(String),
}

/// The sender of notes. Secrets are masked on the way, and long notes are cut: a sandbox knows
/// the secrets of its run, and a note may quote the sandbox.
#[derive(Debug, Clone)]
pub struct Notes {
    sender: UnboundedSender<Note>,
    redactor: Redactor,
}

impl Notes {
    /// Notes for the other end of this channel.
    pub fn new(sender: UnboundedSender<Note>, redactor: Redactor) -> Self {
        Self { sender, redactor }
    }

    // Nobody may be listening any more, which is fine.

    pub(super) fn word(&self, text: impl AsRef<str>) {
        self.sender.send(Note::Word(self.masked(text.as_ref()))).ok();
    }

    pub(super) fn detail(&self, text: impl AsRef<str>) {
        self.sender.send(Note::Detail(self.masked(text.as_ref()))).ok();
    }

    pub(super) fn stage(&self, text: impl AsRef<str>) {
        self.sender.send(Note::Stage(self.masked(text.as_ref()))).ok();
    }

    fn masked(&self, text: &str) -> String {
        self.redactor.beginning(text.as_bytes(), MOST).0
    }
}
