//! What bytes mean in encodings other than UTF-8. The decoders of encoding_rs would do, but each
//! brings the tables of all the others along, a fifth of the driver.

use csv_common::Encoding;

/// How many bytes a character takes at most.
pub(super) const LONGEST: usize = 4;

/// How the bytes of a file stand for characters.
#[derive(Debug, Clone, Copy)]
pub(super) enum Units {
    /// Each byte is the character of that number.
    Latin1,
    /// The same, but for 0x80 to 0x9F.
    Windows1252,
    /// Two bytes a unit, the lower one first.
    Utf16Little,
    /// Two bytes a unit, the higher one first.
    Utf16Big,
}

/// What 0x80 to 0x9F are in Windows-1252; the five without a meaning are control characters, as on
/// the web.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

impl Units {
    /// Those of an encoding, and how long the byte order mark at the start of the file is.
    pub(super) fn of(encoding: Encoding, head: &[u8]) -> (Self, usize) {
        match (encoding, head) {
            (Encoding::Utf16, [0xFE, 0xFF, ..]) => (Self::Utf16Big, 2),
            (Encoding::Utf16, [0xFF, 0xFE, ..]) => (Self::Utf16Little, 2),
            (Encoding::Utf16, _) => (Self::Utf16Little, 0),
            (Encoding::Windows1252, _) => (Self::Windows1252, 0),
            _ => (Self::Latin1, 0),
        }
    }

    /// Whether a byte of ASCII is that character.
    pub(super) fn has_ascii(self) -> bool {
        matches!(self, Self::Latin1 | Self::Windows1252)
    }

    /// The first character of at least [`LONGEST`] bytes, or of all that are left, and its own
    /// number of bytes; none if they stand for no character.
    pub(super) fn first(self, bytes: &[u8]) -> Option<(char, usize)> {
        match self {
            Self::Latin1 => Some((char::from(*bytes.first()?), 1)),
            Self::Windows1252 => Some(match *bytes.first()? {
                byte @ 0x80..=0x9F => (WINDOWS_1252[usize::from(byte - 0x80)], 1),
                byte => (char::from(byte), 1),
            }),
            Self::Utf16Little => utf16(bytes, u16::from_le_bytes),
            Self::Utf16Big => utf16(bytes, u16::from_be_bytes),
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<(char, usize)> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().take(2).map(|&pair| unit(pair));
    let character = char::decode_utf16(units).next()?.ok()?;
    Some((character, character.len_utf16() * 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_1252_is_what_the_web_says() {
        for byte in 0..=u8::MAX {
            let (expected, _, _) = encoding_rs::WINDOWS_1252.decode(std::slice::from_ref(&byte));
            let (character, length) = Units::Windows1252.first(&[byte]).unwrap();
            assert_eq!((expected, length), (character.to_string().into(), 1), "{byte:#x}");
        }
    }

    #[test]
    fn utf_16_is_read_in_both_orders_and_half_characters_are_none() {
        for (text, length) in [("a", 2), ("é", 2), ("\u{FFFF}", 2), ("\u{1F600}", 4)] {
            let units: Vec<u16> = text.encode_utf16().chain([0x61]).collect();
            let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
            let expected = text.chars().next().map(|character| (character, length));
            assert_eq!(Units::Utf16Little.first(&little), expected);
            assert_eq!(Units::Utf16Big.first(&big), expected);
        }
        for bytes in [&b"\x61"[..], b"\x3D\xD8", b"\x00\xDE", b"\x3D\xD8\x61\x00", b"\x3D\xD8\x00"]
        {
            assert_eq!(Units::Utf16Little.first(bytes), None, "{bytes:x?}");
        }
    }
}
