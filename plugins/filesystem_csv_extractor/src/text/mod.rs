//! Turns the bytes of a file, decompressed, into text.

mod decode;
pub(crate) mod evidence;
mod sniff;
mod standard;
#[cfg(test)]
mod tests;
mod units;
mod utf8;

use std::io::{self, Read};

use csv_common::Encoding;

use self::decode::Decoder;
use self::sniff::Mark;
use self::standard::Standard;
use self::units::Units;
use self::utf8::Utf8;
use crate::config::Nul;
use crate::fault::{Fault, What};

/// Bytes that are looked at to tell what a file is.
const HEAD: usize = 512;

/// The way from bytes to text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decoding {
    pub(crate) encoding: Encoding,
    /// Whether U+FFFD stands for what means nothing in the encoding.
    pub(crate) replace: bool,
    /// The handling of bytes 0.
    pub(crate) nul: Nul,
    /// The end of the text, if it is before that of the file.
    pub(crate) end: Option<u64>,
}

/// Counts of changes on the way from bytes to text.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Changes {
    /// Places that U+FFFD stands for.
    pub(crate) replaced: u64,
    /// Bytes 0 that were left out.
    pub(crate) nuls: u64,
    /// Control characters beyond ASCII, which the text of another encoding
    /// looks like.
    pub(crate) controls: u64,
}

/// The text of a file as UTF-8, without its byte order mark. Whatever is read
/// has been checked: it is valid and holds no byte 0, unless that is wanted.
pub(crate) struct TextReader<'a> {
    kind: Kind<'a>,
    decoding: Decoding,
    /// The fault to report once the text before it has been handed over.
    fault: Option<Fault>,
    /// The first bytes of the file, to guess what it is if it is no text.
    head: Vec<u8>,
    /// Text that has been handed over.
    given: u64,
    nuls: u64,
}

enum Kind<'a> {
    Utf8(Utf8<'a>),
    Units(Decoder<'a>),
    Standard(Box<Standard<'a>>),
}

impl<'a> TextReader<'a> {
    /// A reader wants at least so much room to read into.
    pub(crate) const ROOM: usize = 1024;

    /// Looks at the first bytes.
    pub(crate) fn new(mut bytes: Box<dyn Read + 'a>, decoding: Decoding) -> Result<Self, Fault> {
        let mut head = Vec::with_capacity(HEAD);
        bytes
            .by_ref()
            .take(HEAD as u64)
            .read_to_end(&mut head)
            .map_err(|error| Fault::end(What::Io(error)))?;
        let kind = kind(bytes, decoding, &head)?;
        Ok(Self { kind, decoding, fault: None, head, given: 0, nuls: 0 })
    }

    /// Counts of changes so far.
    pub(crate) fn changes(&self) -> Changes {
        let (replaced, controls) = match &self.kind {
            Kind::Utf8(_) => (0, 0),
            Kind::Units(decoder) => (decoder.replaced(), decoder.controls()),
            Kind::Standard(decoder) => (decoder.replaced(), 0),
        };
        Changes { replaced, nuls: self.nuls, controls }
    }

    /// Reads on; 0 is the end. Characters are never torn apart.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> Result<usize, Fault> {
        loop {
            if let Some(fault) = self.fault.take() {
                return Err(fault);
            }
            let (read, fault) = match &mut self.kind {
                Kind::Utf8(utf8) => utf8.read(into),
                Kind::Units(decoder) => decoder.read(into),
                Kind::Standard(decoder) => decoder.read(into),
            };
            let end = read == 0 && fault.is_none();
            let (read, fault) = self.without_nuls(&mut into[..read], fault);
            let read = match self.decoding.end {
                Some(end) => read.min(usize::try_from(end - self.given).unwrap_or(usize::MAX)),
                None => read,
            };
            self.given += read as u64;
            if self.decoding.end == Some(self.given) {
                return Ok(read);
            }
            match fault {
                Some(fault) if read == 0 => return Err(fault),
                fault => self.fault = fault,
            }
            // What was read may have been nothing but bytes that are left out.
            if read > 0 || end {
                return Ok(read);
            }
        }
    }

    /// Does with bytes 0 what is wanted.
    fn without_nuls(&mut self, text: &mut [u8], fault: Option<Fault>) -> (usize, Option<Fault>) {
        let Some(first) = memchr::memchr(0, text) else { return (text.len(), fault) };
        match self.decoding.nul {
            Nul::Keep => (text.len(), fault),
            Nul::Error => {
                let offset = self.given + first as u64;
                let hint = sniff::hint(&self.head);
                (first, Some(Fault::end(What::Nul { hint, offset })))
            }
            Nul::Drop => {
                let mut kept = first;
                for at in first..text.len() {
                    text[kept] = text[at];
                    kept += usize::from(text[at] != 0);
                }
                self.nuls += (text.len() - kept) as u64;
                (kept, fault)
            }
        }
    }
}

/// The decoder for a file that begins with these bytes.
fn kind<'a>(
    bytes: Box<dyn Read + 'a>,
    Decoding { encoding, replace, .. }: Decoding,
    head: &[u8],
) -> Result<Kind<'a>, Fault> {
    let mark = Mark::of(head);
    // Of a file that is compressed, or of a workbook, there is more to say.
    if let Some(what) = sniff::contradiction(encoding, mark) {
        return Err(Fault::end(What::Contradiction(what)));
    }
    let start = (head, mark.len());
    if encoding.is_utf16() {
        let order = match (encoding, mark) {
            (_, Mark::Utf16(order)) => Some(order),
            (Encoding::Utf16Little, _) => Some(units::Order::Little),
            (Encoding::Utf16Big, _) => Some(units::Order::Big),
            _ => sniff::order(head),
        };
        let order = match order {
            Some(order) => order,
            None if head.is_empty() => units::Order::Little,
            None => return Err(Fault::end(What::Order)),
        };
        let units = Units::Utf16(order);
        return Ok(Kind::Units(Decoder::new(bytes, encoding.name(), units, replace, start)));
    }
    let standard = match encoding {
        Encoding::Utf8 | Encoding::Utf8Marked if replace => encoding_rs::UTF_8,
        Encoding::Utf8 | Encoding::Utf8Marked => {
            return Ok(Kind::Utf8(Utf8::new(bytes, Encoding::Utf8, start)));
        }
        Encoding::Ascii if !replace => return Ok(Kind::Utf8(Utf8::new(bytes, encoding, start))),
        Encoding::Other(standard) => standard,
        _ => encoding_rs::UTF_8,
    };
    Ok(match Units::of(encoding) {
        Some(units) => Kind::Units(Decoder::new(bytes, encoding.name(), units, replace, start)),
        None => Kind::Standard(Box::new(Standard::new(bytes, standard, replace, start))),
    })
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
