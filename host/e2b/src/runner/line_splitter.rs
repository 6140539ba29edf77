//! Splits a stream of bytes into lines.

use std::collections::VecDeque;

use crate::protocol::MAX_LINE;

/// Splitter of received bytes. A line that is too long is an error.
#[derive(Debug, Default)]
pub(super) struct LineSplitter {
    lines: VecDeque<Vec<u8>>,
    part: Vec<u8>,
}

impl LineSplitter {
    /// Appends bytes.
    ///
    /// # Errors
    /// Returns an error if a line exceeds the maximum length.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.part.len() + piece.len() > MAX_LINE {
                self.part = Vec::new();
                return Err(format!("a line is longer than {MAX_LINE} bytes"));
            }
            self.part.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.lines.push_back(std::mem::take(&mut self.part));
            }
        }
        Ok(())
    }

    /// Returns the next complete line, with its newline.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        self.lines.pop_front()
    }

    /// Discards all received bytes.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(lines: &mut LineSplitter) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| lines.next()).collect()
    }

    proptest! {
        #[test]
        fn split_input_gives_the_same_lines(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..200),
            cuts in proptest::collection::vec(0_usize..200, 0..8),
        ) {
            let (mut whole, mut pieces) = (LineSplitter::default(), LineSplitter::default());
            whole.push(&bytes).unwrap();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut from = 0;
            for cut in cuts.into_iter().chain([bytes.len()]) {
                pieces.push(&bytes[from..cut]).unwrap();
                from = cut;
            }
            prop_assert_eq!(all(&mut whole), all(&mut pieces));
        }
    }

    #[test]
    fn too_long_line_is_rejected() {
        let mut lines = LineSplitter::default();
        let piece = vec![b'a'; 1 << 20];
        let error = (0..=MAX_LINE >> 20).find_map(|_| lines.push(&piece).err());
        assert!(error.unwrap().starts_with("a line is longer than"));
    }
}
