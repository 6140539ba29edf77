//! Turns text into the bytes of its encoding.

use std::borrow::Cow;

use csv_common::Encoding;
use encoding_rs::mem;

/// The first character of a text that the encoding does not have.
#[inline]
pub(crate) fn missing(encoding: Encoding, text: &[u8]) -> Option<char> {
    let fits = match encoding {
        Encoding::Utf8
        | Encoding::Utf8Marked
        | Encoding::Utf16
        | Encoding::Utf16Little
        | Encoding::Utf16Big => return None,
        Encoding::Ascii => text.is_ascii(),
        Encoding::Latin1 => mem::is_utf8_latin1(text),
        Encoding::Other(_) => text.is_ascii(),
    };
    if fits {
        return None;
    }
    String::from_utf8_lossy(text).chars().find(|character| match encoding {
        Encoding::Ascii => !character.is_ascii(),
        Encoding::Latin1 => u32::from(*character) > 0xFF,
        Encoding::Other(standard) => {
            // The standard has control characters where Windows has no meaning, and the extractor
            // does not read them.
            let control = ('\u{80}'..='\u{9F}').contains(character)
                && standard.name().starts_with("windows-");
            control || standard.encode(character.encode_utf8(&mut [0; 4])).2
        }
        _ => false,
    })
}

/// The byte order mark before the text.
pub(crate) fn mark(encoding: Encoding) -> &'static [u8] {
    match encoding {
        Encoding::Utf8Marked | Encoding::Utf16 => "\u{FEFF}".as_bytes(),
        _ => b"",
    }
}

/// The bytes of a text whose characters the encoding all has.
pub(crate) fn encode(encoding: Encoding, text: &[u8]) -> Cow<'_, [u8]> {
    let units = |bytes: fn(u16) -> [u8; 2]| {
        Cow::Owned(String::from_utf8_lossy(text).encode_utf16().flat_map(bytes).collect())
    };
    match encoding {
        Encoding::Utf8 | Encoding::Utf8Marked | Encoding::Ascii => Cow::Borrowed(text),
        Encoding::Utf16 | Encoding::Utf16Little => units(u16::to_le_bytes),
        Encoding::Utf16Big => units(u16::to_be_bytes),
        Encoding::Latin1 => {
            let text = String::from_utf8_lossy(text);
            Cow::Owned(mem::encode_latin1_lossy(&text).into_owned())
        }
        Encoding::Other(standard) => {
            let text = String::from_utf8_lossy(text);
            Cow::Owned(standard.encode(&text).0.into_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unencodable_characters_are_found() {
        assert_eq!(missing(Encoding::Ascii, "Čapek é".as_bytes()), Some('Č'));
        assert_eq!(missing(Encoding::Latin1, "é€".as_bytes()), Some('€'));
        assert_eq!(missing(Encoding::WINDOWS_1252, "é€王".as_bytes()), Some('王'));
        assert_eq!(missing(Encoding::Utf16, "王".as_bytes()), None);
        assert_eq!(*encode(Encoding::Latin1, "é".as_bytes()), *b"\xE9");
        assert_eq!(*encode(Encoding::WINDOWS_1252, "€".as_bytes()), *b"\x80");
        assert_eq!(*encode(Encoding::Utf16, "é".as_bytes()), *b"\xE9\x00");
    }
}
