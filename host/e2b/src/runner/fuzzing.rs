//! Entry points for fuzzing.

use osiris_runtime::session::{Session, StatusFile};

use super::line_splitter::LineSplitter;
use super::sequence::{SequenceCheck, SequenceTracker};
use super::validate;
use crate::protocol::Message;

/// Parses a worker's output, given in pieces, and returns the messages up to the first gap.
///
/// # Errors
/// Returns an error if a line is too long.
pub fn messages<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Result<Vec<Message>, String> {
    let (mut lines, mut sequence, mut messages) =
        (LineSplitter::default(), SequenceTracker::default(), Vec::new());
    for piece in pieces {
        lines.push(piece)?;
        while let Some(line) = lines.next() {
            match sequence.take(&line) {
                SequenceCheck::Next(message) => messages.push(message),
                SequenceCheck::Duplicate => {}
                SequenceCheck::Gap => return Ok(messages),
            }
        }
    }
    Ok(messages)
}

/// Validates a worker's status as the host does. Returns `None` if the status is inconsistent.
pub fn validate_status(status: StatusFile, session: &Session) -> Option<StatusFile> {
    validate::validate_status(status, session).ok()
}
