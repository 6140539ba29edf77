//! Tracks the lines of a worker: accepts each once, in order.

use crate::protocol::{Message, Sequenced};

/// Position in a worker's lines.
#[derive(Debug, Default)]
pub(super) struct SequenceTracker {
    /// Number of the last accepted line.
    pub(super) last: u64,
    /// Bytes of all accepted lines: the offset of the next line in the worker's copy.
    pub(super) bytes: u64,
}

/// Classification of a line.
#[derive(Debug, PartialEq)]
pub(super) enum SequenceCheck {
    /// The next line.
    Next(Message),
    /// A line that was accepted before.
    Duplicate,
    /// A line that cannot follow: something is missing or damaged.
    Gap,
}

impl SequenceTracker {
    /// Accepts a line, given with its newline, if it is the next one.
    pub(super) fn take(&mut self, line: &[u8]) -> SequenceCheck {
        let Ok(Sequenced { n, body }) = serde_json::from_slice::<Sequenced<Message>>(line) else {
            return SequenceCheck::Gap;
        };
        match n.checked_sub(self.last) {
            Some(1) => {
                self.last = n;
                self.bytes += line.len() as u64;
                SequenceCheck::Next(body)
            }
            None | Some(0) => SequenceCheck::Duplicate,
            Some(_) => SequenceCheck::Gap,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_and_gaps_in_the_sequence_are_detected() {
        let mut tracker = SequenceTracker::default();
        let line = |n: u64| format!("{{\"n\":{n},\"type\":\"pong\",\"re\":7}}\n");
        assert_eq!(tracker.take(line(2).as_bytes()), SequenceCheck::Gap);
        assert_eq!(tracker.take(line(1).as_bytes()), SequenceCheck::Next(Message::Pong { re: 7 }));
        assert_eq!(tracker.take(line(1).as_bytes()), SequenceCheck::Duplicate);
        assert_eq!(tracker.take(b"{\"n\":2\n"), SequenceCheck::Gap);
        assert_eq!(tracker.take(line(u64::MAX).as_bytes()), SequenceCheck::Gap);
        assert_eq!(tracker.take(line(2).as_bytes()), SequenceCheck::Next(Message::Pong { re: 7 }));
        assert_eq!((tracker.last, tracker.bytes), (2, 2 * line(1).len() as u64));
    }
}
