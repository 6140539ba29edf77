//! Turns text into the bytes of its encoding.

use std::borrow::Cow;

use csv_common::Encoding;
use encoding_rs::{WINDOWS_1252, mem};

/// The first character of a text that the encoding does not have.
#[inline]
pub(crate) fn missing(encoding: Encoding, text: &[u8]) -> Option<char> {
    let fits = match encoding {
        Encoding::Utf8 | Encoding::Utf16 => return None,
        Encoding::Ascii => text.is_ascii(),
        Encoding::Latin1 => mem::is_utf8_latin1(text),
        Encoding::Windows1252 => text.is_ascii(),
    };
    if fits {
        return None;
    }
    String::from_utf8_lossy(text).chars().find(|character| match encoding {
        Encoding::Ascii => !character.is_ascii(),
        Encoding::Latin1 => u32::from(*character) > 0xFF,
        _ => WINDOWS_1252.encode(character.encode_utf8(&mut [0; 4])).2,
    })
}

/// The bytes of a text whose characters the encoding all has.
pub(crate) fn encode(encoding: Encoding, text: &[u8]) -> Cow<'_, [u8]> {
    match encoding {
        Encoding::Utf8 | Encoding::Ascii => Cow::Borrowed(text),
        Encoding::Utf16 => {
            let text = String::from_utf8_lossy(text);
            Cow::Owned(text.encode_utf16().flat_map(u16::to_le_bytes).collect())
        }
        Encoding::Latin1 => {
            let text = String::from_utf8_lossy(text);
            Cow::Owned(mem::encode_latin1_lossy(&text).into_owned())
        }
        Encoding::Windows1252 => {
            let text = String::from_utf8_lossy(text);
            Cow::Owned(WINDOWS_1252.encode(&text).0.into_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_encoding_has() {
        assert_eq!(missing(Encoding::Ascii, "Čapek é".as_bytes()), Some('Č'));
        assert_eq!(missing(Encoding::Latin1, "é€".as_bytes()), Some('€'));
        assert_eq!(missing(Encoding::Windows1252, "é€王".as_bytes()), Some('王'));
        assert_eq!(missing(Encoding::Utf16, "王".as_bytes()), None);
        assert_eq!(*encode(Encoding::Latin1, "é".as_bytes()), *b"\xE9");
        assert_eq!(*encode(Encoding::Windows1252, "€".as_bytes()), *b"\x80");
        assert_eq!(*encode(Encoding::Utf16, "é".as_bytes()), *b"\xE9\x00");
    }
}
