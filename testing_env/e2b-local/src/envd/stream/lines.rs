//! Faults in the lines of standard output.

use crate::fault::{Effect, Effects};

/// Standard output on its way, with the faults of its lines.
#[derive(Debug)]
pub(super) struct Lines {
    effects: Effects,
    /// The line that is being read, counted from 1.
    line: u64,
    /// The bytes of the line that were read so far.
    so_far: Vec<u8>,
}

impl Lines {
    pub(super) fn new(effects: &Effects) -> Self {
        Self { effects: effects.clone(), line: 1, so_far: Vec::new() }
    }

    /// Returns the part of a chunk that is passed on, and whether the stream breaks then.
    pub(super) fn pass(&mut self, chunk: &[u8]) -> (Vec<u8>, bool) {
        let mut output = Vec::with_capacity(chunk.len());
        for part in chunk.split_inclusive(|byte| *byte == b'\n') {
            let is_complete = part.ends_with(b"\n");
            let line = self.line;
            if self.has(|effect| matches!(effect, Effect::CutLine(cut) if *cut == line)) {
                // All but the end of the line, or half of what there is.
                let half = part.len().div_ceil(2).min(part.len().saturating_sub(1).max(1));
                output.extend_from_slice(&part[..half]);
                return (output, true);
            }
            if !self.has(|effect| matches!(effect, Effect::DropLine(drop) if *drop == line)) {
                output.extend_from_slice(part);
            }
            if self.has(|effect| matches!(effect, Effect::RepeatLine(twice) if *twice == line)) {
                self.so_far.extend_from_slice(part);
                if is_complete {
                    output.append(&mut self.so_far);
                }
            }
            self.line += u64::from(is_complete);
        }
        (output, false)
    }

    fn has(&self, predicate: impl Fn(&Effect) -> bool) -> bool {
        self.effects.iter().any(predicate)
    }
}
