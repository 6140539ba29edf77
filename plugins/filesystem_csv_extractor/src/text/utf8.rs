//! Files that are UTF-8 already, or ASCII: checked in place, copied never.

use std::io::Read;

use csv_common::Encoding;

use super::{read_some, sniff};
use crate::fault::{Fault, What};

pub(super) struct Utf8<'a> {
    bytes: Box<dyn Read + 'a>,
    /// UTF-8 or ASCII.
    encoding: Encoding,
    /// Read from the file and not handed over yet: its first bytes, then what
    /// there is of a character that a read has torn apart.
    carry: Vec<u8>,
    /// The place of `carry` in the file.
    offset: u64,
    hint: Option<String>,
}

impl<'a> Utf8<'a> {
    /// `head` has been read from `bytes` already, and begins with a mark of so
    /// many bytes.
    pub(super) fn new(
        bytes: Box<dyn Read + 'a>,
        encoding: Encoding,
        (head, mark): (&[u8], usize),
    ) -> Self {
        let hint = sniff::hint(head);
        Self { bytes, encoding, carry: head[mark..].to_vec(), offset: mark as u64, hint }
    }

    /// Reads on, and gives what is wrong behind the text that was read.
    pub(super) fn read(&mut self, into: &mut [u8]) -> (usize, Option<Fault>) {
        loop {
            let carried = self.carry.len();
            into[..carried].copy_from_slice(&self.carry);
            let read = match read_some(&mut *self.bytes, &mut into[carried..]) {
                Ok(read) => read,
                Err(fault) => return (0, Some(fault)),
            };
            self.carry.clear();
            let all = &into[..carried + read];
            let (valid, torn) = self.check(all);
            self.offset += valid as u64;
            if valid == all.len() {
                return (valid, None);
            }
            if !torn || read == 0 {
                return (valid, Some(self.fault(all[valid])));
            }
            self.carry.extend_from_slice(&all[valid..]);
            if valid > 0 {
                return (valid, None);
            }
        }
    }

    /// Returns the length of the valid text at the start, and whether the rest
    /// can become valid.
    fn check(&self, text: &[u8]) -> (usize, bool) {
        if self.encoding == Encoding::Ascii {
            return (encoding_rs::Encoding::ascii_valid_up_to(text), false);
        }
        match simdutf8::compat::from_utf8(text) {
            Ok(_) => (text.len(), false),
            Err(error) => (error.valid_up_to(), error.error_len().is_none()),
        }
    }

    fn fault(&self, byte: u8) -> Fault {
        Fault::end(match &self.hint {
            Some(hint) => What::Nul { hint: Some(hint.clone()), offset: self.offset },
            None => {
                let encoding = self.encoding.name();
                What::Encoding { encoding, byte_offset: self.offset, byte }
            }
        })
    }
}
