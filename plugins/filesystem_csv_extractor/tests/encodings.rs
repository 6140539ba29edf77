//! Bytes become the text that was meant, or an error that does not lead astray.

mod common;

use common::{error, names, read, report, rows};
use filesystem_csv_extractor::CsvExtractor;
use osiris_sdk::{Kind, testing};
use serde_json::json;

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn utf_16_without_mark_is_read_in_its_byte_order() {
    let text = "id,n\n1,é\n";
    for (bytes, name) in
        [(utf16(text, u16::to_be_bytes), "utf-16-be"), (utf16(text, u16::to_le_bytes), "utf-16-le")]
    {
        // The hint can be followed.
        assert!(error(&bytes, json!({})).ends_with("set `encoding: utf-16`"));
        for encoding in ["utf-16", name] {
            let (columns, found) = read(&bytes, json!({"encoding": encoding}));
            assert_eq!(columns[1].0, "n");
            assert_eq!(found, json!([[1, "é"]]));
        }
    }
    for bytes in [u16::to_be_bytes as fn(u16) -> [u8; 2], u16::to_le_bytes] {
        for text in ["όνομα\nΆννα\n", "名前,都市\n花子,東京\n", "имя;город\nАнна;Москва\n"]
        {
            let bytes = utf16(text, bytes);
            assert!(error(&bytes, json!({})).ends_with("set `encoding: utf-16`"), "{text}");
            let header = text.lines().next().expect("a header");
            let delimiter = if header.contains(';') { ";" } else { "," };
            let header: Vec<_> = header.split(delimiter).collect();
            let options = json!({"encoding": "utf-16", "delimiter": delimiter});
            assert_eq!(names(&bytes, options), header);
        }
    }
}

#[test]
fn utf_32_is_rejected() {
    let bytes: Vec<u8> =
        "\u{FEFF}id,n\n".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
    for options in [json!({}), json!({"encoding": "utf-16"}), json!({"encoding": "latin-1"})] {
        let message = error(&bytes, options);
        assert!(message.starts_with("x.csv is UTF-32, which is not read"), "{message}");
    }
}

#[test]
fn suggested_encoding_fits_the_bytes() {
    let bytes = b"id,n\n1,it\x92s 5 \x80 \x96 ok\n";
    let message = error(bytes, json!({}));
    assert!(message.contains("`encoding: windows-1252`"), "{message}");
    assert!(!message.contains("latin-1"), "{message}");
    assert_eq!(rows(bytes, json!({"encoding": "windows-1252"})), json!([[1, "it’s 5 € – ok"]]));
    for (name, text) in [
        ("windows-1251", "имя,город\nАнна,Москва и область\n"),
        ("shift_jis", "名前,都市\n花子,東京は日本の首都です\n"),
    ] {
        let encoding = encoding_rs::Encoding::for_label(name.as_bytes()).expect("a label");
        let (bytes, _, _) = encoding.encode(text);
        let message = error(&bytes, json!({}));
        assert!(message.contains(&format!("`encoding: {name}`")), "{message}");
        let header: Vec<_> = text.lines().next().expect("a header").split(',').collect();
        assert_eq!(names(&bytes, json!({"encoding": name})), header);
    }
}

#[test]
fn single_bad_utf_8_byte_suggests_replacement() {
    let text = [
        b"n\nKutn\xC3\xA1 Hora\n\xC5\xBDofie\nbad \xE9 byte\n".as_slice(),
        "é\n".repeat(100).as_bytes(),
    ]
    .concat();
    let message = error(&text, json!({}));
    assert!(message.starts_with("x.csv line 4 is not utf-8: byte 0xE9 at offset "), "{message}");
    assert!(message.contains("`encoding_errors: replace`"), "{message}");
    assert!(!message.contains("`encoding: "), "{message}");
    let replaced = report(&text, json!({"encoding_errors": "replace", "limit": 3}));
    assert_eq!(replaced.table().rows(), json!([["Kutná Hora"], ["Žofie"], ["bad \u{FFFD} byte"]]));
    replaced.assert_logged("1 place: not of the encoding, U+FFFD (`encoding_errors: replace`)");
}

#[test]
fn unknown_encoding_name_gets_no_suggestion() {
    for name in ["windows-1259", "iso-8859-99", "utf-32"] {
        let message = error("a\n", json!({"encoding": name}));
        assert!(message.contains("is no encoding that is known"), "{message}");
        assert!(!message.contains("did you mean"), "{message}");
        assert!(!message.contains("like it"), "{message}");
    }
    for name in ["utf-8-sig", "UTF8", "cp1252", "latin1"] {
        assert_eq!(rows("a\n1\n", json!({"encoding": name})), json!([[1]]));
    }
}

#[test]
fn misspelled_encoding_is_reported_before_reading() {
    for (name, alike) in
        [("uft-8", "utf-8"), ("windos-1252", "windows-1252"), ("lattin2", "latin2")]
    {
        let config = json!({"path": "/no/such.csv", "encoding": name});
        let error = testing::run::<CsvExtractor>(config).expect_err(Kind::Config);
        let expected = format!("config field `encoding`: {name:?} is no encoding that is known; ");
        assert!(error.message.starts_with(&expected), "{error}");
        assert!(error.message.ends_with(&format!("; known names like it: {alike}")), "{error}");
    }
}

#[test]
fn utf_8_mark_contradicts_other_encodings() {
    let bytes = b"\xEF\xBB\xBFid,n\n1,caf\xC3\xA9\n";
    for encoding in ["latin-1", "windows-1252", "windows-1250", "shift_jis", "utf-16"] {
        let message = error(bytes, json!({"encoding": encoding}));
        assert_eq!(
            message,
            format!(
                "x.csv begins with the byte order mark of utf-8, but is read as {encoding}; set \
                 `encoding: utf-8`"
            )
        );
    }
    assert_eq!(rows(bytes, json!({})), json!([[1, "café"]]));
}

#[test]
fn latin_1_control_characters_are_a_warning() {
    let found = report(b"n\nit\x92s\n", json!({"encoding": "latin-1"}));
    assert_eq!(found.table().rows(), json!([["it\u{92}s"]]));
    found.assert_logged("1 control character of the encoding read");
}

#[test]
fn nul_byte_error_has_line_and_help() {
    let bytes = b"id,title\n1,ok\n2,ab\0cd\n";
    let message = error(bytes, json!({}));
    assert!(
        message
            .starts_with("x.csv line 3 has a byte 0 at offset 18, which no text has; `nul: drop`"),
        "{message}"
    );
    let dropped = report(bytes, json!({"nul": "drop"}));
    assert_eq!(dropped.table().rows(), json!([[1, "ok"], [2, "abcd"]]));
    dropped.assert_logged("1 byte 0: left out (`nul: drop`)");
    assert_eq!(rows(bytes, json!({"nul": "keep"})), json!([[1, "ok"], [2, "ab\0cd"]]));
}
