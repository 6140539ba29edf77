//! Text on its way out.

use wide::u8x16;

/// Bytes behind the end that may always be read or written.
const SLACK: usize = 32;
const LANE: usize = 16;

/// A growing text, made for many short pieces. A piece is copied with moves of
/// fixed sizes: in wasm a copy of any other size is a call out of the sandbox's
/// code, which costs more than the copy.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Buffer {
    /// An empty text with room for so much.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { bytes: vec![0; capacity + SLACK], len: 0 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Forgets what lies behind `len`.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    #[inline(always)]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.room(1);
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    #[inline(always)]
    pub(crate) fn put(&mut self, text: &[u8]) {
        self.room(text.len());
        copy(&mut self.bytes[self.len..self.len + text.len()], text);
        self.len += text.len();
    }

    /// Returns whether any of these bytes stands at or behind `start`.
    #[inline(always)]
    pub(crate) fn has_any(&self, start: usize, wanted: &[u8x16]) -> bool {
        let mut at = start;
        while at < self.len {
            let Some(lane) = self.bytes[at..].first_chunk::<LANE>() else { return true };
            let lane = u8x16::new(*lane);
            let found = wanted.iter().fold(u8x16::ZERO, |found, one| found | lane.simd_eq(*one));
            let valid = (1u32 << (self.len - at).min(LANE)) - 1;
            if found.to_bitmask() & valid != 0 {
                return true;
            }
            at += LANE;
        }
        false
    }

    /// Puts a byte in the place of another.
    pub(crate) fn replace(&mut self, from: u8, to: u8) {
        self.bytes[..self.len].iter_mut().filter(|byte| **byte == from).for_each(|byte| *byte = to);
    }

    #[inline(always)]
    fn room(&mut self, more: usize) {
        if self.bytes.len() - self.len < more + SLACK {
            self.grow(more);
        }
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let size = (self.len + more + SLACK).max(self.bytes.len() * 2);
        self.bytes.resize(size, 0);
    }
}

/// Copies a piece as two that overlap where its size is no power of two.
#[inline(always)]
fn copy(to: &mut [u8], from: &[u8]) {
    match from.len() {
        0 => {}
        1..4 => to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
        4..8 => twice::<4>(to, from),
        8..16 => twice::<8>(to, from),
        16..=32 => twice::<16>(to, from),
        _ => to.copy_from_slice(from),
    }
}

#[inline(always)]
fn twice<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk::<N>()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<N>(), from.last_chunk::<N>()) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_every_size_are_appended() {
        let piece: Vec<u8> = (0..100).collect();
        let mut buffer = Buffer::new(0);
        let mut expected = Vec::new();
        for len in 0..=piece.len() {
            buffer.put(&piece[..len]);
            buffer.byte(b'|');
            expected.extend_from_slice(&piece[..len]);
            expected.push(b'|');
        }
        assert_eq!(buffer.as_bytes(), expected);
    }

    #[test]
    fn search_stops_at_the_end() {
        let wanted = [u8x16::splat(b'x')];
        for len in 0..50 {
            let mut buffer = Buffer::new(0);
            buffer.put(b"x");
            let start = buffer.len();
            buffer.put(&vec![b'a'; len]);
            buffer.byte(b'x');
            assert!(buffer.has_any(start, &wanted));
            buffer.truncate(start + len);
            assert!(!buffer.has_any(start, &wanted));
        }
    }
}
