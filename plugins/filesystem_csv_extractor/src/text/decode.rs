//! Files in other encodings.

use std::io::Read;

use csv_common::Encoding;
use encoding_rs::{DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252, mem};

use super::read_some;
use crate::fault::{Fault, What};

/// Bytes read from the file at a time; the host gives no more at once.
const BUFFER: usize = 64 << 10;

pub(super) struct Decoder<'a> {
    bytes: Box<dyn Read + 'a>,
    encoding: Encoding,
    /// None for Latin-1, which is not on the web's list of encodings: there,
    /// its names mean Windows-1252.
    decoder: Option<encoding_rs::Decoder>,
    buffer: Vec<u8>,
    /// `buffer[start..end]` has been read and not decoded.
    start: usize,
    end: usize,
    /// Where `start` stands in the file.
    offset: u64,
    ended: bool,
    finished: bool,
}

impl<'a> Decoder<'a> {
    /// `head` has been read from `bytes` already.
    pub(super) fn new(bytes: Box<dyn Read + 'a>, encoding: Encoding, head: &[u8]) -> Self {
        let (decoder, mark) = match (encoding, head) {
            (Encoding::Utf16, [0xFE, 0xFF, ..]) => (Some(UTF_16BE), 2),
            (Encoding::Utf16, [0xFF, 0xFE, ..]) => (Some(UTF_16LE), 2),
            (Encoding::Utf16, _) => (Some(UTF_16LE), 0),
            (Encoding::Windows1252, _) => (Some(WINDOWS_1252), 0),
            _ => (None, 0),
        };
        let mut buffer = vec![0; BUFFER];
        buffer[..head.len()].copy_from_slice(head);
        Self {
            bytes,
            encoding,
            decoder: decoder.map(|encoding| encoding.new_decoder_without_bom_handling()),
            buffer,
            start: mark,
            end: head.len(),
            offset: mark as u64,
            ended: false,
            finished: false,
        }
    }

    /// What has been read, and what is wrong behind it.
    pub(super) fn read(&mut self, into: &mut [u8]) -> (usize, Option<Fault>) {
        while !self.finished {
            if self.start == self.end && !self.ended {
                (self.start, self.end) = (0, 0);
                match read_some(&mut *self.bytes, &mut self.buffer) {
                    Ok(0) => self.ended = true,
                    Ok(read) => self.end = read,
                    Err(fault) => return (0, Some(fault)),
                }
            }
            let (written, fault) = self.decode(into);
            if written > 0 || fault.is_some() {
                return (written, fault);
            }
        }
        (0, None)
    }

    fn decode(&mut self, into: &mut [u8]) -> (usize, Option<Fault>) {
        let from = &self.buffer[self.start..self.end];
        let Some(decoder) = &mut self.decoder else {
            let (read, written) = mem::convert_latin1_to_utf8_partial(from, into);
            self.advance(read);
            self.finished = self.ended;
            return (written, None);
        };
        let (result, read, written) =
            decoder.decode_to_utf8_without_replacement(from, into, self.ended);
        self.advance(read);
        match result {
            DecoderResult::InputEmpty => {
                self.finished = self.ended;
                (written, None)
            }
            DecoderResult::OutputFull => (written, None),
            DecoderResult::Malformed(length, consumed_after) => {
                let back = u64::from(length) + u64::from(consumed_after);
                let at = self.start.checked_sub(back as usize);
                let byte = at.and_then(|at| self.buffer.get(at)).copied().unwrap_or_default();
                let encoding = self.encoding.name();
                let byte_offset = self.offset.saturating_sub(back);
                (written, Some(Fault::end(What::Encoding { encoding, byte_offset, byte })))
            }
        }
    }

    fn advance(&mut self, read: usize) {
        self.start += read;
        self.offset += read as u64;
    }
}
