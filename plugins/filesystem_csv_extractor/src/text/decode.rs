//! Files in UTF-16, and in encodings of one byte a character.

use std::io::Read;

use super::read_some;
use super::units::{LONGEST, Units};
use crate::fault::{Fault, What};

/// Bytes read from the file at a time; the host gives no more at once.
const BUFFER: usize = 64 << 10;

pub(super) struct Decoder<'a> {
    bytes: Box<dyn Read + 'a>,
    /// The encoding's name.
    name: String,
    units: Units,
    /// Whether U+FFFD stands for bytes without a meaning, and for how many it
    /// has stood so far.
    replace: bool,
    replaced: u64,
    /// Control characters beyond ASCII, which no text means.
    controls: u64,
    buffer: Vec<u8>,
    /// `buffer[start..end]` has been read and not decoded.
    start: usize,
    end: usize,
    /// The place of `start` in the file.
    offset: u64,
    ended: bool,
}

impl<'a> Decoder<'a> {
    /// `head` has been read from `bytes` already, and begins with a mark of so
    /// many bytes.
    pub(super) fn new(
        bytes: Box<dyn Read + 'a>,
        name: String,
        units: Units,
        replace: bool,
        (head, mark): (&[u8], usize),
    ) -> Self {
        let mut buffer = vec![0; BUFFER];
        buffer[..head.len()].copy_from_slice(head);
        let (start, end, offset) = (mark, head.len(), mark as u64);
        let (replaced, controls, ended) = (0, 0, false);
        Self { bytes, name, units, replace, replaced, controls, buffer, start, end, offset, ended }
    }

    pub(super) fn replaced(&self) -> u64 {
        self.replaced
    }

    pub(super) fn controls(&self) -> u64 {
        self.controls
    }

    /// Reads on, and gives what is wrong behind the text that was read.
    pub(super) fn read(&mut self, into: &mut [u8]) -> (usize, Option<Fault>) {
        loop {
            if self.end - self.start < LONGEST
                && !self.ended
                && let Err(fault) = self.refill()
            {
                return (0, Some(fault));
            }
            let (written, fault) = self.decode(into);
            if written > 0 || fault.is_some() || (self.ended && self.start == self.end) {
                return (written, fault);
            }
        }
    }

    /// Reads on behind what is left.
    fn refill(&mut self) -> Result<(), Fault> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let read = read_some(&mut *self.bytes, &mut self.buffer[self.end..])?;
        self.end += read;
        self.ended = read == 0;
        Ok(())
    }

    fn decode(&mut self, into: &mut [u8]) -> (usize, Option<Fault>) {
        let from = &self.buffer[self.start..self.end];
        // The last bytes may be half a character until the file has ended.
        let whole = if self.ended { from.len() } else { from.len().saturating_sub(LONGEST - 1) };
        let (mut read, mut written, mut fault) = (0, 0, None);
        while read < whole && into.len() - written >= LONGEST {
            if self.units.has_ascii() {
                // Most of most files is, and goes by the run.
                let room = whole.min(read + into.len() - written);
                let run = encoding_rs::Encoding::ascii_valid_up_to(&from[read..room]);
                into[written..written + run].copy_from_slice(&from[read..read + run]);
                (read, written) = (read + run, written + run);
                if run > 0 {
                    continue;
                }
            }
            let (character, length) = match self.units.first(&from[read..]) {
                Some(found) => found,
                None if self.replace => {
                    self.replaced += 1;
                    ('\u{FFFD}', self.units.width().min(from.len() - read))
                }
                None => {
                    let encoding = self.name.clone();
                    let byte_offset = self.offset + read as u64;
                    let what = What::Encoding { encoding, byte_offset, byte: from[read] };
                    fault = Some(Fault::end(what));
                    break;
                }
            };
            self.controls += u64::from(('\u{80}'..='\u{9F}').contains(&character));
            written += character.encode_utf8(&mut into[written..]).len();
            read += length;
        }
        self.start += read;
        self.offset += read as u64;
        (written, fault)
    }
}
