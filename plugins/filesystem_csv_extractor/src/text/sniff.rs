//! Guesses what a file is that is no text.

use csv_common::Compression;

/// What a file that begins with these bytes looks like, and how to read it.
pub(super) fn hint(head: &[u8]) -> Option<String> {
    if let Some(compression) = Compression::sniff(head) {
        let name = compression.name();
        return Some(format!(
            "it looks compressed with {name}; set `compression: {name}` to read what is inside"
        ));
    }
    // Latin text in UTF-16 has every other byte 0; other text begins with a mark.
    let utf16 = match head {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => true,
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] => *a != 0 && *b != 0,
        _ => false,
    };
    utf16.then(|| "it looks like UTF-16; set `encoding: utf-16`".to_owned())
}
