//! The number of a line.

/// Counts lines, whichever way they end.
#[derive(Debug)]
pub(crate) struct Lines {
    number: u64,
    after_return: bool,
}

impl Lines {
    /// Begins at the first line.
    pub(crate) fn new() -> Self {
        Self { number: 1, after_return: false }
    }

    /// Goes past some text.
    pub(crate) fn add(&mut self, text: &[u8]) {
        for byte in text {
            self.number += u64::from(*byte == b'\r' || (*byte == b'\n' && !self.after_return));
            self.after_return = *byte == b'\r';
        }
    }

    /// The line that comes next, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_ending_is_counted() {
        for (text, number) in [("", 1), ("a", 1), ("a\nb", 2), ("a\r\nb\rc\n", 4), ("\r\r\n", 3)] {
            let mut whole = Lines::new();
            whole.add(text.as_bytes());
            let mut bytes = Lines::new();
            text.as_bytes().chunks(1).for_each(|byte| bytes.add(byte));
            assert_eq!((whole.number(), bytes.number()), (number, number), "{text:?}");
        }
    }
}
