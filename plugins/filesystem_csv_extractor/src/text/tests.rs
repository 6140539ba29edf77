//! Decoding, whole and in small pieces.

use std::io::Read;

use csv_common::Encoding;
use proptest::prelude::*;

use super::{Decoding, TextReader};
use crate::config::Nul;
use crate::fault::{Fault, What};

/// Gives one byte at a time.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let len = into.len().min(1);
        self.0.read(&mut into[..len])
    }
}

fn read(bytes: impl Read, encoding: Encoding) -> (String, Option<Fault>) {
    read_as(bytes, Decoding { encoding, replace: false, nul: Nul::Error, end: None })
}

fn read_as(bytes: impl Read, decoding: Decoding) -> (String, Option<Fault>) {
    let mut text = Vec::new();
    let mut buffer = vec![0; TextReader::ROOM];
    let mut reader = match TextReader::new(Box::new(bytes), decoding) {
        Ok(reader) => reader,
        Err(fault) => return (String::new(), Some(fault)),
    };
    let fault = loop {
        match reader.read(&mut buffer) {
            Ok(0) => break None,
            Ok(read) => text.extend_from_slice(&buffer[..read]),
            Err(fault) => break Some(fault),
        }
    };
    (String::from_utf8(text).expect("text that was checked"), fault)
}

fn message(bytes: &[u8], encoding: Encoding) -> (String, String) {
    let (text, fault) = read(bytes, encoding);
    let (dripped, again) = read(Drip(bytes), encoding);
    let message = fault.expect("a fault").what.to_string();
    assert_eq!(text, dripped);
    assert_eq!(again.map(|fault| fault.what.to_string()), Some(message.clone()));
    (text, message)
}

#[test]
fn byte_order_marks_are_dropped() {
    for (bytes, encoding) in [
        (b"\xEF\xBB\xBFa,\xC3\xA9".as_slice(), Encoding::Utf8),
        (b"\xFF\xFEa\0,\0\xE9\0", Encoding::Utf16),
        (b"\xFE\xFF\0a\0,\0\xE9", Encoding::Utf16),
        (b"a\0,\0\xE9\0", Encoding::Utf16),
        (b"\0a\0,\0\xE9", Encoding::Utf16),
        (b"a\0,\0\xE9\0", Encoding::Utf16Little),
        (b"\0a\0,\0\xE9", Encoding::Utf16Big),
        (b"\xFF\xFEa\0,\0\xE9\0", Encoding::Utf16Little),
        (b"a,\xC3\xA9", Encoding::Utf8Marked),
        (b"a,\xE9", Encoding::Latin1),
        (b"a,\xE9", Encoding::WINDOWS_1252),
    ] {
        assert_eq!(read(bytes, encoding).0, "a,é", "{encoding:?}");
        assert_eq!(read(Drip(bytes), encoding).0, "a,é", "{encoding:?}");
    }
    assert_eq!(read(b"".as_slice(), Encoding::Utf16).0, "");
    assert_eq!(read(b"\x80".as_slice(), Encoding::WINDOWS_1252).0, "€");
    assert_eq!(read(b"\x80".as_slice(), Encoding::Latin1).0, "\u{80}");
}

#[test]
fn wrong_encoding_error_names_the_byte() {
    let (text, error) = message(b"abc\nd\xE9f", Encoding::Utf8);
    assert_eq!(text, "abc\nd");
    assert!(error.starts_with("is not utf-8: byte 0xE9 at offset 5 "), "{error}");
    let (_, error) = message(b"ab\xC3", Encoding::Utf8);
    assert!(error.starts_with("is not utf-8: byte 0xC3 at offset 2 "), "{error}");
    let (_, error) = message("aé".as_bytes(), Encoding::Ascii);
    assert!(error.starts_with("is not ascii: byte 0xC3 at offset 1 "), "{error}");
    let (_, error) = message(b"a\0\x00\xDCb\0", Encoding::Utf16);
    assert!(error.starts_with("is not utf-16: byte 0x00 at offset 2 "), "{error}");
}

#[test]
fn binary_and_utf_16_files_get_a_hint() {
    assert!(message(b"a,b\n\0", Encoding::Utf8).1.starts_with("has a byte 0 at offset 4,"));
    assert!(message(b"a\0,\0b\0", Encoding::Utf8).1.contains("set `encoding: utf-16`"));
    assert!(message(b"\0a\0,", Encoding::Utf8).1.contains("set `encoding: utf-16`"));
    assert!(message(b"\xFF\xFEa\0", Encoding::Utf8).1.contains("set `encoding: utf-16`"));
    assert!(message(b"\x1f\x8b\x08\0", Encoding::Utf8).1.contains("set `compression: gzip`"));
    assert!(matches!(
        read(b"PK\x03\x04\x14\0".as_slice(), Encoding::Latin1).1,
        Some(Fault { what: What::Nul { hint: Some(_), .. }, .. })
    ));
    let workbook =
        [b"PK\x03\x04\x14\0\x06\0".as_slice(), &[0; 22], b"[Content_Types].xml"].concat();
    assert!(message(&workbook, Encoding::Utf8).1.contains("it looks like an Excel workbook"));
}

#[test]
fn contradicting_byte_order_mark_is_rejected() {
    for encoding in [Encoding::Latin1, Encoding::WINDOWS_1252, Encoding::Utf16] {
        let (_, error) = message(b"\xEF\xBB\xBFid,n\n1,caf\xC3\xA9\n", encoding);
        assert!(error.ends_with("set `encoding: utf-8`"), "{error}");
    }
    for encoding in [Encoding::Latin1, Encoding::Utf16Big, Encoding::Utf8] {
        let (_, error) = message(b"\xFF\xFEa\0\n\0", encoding);
        assert!(error.ends_with("set `encoding: utf-16`"), "{error}");
    }
    for bytes in [
        b"\xFF\xFE\0\0a\0\0\0".as_slice(),
        b"\0\0\xFE\xFF\0\0\0a",
        b"a\0\0\0b\0\0\0",
        b"\0\0\0a\0\0\0b",
    ] {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Latin1] {
            let (_, error) = message(bytes, encoding);
            assert!(error.starts_with("is UTF-32, which is not read"), "{error}");
        }
    }
}

#[test]
fn utf_16_of_unknown_byte_order_is_rejected() {
    let han: Vec<u8> = "王李".encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert!(message(&han, Encoding::Utf16).1.contains("`encoding: utf-16-be`"));
    assert_eq!(read(han.as_slice(), Encoding::Utf16Big).0, "王李");
}

#[test]
fn standard_encodings_decode() {
    for (name, text) in [
        ("windows-1251", "Привет"),
        ("windows-1250", "Žluťoučký"),
        ("iso-8859-7", "Ελλάδα"),
        ("iso-8859-15", "5 €"),
        ("koi8-r", "Привет"),
        ("shift_jis", "日本語,ｶﾅ"),
        ("gbk", "中文"),
        ("big5", "中文"),
        ("euc-kr", "한국어"),
        ("euc-jp", "日本語"),
    ] {
        let encoding = Encoding::parse(name).expect("a known name");
        let Encoding::Other(standard) = encoding else { panic!("{name}") };
        let (bytes, _, unmappable) = standard.encode(text);
        assert!(!unmappable, "{name}");
        let long = bytes.repeat(30_000);
        assert_eq!(read(&*bytes, encoding).0, text, "{name}");
        assert_eq!(read(Drip(&bytes), encoding).0, text, "{name}");
        assert_eq!(read(long.as_slice(), encoding).0, text.repeat(30_000), "{name}");
    }
}

#[test]
fn undefined_bytes_are_rejected() {
    for byte in [0x81, 0x8D, 0x8F, 0x90, 0x9D] {
        let (text, error) = message(&[b'a', byte, b'b'], Encoding::WINDOWS_1252);
        assert_eq!(text, "a");
        let expected = format!("is not windows-1252: byte 0x{byte:02X} at offset 1 ");
        assert!(error.starts_with(&expected), "{error}");
    }
    let sjis = Encoding::parse("shift_jis").expect("a known name");
    let (text, error) = message(b"ab\x93\xFA\xFF,", sjis);
    assert_eq!(text, "ab日");
    assert!(error.starts_with("is not shift_jis: byte 0xFF at offset 4 "), "{error}");
}

#[test]
fn invalid_bytes_are_replaced_on_request() {
    for (bytes, encoding, expected) in [
        (b"a\xE9b,\xC3\xA9\xC3".as_slice(), Encoding::Utf8, "a\u{FFFD}b,é\u{FFFD}"),
        (b"a\xE9b", Encoding::Ascii, "a\u{FFFD}b"),
        (b"a\x81b", Encoding::WINDOWS_1252, "a\u{FFFD}b"),
        (b"a\0\x00\xDCb\0", Encoding::Utf16, "a\u{FFFD}b"),
        (b"a\xFF,", Encoding::Other(encoding_rs::SHIFT_JIS), "a\u{FFFD},"),
    ] {
        let decoding = Decoding { encoding, replace: true, nul: Nul::Error, end: None };
        assert_eq!(read_as(bytes, decoding).0, expected, "{encoding:?}");
        assert_eq!(read_as(Drip(bytes), decoding).0, expected, "{encoding:?}");
    }
    let many = b"\xFF".repeat(100_000);
    let decoding = Decoding { encoding: Encoding::Utf8, replace: true, nul: Nul::Error, end: None };
    assert_eq!(read_as(many.as_slice(), decoding).0, "\u{FFFD}".repeat(100_000));
}

#[test]
fn nul_bytes_are_dropped_or_kept_on_request() {
    let nuls = b"a\0\0,b\0".as_slice();
    let with = |nul| Decoding { encoding: Encoding::Utf8, replace: false, nul, end: None };
    assert_eq!(read_as(nuls, with(Nul::Drop)).0, "a,b");
    assert_eq!(read_as(Drip(nuls), with(Nul::Drop)).0, "a,b");
    assert_eq!(read_as(nuls, with(Nul::Keep)).0, "a\0\0,b\0");
    let end = Decoding { end: Some(2), ..with(Nul::Error) };
    assert_eq!(read_as(b"abc".as_slice(), end).0, "ab");
    assert_eq!(read_as(Drip(b"abc"), end).0, "ab");
}

proptest! {
    #[test]
    fn any_text_decodes_in_every_encoding(text in "[^\0\u{FEFF}]{0,3000}") {
        prop_assert_eq!(&read(text.as_bytes(), Encoding::Utf8).0, &text);
        prop_assert_eq!(&read(Drip(text.as_bytes()), Encoding::Utf8).0, &text);
        prop_assert_eq!(&read_as(Drip(text.as_bytes()), Decoding {
            encoding: Encoding::Utf8, replace: true, nul: Nul::Error, end: None,
        }).0, &text);
        let utf16: Vec<u8> = ['\u{FEFF}'].into_iter().chain(text.chars())
            .flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec())
            .flat_map(u16::to_le_bytes).collect();
        prop_assert_eq!(&read(utf16.as_slice(), Encoding::Utf16).0, &text);
    }

    #[test]
    fn decoding_any_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Ascii, Encoding::Latin1,
                         Encoding::WINDOWS_1252, Encoding::Other(encoding_rs::GBK),
                         Encoding::Other(encoding_rs::ISO_2022_JP)] {
            let whole = read(bytes.as_slice(), encoding);
            prop_assert_eq!(whole.0, read(Drip(&bytes), encoding).0);
        }
    }
}
