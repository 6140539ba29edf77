//! What a run in a sandbox tells while it goes on.

use tokio::sync::mpsc::UnboundedSender;

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

/// Where notes go.
#[derive(Debug, Clone)]
pub struct Notes(UnboundedSender<Note>);

impl Notes {
    /// Notes for the other end of this channel.
    pub fn new(sender: UnboundedSender<Note>) -> Self {
        Self(sender)
    }

    // Nobody may be listening any more, which is fine.

    pub(super) fn word(&self, text: impl Into<String>) {
        self.0.send(Note::Word(text.into())).ok();
    }

    pub(super) fn detail(&self, text: impl Into<String>) {
        self.0.send(Note::Detail(text.into())).ok();
    }

    pub(super) fn stage(&self, text: impl Into<String>) {
        self.0.send(Note::Stage(text.into())).ok();
    }
}
