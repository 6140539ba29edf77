//! Files in encodings of several bytes a character, and UTF-8 with faults to
//! replace.

use std::io::Read;

use encoding_rs::DecoderResult;

use super::read_some;
use crate::fault::{Fault, What};

/// Bytes read from the file at a time; the host gives no more at once.
const BUFFER: usize = 64 << 10;
/// Bytes kept before them, so that the first of a character that is wrong can
/// be named.
const KEPT: usize = 8;

pub(super) struct Standard<'a> {
    bytes: Box<dyn Read + 'a>,
    decoder: encoding_rs::Decoder,
    /// The encoding's name.
    name: String,
    /// Whether U+FFFD stands for bytes without a meaning, and for how many
    /// faults it has stood so far.
    replace: bool,
    replaced: u64,
    buffer: Vec<u8>,
    /// `buffer[start..end]` has been read and not decoded.
    start: usize,
    end: usize,
    /// The place of `start` in the file.
    offset: u64,
    ended: bool,
    finished: bool,
}

impl<'a> Standard<'a> {
    /// `head` has been read from `bytes` already, and begins with a mark of so
    /// many bytes.
    pub(super) fn new(
        bytes: Box<dyn Read + 'a>,
        encoding: &'static encoding_rs::Encoding,
        replace: bool,
        (head, mark): (&[u8], usize),
    ) -> Self {
        let mut buffer = vec![0; KEPT + BUFFER];
        let head = &head[mark..];
        buffer[KEPT..KEPT + head.len()].copy_from_slice(head);
        Self {
            bytes,
            decoder: encoding.new_decoder_without_bom_handling(),
            name: encoding.name().to_ascii_lowercase(),
            replace,
            replaced: 0,
            buffer,
            start: KEPT,
            end: KEPT + head.len(),
            offset: mark as u64,
            ended: false,
            finished: false,
        }
    }

    pub(super) fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Reads on, and gives what is wrong behind the text that was read.
    pub(super) fn read(&mut self, into: &mut [u8]) -> (usize, Option<Fault>) {
        let mut written = 0;
        // There is always room for a U+FFFD behind what is decoded.
        let room = into.len() - '\u{FFFD}'.len_utf8();
        while written == 0 && !self.finished {
            if self.start == self.end
                && !self.ended
                && let Err(fault) = self.refill()
            {
                return (0, Some(fault));
            }
            let from = &self.buffer[self.start..self.end];
            let (result, read, out) = self.decoder.decode_to_utf8_without_replacement(
                from,
                &mut into[..room],
                self.ended,
            );
            self.start += read;
            self.offset += read as u64;
            written = out;
            match result {
                DecoderResult::InputEmpty => self.finished = self.ended,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, after) => {
                    let back = usize::from(length) + usize::from(after);
                    if !self.replace {
                        let byte = self.buffer[self.start.saturating_sub(back)];
                        let byte_offset = self.offset - back as u64;
                        let encoding = self.name.clone();
                        let what = What::Encoding { encoding, byte_offset, byte };
                        self.finished = true;
                        return (written, Some(Fault::end(what)));
                    }
                    self.replaced += 1;
                    written += '\u{FFFD}'.encode_utf8(&mut into[written..]).len();
                }
            }
        }
        (written, None)
    }

    /// Reads on once all has been decoded.
    fn refill(&mut self) -> Result<(), Fault> {
        let kept = self.end.saturating_sub(KEPT);
        self.buffer.copy_within(kept..self.end, 0);
        let read = read_some(&mut *self.bytes, &mut self.buffer[KEPT..])?;
        (self.start, self.end) = (KEPT, KEPT + read);
        self.ended = read == 0;
        Ok(())
    }
}
