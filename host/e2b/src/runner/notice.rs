//! Messages for the user about a run in a sandbox.

use osiris_core::redact::Redactor;
use tokio::sync::mpsc::UnboundedSender;

/// Maximum length of a message in bytes: the text can come from a sandbox.
const MOST: usize = 4096;

/// A message for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Information for everybody.
    Info(String),
    /// Details for verbose output.
    Verbose(String),
    /// The current stage, which replaces the previous one.
    Stage(String),
}

/// Sender of messages. Masks secrets and cuts long messages: a sandbox knows the secrets of its
/// run, and a message can quote the sandbox.
#[derive(Debug, Clone)]
pub struct NoticeSender {
    sender: UnboundedSender<Notice>,
    redactor: Redactor,
}

impl NoticeSender {
    /// Creates a sender for this channel.
    pub fn new(sender: UnboundedSender<Notice>, redactor: Redactor) -> Self {
        Self { sender, redactor }
    }

    // A closed channel is fine: the receiver might be gone.

    pub(super) fn info(&self, text: impl AsRef<str>) {
        self.sender.send(Notice::Info(self.mask(text.as_ref()))).ok();
    }

    pub(super) fn verbose(&self, text: impl AsRef<str>) {
        self.sender.send(Notice::Verbose(self.mask(text.as_ref()))).ok();
    }

    pub(super) fn stage(&self, text: impl AsRef<str>) {
        self.sender.send(Notice::Stage(self.mask(text.as_ref()))).ok();
    }

    fn mask(&self, text: &str) -> String {
        self.redactor.redact_prefix(text.as_bytes(), MOST).0
    }
}
