//! Text reduced to letters and digits.
//!
//! Programs that wrap or print a secret or its encodings mostly add or remove characters other than
//! letters and digits: a line break with the indentation of the next line, `:` or spaces between
//! hexadecimal digits, `, ` in a list, a doubled quote, `+` in one alphabet of base64 that is `-`
//! in the other.

use std::ops::Range;

/// The ASCII letters and digits of a text, in lower case.
pub(super) struct Alphanumerics {
    pub(super) bytes: Vec<u8>,
    /// The offset of each byte in the text.
    offsets: Vec<u32>,
}

impl Alphanumerics {
    /// Reduces a text of less than 4 GiB.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut alphanumerics =
            Self { bytes: Vec::with_capacity(text.len()), offsets: Vec::with_capacity(text.len()) };
        for (at, byte) in text.iter().enumerate() {
            if byte.is_ascii_alphanumeric() {
                alphanumerics.bytes.push(byte.to_ascii_lowercase());
                alphanumerics.offsets.push(at as u32);
            }
        }
        alphanumerics
    }

    /// Maps a nonempty range of the bytes to the text.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        self.offsets[range.start] as usize..self.offsets[range.end - 1] as usize + 1
    }
}

/// Reduces a text to search for. Returns `None` if the rest is so short that it could occur
/// anywhere by chance.
pub(super) fn needle(text: &[u8]) -> Option<Vec<u8>> {
    let needle = Alphanumerics::of(text).bytes;
    let digits = needle.iter().filter(|byte| byte.is_ascii_digit()).count();
    // A sequence with a digit is not an ordinary word.
    let shortest = if digits > 0 { 6 } else { 8 };
    (needle.len() >= shortest).then_some(needle)
}

/// Prefixes of the needles, to check whether a text ends with one.
pub(super) struct Beginnings {
    /// Sorted.
    needles: Vec<Vec<u8>>,
    /// For each pair of bytes, whether a needle begins with the pair.
    pairs: Vec<bool>,
}

impl Beginnings {
    /// A shorter prefix can end a line by chance, unless it is the whole line.
    const SHORTEST: usize = 4;

    /// Creates the prefixes of sorted needles.
    pub(super) fn of(needles: Vec<Vec<u8>>) -> Self {
        let mut pairs = vec![false; if needles.is_empty() { 0 } else { 1 << 16 }];
        for needle in &needles {
            pairs[pair(needle)] = true;
        }
        Self { needles, pairs }
    }

    /// Returns whether a text ends with the beginning of a needle, or is one.
    pub(super) fn ends(&self, text: &[u8]) -> bool {
        if self.needles.is_empty() {
            return false;
        }
        let text = Alphanumerics::of(text).bytes;
        let last = text.len().saturating_sub(Self::SHORTEST - 1);
        let tails = (0..last).map(|at| &text[at..]).filter(|tail| self.pairs[pair(tail)]);
        tails.chain((!text.is_empty()).then_some(&text[..])).any(|tail| self.begins(tail))
    }

    fn begins(&self, text: &[u8]) -> bool {
        let at = self.needles.partition_point(|needle| needle.as_slice() <= text);
        self.needles.get(at).is_some_and(|needle| needle.starts_with(text))
    }
}

/// Returns the first two bytes of a text of at least two bytes as a number.
fn pair(text: &[u8]) -> usize {
    usize::from(text[0]) << 8 | usize::from(text[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ending_with_a_needle_prefix_is_continued() {
        let beginnings = Beginnings::of(vec![b"995211".to_vec(), b"hunter2hunter2".to_vec()]);
        for (text, goes_on) in [
            ("it is hunt", true),
            ("it is Hunter2-hunter", true),
            ("it is hunter2hunter2", true),
            ("it is hunter2hunter2, so", false),
            ("it is hun", false),
            ("hu", true),
            ("    99,", true),
            ("[ 99,", true),
            ("x 99,", false),
            ("99,\n  52,", true),
            ("", false),
            ("...", false),
        ] {
            assert_eq!(beginnings.ends(text.as_bytes()), goes_on, "{text}");
        }
        assert!(!Beginnings::of(Vec::new()).ends(b"hunter"));
    }

    #[test]
    fn alphanumerics_keep_their_source_positions() {
        let alphanumerics = Alphanumerics::of("aB, ö-1\n".as_bytes());
        assert_eq!(alphanumerics.bytes, b"ab1");
        assert_eq!(alphanumerics.source(0..2), 0..2);
        assert_eq!(alphanumerics.source(1..3), 1..8);
    }

    #[test]
    fn short_or_common_text_is_no_needle() {
        assert_eq!(needle(b"hunter-2").as_deref(), Some(&b"hunter2"[..]));
        assert_eq!(needle(b"to the"), None);
        assert_eq!(needle(b"!!!!!!!!!!"), None);
    }
}
