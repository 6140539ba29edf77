//! The start of the last lines of a text.

use std::collections::VecDeque;

/// Looks for the last lines of a text that are not empty.
pub(crate) struct Footer {
    lines: usize,
    /// The start of each of them.
    starts: VecDeque<u64>,
    /// The place of the next byte, and whether it begins a line.
    offset: u64,
    line_start: bool,
}

impl Footer {
    /// Looks for so many lines.
    pub(crate) fn new(lines: usize) -> Self {
        Self { lines, starts: VecDeque::new(), offset: 0, line_start: true }
    }

    /// Looks at more of the text.
    pub(crate) fn add(&mut self, text: &[u8]) {
        let mut rest = text;
        while let Some(first) = rest.first() {
            let end = memchr::memchr2(b'\n', b'\r', rest);
            if self.line_start && !matches!(first, b'\n' | b'\r') {
                if self.starts.len() == self.lines {
                    self.starts.pop_front();
                }
                self.starts.push_back(self.offset);
            }
            self.line_start = end.is_some();
            let (line, after) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
            self.offset += line.len() as u64;
            rest = after;
        }
    }

    /// The start of the first of the lines, or the number of lines if
    /// they are too few.
    pub(crate) fn start(&self) -> Result<u64, usize> {
        match self.starts.front() {
            Some(start) if self.starts.len() == self.lines => Ok(*start),
            _ => Err(self.starts.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn footer_lines_are_found_with_any_line_ending() {
        for (text, lines, expected) in [
            ("a\nb\nc\n", 1, Ok(4)),
            ("a\nb\nc", 2, Ok(2)),
            ("a\r\nb\r\nc\r\n\r\n", 1, Ok(6)),
            ("a\n\nb\n\n", 1, Ok(3)),
            ("a\n", 2, Err(1)),
            ("", 1, Err(0)),
        ] {
            let mut whole = Footer::new(lines);
            whole.add(text.as_bytes());
            let mut drops = Footer::new(lines);
            text.as_bytes().chunks(1).for_each(|byte| drops.add(byte));
            assert_eq!((whole.start(), drops.start()), (expected, expected), "{text:?}");
        }
    }
}
