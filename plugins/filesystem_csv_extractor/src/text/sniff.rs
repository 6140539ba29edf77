//! Tells from the first bytes of a file what it is.

use csv_common::{Compression, Encoding};

use super::units::Order;

/// A sign of the encoding in the first bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The byte order mark of UTF-8.
    Utf8,
    /// The byte order mark of UTF-16.
    Utf16(Order),
    /// UTF-32, with a mark or by its zeros.
    Utf32,
    /// No mark.
    None,
}

impl Mark {
    /// The mark that a file begins with.
    pub(super) fn of(head: &[u8]) -> Self {
        match head {
            [0xEF, 0xBB, 0xBF, ..] => Self::Utf8,
            [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Self::Utf32,
            // Three zeros beside each character of ASCII.
            [a, 0, 0, 0, b, 0, 0, 0, ..] | [0, 0, 0, a, 0, 0, 0, b, ..] if *a != 0 && *b != 0 => {
                Self::Utf32
            }
            [0xFF, 0xFE, ..] => Self::Utf16(Order::Little),
            [0xFE, 0xFF, ..] => Self::Utf16(Order::Big),
            _ => Self::None,
        }
    }

    /// Its number of bytes.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Utf8 => 3,
            Self::Utf16(_) => 2,
            Self::Utf32 | Self::None => 0,
        }
    }
}

/// The reason that a file that begins with this mark cannot be of that encoding.
pub(super) fn contradiction(encoding: Encoding, mark: Mark) -> Option<String> {
    let fits = match mark {
        Mark::None => true,
        Mark::Utf8 => matches!(encoding, Encoding::Utf8 | Encoding::Utf8Marked | Encoding::Ascii),
        Mark::Utf16(Order::Little) => {
            matches!(encoding, Encoding::Utf16 | Encoding::Utf16Little)
        }
        Mark::Utf16(Order::Big) => matches!(encoding, Encoding::Utf16 | Encoding::Utf16Big),
        Mark::Utf32 => false,
    };
    let name = match mark {
        _ if fits => return None,
        Mark::Utf8 => "utf-8",
        Mark::Utf32 => {
            return Some(
                "is UTF-32, which is not read; make it UTF-8, for example with `iconv -f UTF-32 \
                 -t UTF-8`"
                    .to_owned(),
            );
        }
        // Of a file that is read as UTF-8 the mark is the first fault anyway.
        _ => "utf-16",
    };
    Some(format!(
        "begins with the byte order mark of {name}, but is read as {}; set `encoding: {name}`",
        encoding.name()
    ))
}

/// The order of the bytes in UTF-16 without a mark: where ASCII, such as a
/// delimiter, has its zeros. None if it has no ASCII.
pub(super) fn order(head: &[u8]) -> Option<Order> {
    let zeros = |start: usize| head.iter().skip(start).step_by(2).filter(|b| **b == 0).count();
    match zeros(0).cmp(&zeros(1)) {
        std::cmp::Ordering::Less => Some(Order::Little),
        std::cmp::Ordering::Greater => Some(Order::Big),
        std::cmp::Ordering::Equal => None,
    }
}

/// A guess at a file that is no text, and a way to read it.
pub(super) fn hint(head: &[u8]) -> Option<String> {
    if let Some(program) = workbook(head) {
        return Some(format!("it looks like {program}; save it as CSV there"));
    }
    if let Some(compression) = Compression::sniff(head) {
        let name = compression.name();
        return Some(format!(
            "it looks compressed with {name}; set `compression: {name}` to read what is inside"
        ));
    }
    is_utf16(head).then(|| "it looks like UTF-16; set `encoding: utf-16`".to_owned())
}

/// Returns whether a file without a mark looks like UTF-16: Latin text has
/// every other byte 0, and other text is none in UTF-8, or one of control
/// characters, and has the zeros of its delimiters and line ends all on one
/// side.
fn is_utf16(head: &[u8]) -> bool {
    if let [a, 0, b, 0, ..] | [0, a, 0, b, ..] = head {
        return *a != 0 && *b != 0;
    }
    let torn = |error: std::str::Utf8Error| error.error_len().is_none();
    let utf8 = std::str::from_utf8(head).map_or_else(torn, |_| true);
    let control = |byte: &u8| *byte < b' ' && !b"\0\t\r\n".contains(byte);
    if utf8 && !head.iter().any(control) {
        return false;
    }
    let (pairs, _) = head.as_chunks::<2>();
    let units: Vec<u16> = match order(head) {
        Some(Order::Little) => pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect(),
        Some(Order::Big) => pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect(),
        None => return false,
    };
    // The last character may be torn.
    let whole = &units[..units.len().saturating_sub(1)];
    char::decode_utf16(whole.iter().copied())
        .all(|unit| unit.is_ok_and(|c| !c.is_control() || matches!(c, '\t' | '\r' | '\n')))
        && whole.iter().any(|unit| *unit < 0x80)
}

/// The kind of a file of a spreadsheet or a database.
fn workbook(head: &[u8]) -> Option<&'static str> {
    let holds = |name: &[u8]| memchr::memmem::find(head, name).is_some();
    let archive = head.starts_with(b"PK\x03\x04");
    if archive
        && [&b"[Content_Types].xml"[..], b"_rels/", b"xl/", b"docProps/"].iter().any(|n| holds(n))
    {
        Some("an Excel workbook")
    } else if archive && holds(b"application/vnd.oasis.opendocument") {
        Some("an OpenDocument spreadsheet")
    } else if head.starts_with(b"\xD0\xCF\x11\xE0") {
        Some("an old Excel workbook")
    } else if head.starts_with(b"PAR1") {
        Some("a Parquet file")
    } else {
        None
    }
}
