//! The characters of bytes in encodings of one byte each, and in UTF-16.

use csv_common::Encoding;

/// Bytes of a character at most.
pub(super) const LONGEST: usize = 4;

/// The order of the two bytes of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// The lower one.
    Little,
    /// The higher one.
    Big,
}

/// The meaning of the bytes of a file as characters.
#[derive(Debug, Clone)]
pub(super) enum Units {
    /// Each byte is a character, or none.
    Table(Box<[Option<char>; 256]>),
    /// Two bytes a unit.
    Utf16(Order),
}

impl Units {
    /// The characters of an encoding of one byte a character; none of another.
    pub(super) fn of(encoding: Encoding) -> Option<Self> {
        let character: &dyn Fn(u8) -> Option<char> = match encoding {
            Encoding::Ascii => &|byte| byte.is_ascii().then_some(char::from(byte)),
            Encoding::Latin1 => &|byte| Some(char::from(byte)),
            Encoding::Other(table) if table.is_single_byte() => {
                let windows = table.name().starts_with("windows-");
                &move |byte| {
                    let text = table.decode_without_bom_handling_and_without_replacement(
                        std::slice::from_ref(&byte),
                    )?;
                    let character = text.chars().next()?;
                    // The standard gives the bytes that Windows left without a meaning to control
                    // characters. Text in another encoding has them, text in this one does not.
                    let meant = !windows || !('\u{80}'..='\u{9F}').contains(&character);
                    meant.then_some(character)
                }
            }
            _ => return None,
        };
        Some(Self::Table(Box::new(std::array::from_fn(|byte| character(byte as u8)))))
    }

    /// Returns whether a byte of ASCII is that character.
    pub(super) fn has_ascii(&self) -> bool {
        matches!(self, Self::Table(_))
    }

    /// The first character of at least [`LONGEST`] bytes, or of all that are left, and its own
    /// number of bytes; none if they stand for no character.
    pub(super) fn first(&self, bytes: &[u8]) -> Option<(char, usize)> {
        match self {
            Self::Table(table) => Some((table[usize::from(*bytes.first()?)]?, 1)),
            Self::Utf16(Order::Little) => utf16(bytes, u16::from_le_bytes),
            Self::Utf16(Order::Big) => utf16(bytes, u16::from_be_bytes),
        }
    }

    /// Number of bytes to leave out where there is no character.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Table(_) => 1,
            Self::Utf16(_) => 2,
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
    fn undefined_windows_1252_bytes_are_none() {
        let units = Units::of(Encoding::WINDOWS_1252).expect("one byte a character");
        for byte in 0..=u8::MAX {
            let (expected, _, _) = encoding_rs::WINDOWS_1252.decode(std::slice::from_ref(&byte));
            let found = units.first(&[byte]);
            if [0x81, 0x8D, 0x8F, 0x90, 0x9D].contains(&byte) {
                assert_eq!(found, None, "{byte:#x}");
            } else {
                assert_eq!(found, expected.chars().next().map(|c| (c, 1)), "{byte:#x}");
            }
        }
    }

    #[test]
    fn utf_16_decodes_in_both_orders_and_lone_surrogates_are_none() {
        for (text, length) in [("a", 2), ("é", 2), ("\u{FFFF}", 2), ("\u{1F600}", 4)] {
            let units: Vec<u16> = text.encode_utf16().chain([0x61]).collect();
            let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
            let expected = text.chars().next().map(|character| (character, length));
            assert_eq!(Units::Utf16(Order::Little).first(&little), expected);
            assert_eq!(Units::Utf16(Order::Big).first(&big), expected);
        }
        for bytes in [&b"\x61"[..], b"\x3D\xD8", b"\x00\xDE", b"\x3D\xD8\x61\x00", b"\x3D\xD8\x00"]
        {
            assert_eq!(Units::Utf16(Order::Little).first(bytes), None, "{bytes:x?}");
        }
    }
}
