//! Decoding, whole and in small pieces.

use std::io::Read;

use csv_common::Encoding;
use proptest::prelude::*;

use super::TextReader;
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
    let mut text = Vec::new();
    let mut buffer = vec![0; TextReader::ROOM];
    let mut reader = match TextReader::new(Box::new(bytes), encoding) {
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
        (b"a,\xE9", Encoding::Latin1),
        (b"a,\xE9", Encoding::Windows1252),
    ] {
        assert_eq!(read(bytes, encoding).0, "a,é", "{encoding:?}");
        assert_eq!(read(Drip(bytes), encoding).0, "a,é", "{encoding:?}");
    }
    assert_eq!(read(b"".as_slice(), Encoding::Utf16).0, "");
    assert_eq!(read(b"\x80".as_slice(), Encoding::Windows1252).0, "€");
    assert_eq!(read(b"\x80".as_slice(), Encoding::Latin1).0, "\u{80}");
}

#[test]
fn a_wrong_encoding_names_the_byte() {
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
fn binary_files_are_named() {
    assert!(message(b"a,b\n\0", Encoding::Utf8).1.contains("a binary file and not CSV"));
    assert!(message(b"a\0,\0b\0", Encoding::Utf8).1.contains("set `encoding: utf-16`"));
    assert!(message(b"\xFF\xFEa\0", Encoding::Utf8).1.contains("set `encoding: utf-16`"));
    assert!(message(b"\x1f\x8b\x08\0", Encoding::Utf8).1.contains("set `compression: gzip`"));
    assert!(matches!(
        read(b"PK\x03\x04\x14\0".as_slice(), Encoding::Latin1).1,
        Some(Fault { what: What::Nul { hint: Some(_) }, .. })
    ));
}

proptest! {
    #[test]
    fn every_text_in_every_encoding(text in "[^\0\u{FEFF}]{0,3000}") {
        prop_assert_eq!(&read(text.as_bytes(), Encoding::Utf8).0, &text);
        prop_assert_eq!(&read(Drip(text.as_bytes()), Encoding::Utf8).0, &text);
        let utf16: Vec<u8> = ['\u{FEFF}'].into_iter().chain(text.chars())
            .flat_map(|c| c.encode_utf16(&mut [0; 2]).to_vec())
            .flat_map(u16::to_le_bytes).collect();
        prop_assert_eq!(&read(utf16.as_slice(), Encoding::Utf16).0, &text);
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for encoding in [Encoding::Utf8, Encoding::Utf16, Encoding::Ascii, Encoding::Latin1,
                         Encoding::Windows1252] {
            let whole = read(bytes.as_slice(), encoding);
            prop_assert_eq!(whole.0, read(Drip(&bytes), encoding).0);
        }
    }
}
