//! What fuzzing reaches of the adapter.

use super::lines::Lines;
use super::taken::{Taken, Taking};
use super::verdict;
use crate::remote::protocol::Message;
use crate::session::{Session, Status};

/// The messages in what a worker writes, in pieces as they arrive, up to what cannot follow.
///
/// # Errors
/// A line that is too long.
pub fn messages<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Result<Vec<Message>, String> {
    let (mut lines, mut taken, mut messages) = (Lines::default(), Taken::default(), Vec::new());
    for piece in pieces {
        lines.push(piece)?;
        while let Some(line) = lines.next() {
            match taken.take(&line) {
                Taking::Next(message) => messages.push(message),
                Taking::Known => {}
                Taking::Gap => return Ok(messages),
            }
        }
    }
    Ok(messages)
}

/// Does with a worker's status what the host does; none if that makes no sense.
pub fn judged(theirs: Status, session: &Session) -> Option<Status> {
    verdict::checked(theirs, session).ok()
}
