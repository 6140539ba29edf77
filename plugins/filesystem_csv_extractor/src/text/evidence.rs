//! Looks through a file that is not of its encoding for what it may be.

use std::io::{self, Read};

use chardetng::EncodingDetector;
use csv_common::Encoding;

/// Signs of a file's encoding in its bytes.
pub(crate) struct Evidence {
    detector: EncodingDetector,
    /// Characters of UTF-8 beyond ASCII, and bytes that are no UTF-8.
    characters: u64,
    faults: u64,
    /// The start of a character that a read has torn apart.
    torn: Vec<u8>,
}

impl Evidence {
    /// Reads bytes to their end.
    pub(crate) fn of(bytes: &mut dyn Read) -> io::Result<Self> {
        let mut evidence =
            Self { detector: EncodingDetector::new(), characters: 0, faults: 0, torn: Vec::new() };
        let mut buffer = vec![0; 64 << 10];
        loop {
            match bytes.read(&mut buffer) {
                Ok(0) => {
                    evidence.detector.feed(&[], true);
                    evidence.faults += u64::from(!evidence.torn.is_empty());
                    return Ok(evidence);
                }
                Ok(read) => evidence.add(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.detector.feed(bytes, false);
        self.torn.extend_from_slice(bytes);
        let all = std::mem::take(&mut self.torn);
        let end = all.len();
        let mut at = 0;
        for chunk in all.utf8_chunks() {
            self.characters += chunk.valid().chars().filter(|c| !c.is_ascii()).count() as u64;
            at += chunk.valid().len() + chunk.invalid().len();
            let half = at == end
                && std::str::from_utf8(chunk.invalid()).is_err_and(|e| e.error_len().is_none());
            if half {
                self.torn = chunk.invalid().to_vec();
            } else {
                self.faults += u64::from(!chunk.invalid().is_empty());
            }
        }
    }

    /// Advice for a file that was read in that encoding. Nothing is
    /// proposed that would change what can be read already.
    pub(crate) fn advice(&self, encoding: Encoding) -> String {
        let utf8 = matches!(encoding, Encoding::Utf8 | Encoding::Utf8Marked);
        if utf8 && self.characters > 0 && self.characters >= self.faults {
            return format!(
                "the file holds {} of UTF-8, which another encoding would spoil; \
                 repair the file, or set `encoding_errors: replace` to read U+FFFD in its place",
                plural(self.characters, "other character")
            );
        }
        if self.faults == 0 {
            return "the file is UTF-8; set `encoding: utf-8`".to_owned();
        }
        let guess = self.detector.guess(None, true);
        let named = Encoding::parse(guess.name()).filter(|guess| *guess != encoding);
        match named {
            Some(guess) if guess != Encoding::Utf8 => format!(
                "name the encoding that the file was written in; `encoding: {}` fits its bytes \
                 best, but look at the text that it gives",
                guess.name()
            ),
            _ => "name the encoding that the file was written in with `encoding`".to_owned(),
        }
    }
}

fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
