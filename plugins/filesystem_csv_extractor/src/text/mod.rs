//! Turns the bytes of a file, decompressed, into text.

mod decode;
mod sniff;
#[cfg(test)]
mod tests;
mod units;
mod utf8;

use std::io::{self, Read};

use csv_common::Encoding;

use self::decode::Decoder;
use self::utf8::Utf8;
use crate::fault::{Fault, What};

/// The text of a file as UTF-8, without its byte order mark. Whatever is read
/// has been checked: it is valid and holds no byte 0.
pub(crate) struct TextReader<'a> {
    kind: Kind<'a>,
    /// What to say once the text before it has been handed over.
    fault: Option<Fault>,
    /// The first bytes of the file, to guess what it is if it is no text.
    head: Vec<u8>,
}

enum Kind<'a> {
    Utf8(Utf8<'a>),
    Other(Decoder<'a>),
}

impl<'a> TextReader<'a> {
    /// A reader wants at least so much room to read into.
    pub(crate) const ROOM: usize = 1024;

    /// Looks at the first bytes.
    pub(crate) fn new(mut bytes: Box<dyn Read + 'a>, encoding: Encoding) -> Result<Self, Fault> {
        let mut head = Vec::with_capacity(8);
        bytes.by_ref().take(8).read_to_end(&mut head).map_err(|e| Fault::end(What::Io(e)))?;
        let kind = match encoding {
            Encoding::Utf8 | Encoding::Ascii => Kind::Utf8(Utf8::new(bytes, encoding, &head)),
            _ => Kind::Other(Decoder::new(bytes, encoding, &head)),
        };
        Ok(Self { kind, fault: None, head })
    }

    /// Reads on; 0 is the end. Characters are never torn apart.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> Result<usize, Fault> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let (read, fault) = match &mut self.kind {
            Kind::Utf8(utf8) => utf8.read(into),
            Kind::Other(decoder) => decoder.read(into),
        };
        let (read, fault) = match memchr::memchr(0, &into[..read]) {
            Some(nul) => (nul, Some(Fault::end(What::Nul { hint: sniff::hint(&self.head) }))),
            None => (read, fault),
        };
        match fault {
            Some(fault) if read == 0 => Err(fault),
            fault => {
                self.fault = fault;
                Ok(read)
            }
        }
    }
}

/// Reads until there is something or the end.
fn read_some(bytes: &mut dyn Read, into: &mut [u8]) -> Result<usize, Fault> {
    loop {
        match bytes.read(into) {
            Ok(read) => return Ok(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Fault::end(What::Io(error))),
        }
    }
}
