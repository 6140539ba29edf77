//! Tracks the lines of a worker: accepts each once, in order.

use crate::protocol::{Message, Numbered};

/// Position in a worker's lines.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Number of the last accepted line.
    pub(super) last: u64,
    /// Bytes of all accepted lines: the offset of the next line in the worker's copy.
    pub(super) bytes: u64,
}

/// Classification of a line.
#[derive(Debug, PartialEq)]
pub(super) enum Taking {
    /// The next line.
    Next(Message),
    /// A line that was accepted before.
    Known,
    /// A line that cannot follow: something is missing or damaged.
    Gap,
}

impl Taken {
    /// Accepts a line, given with its newline, if it is the next one.
    pub(super) fn take(&mut self, line: &[u8]) -> Taking {
        let Ok(Numbered { n, body }) = serde_json::from_slice::<Numbered<Message>>(line) else {
            return Taking::Gap;
        };
        match n.checked_sub(self.last) {
            Some(1) => {
                self.last = n;
                self.bytes += line.len() as u64;
                Taking::Next(body)
            }
            None | Some(0) => Taking::Known,
            Some(_) => Taking::Gap,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_taken_once_and_in_order() {
        let mut taken = Taken::default();
        let line = |n: u64| format!("{{\"n\":{n},\"type\":\"pong\",\"re\":7}}\n");
        assert_eq!(taken.take(line(2).as_bytes()), Taking::Gap);
        assert_eq!(taken.take(line(1).as_bytes()), Taking::Next(Message::Pong { re: 7 }));
        assert_eq!(taken.take(line(1).as_bytes()), Taking::Known);
        assert_eq!(taken.take(b"{\"n\":2\n"), Taking::Gap);
        assert_eq!(taken.take(line(u64::MAX).as_bytes()), Taking::Gap);
        assert_eq!(taken.take(line(2).as_bytes()), Taking::Next(Message::Pong { re: 7 }));
        assert_eq!((taken.last, taken.bytes), (2, 2 * line(1).len() as u64));
    }
}
