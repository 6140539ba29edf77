//! Which lines of a worker have been taken: each once, in order.

use crate::remote::protocol::{Message, Numbered};

/// How far a worker's lines have been taken.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The number of the last line.
    pub(super) last: u64,
    /// The bytes of all of them, which is where the next one is in the worker's copy.
    pub(super) bytes: u64,
}

/// What a line is.
#[derive(Debug, PartialEq)]
pub(super) enum Taking {
    /// The next one.
    Next(Message),
    /// One that has been taken before.
    Known,
    /// None that can follow: something is missing or damaged.
    Gap,
}

impl Taken {
    /// Takes a line, given with its newline, if it is the next one.
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
