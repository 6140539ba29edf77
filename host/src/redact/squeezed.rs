//! Text of which only letters and digits are left.
//!
//! The characters that a program puts between those of a secret or of its encodings, or takes
//! away there, are mostly no letters and no digits: the end of a wrapped line with the
//! indentation of the next, `:` or spaces between hexadecimal digits, `, ` in a list, a
//! quote that is doubled, `+` in one alphabet of base64 that is `-` in the other.

use std::ops::Range;

/// The letters and digits of a text, as far as they are ASCII, in lower case.
pub(super) struct Squeezed {
    pub(super) bytes: Vec<u8>,
    /// The place of each of them in the text.
    places: Vec<u32>,
}

impl Squeezed {
    /// Squeezes a text of less than 4 GiB.
    pub(super) fn of(text: &[u8]) -> Self {
        let mut squeezed =
            Self { bytes: Vec::with_capacity(text.len()), places: Vec::with_capacity(text.len()) };
        for (at, byte) in text.iter().enumerate() {
            if byte.is_ascii_alphanumeric() {
                squeezed.bytes.push(byte.to_ascii_lowercase());
                squeezed.places.push(at as u32);
            }
        }
        squeezed
    }

    /// Returns where a range of it, which is not empty, stood in the text.
    pub(super) fn source(&self, range: Range<usize>) -> Range<usize> {
        self.places[range.start] as usize..self.places[range.end - 1] as usize + 1
    }
}

/// Squeezes what is looked for. Returns `None` if so little is left that it could stand
/// anywhere by chance.
pub(super) fn needle(text: &[u8]) -> Option<Vec<u8>> {
    let needle = Squeezed::of(text).bytes;
    let digits = needle.iter().filter(|byte| byte.is_ascii_digit()).count();
    // A word with a digit in it is no word of a sentence.
    let shortest = if digits > 0 { 6 } else { 8 };
    (needle.len() >= shortest).then_some(needle)
}

/// The beginnings of what is looked for, to tell whether a text ends with one.
pub(super) struct Beginnings {
    /// Sorted.
    needles: Vec<Vec<u8>>,
    /// For each pair of bytes, whether a needle begins with it.
    pairs: Vec<bool>,
}

impl Beginnings {
    /// A shorter beginning stands at the end of a line by chance, unless it is all of it.
    const SHORTEST: usize = 4;

    /// Takes sorted needles.
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
        let text = Squeezed::of(text).bytes;
        let last = text.len().saturating_sub(Self::SHORTEST - 1);
        let tails = (0..last).map(|at| &text[at..]).filter(|tail| self.pairs[pair(tail)]);
        tails.chain((!text.is_empty()).then_some(&text[..])).any(|tail| self.begins(tail))
    }

    fn begins(&self, text: &[u8]) -> bool {
        let at = self.needles.partition_point(|needle| needle.as_slice() <= text);
        self.needles.get(at).is_some_and(|needle| needle.starts_with(text))
    }
}

/// The first two bytes of a text that has them.
fn pair(text: &[u8]) -> usize {
    usize::from(text[0]) << 8 | usize::from(text[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_ends_as_a_needle_begins_goes_on() {
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
    fn letters_and_digits_are_left_with_their_places() {
        let squeezed = Squeezed::of("aB, ö-1\n".as_bytes());
        assert_eq!(squeezed.bytes, b"ab1");
        assert_eq!(squeezed.source(0..2), 0..2);
        assert_eq!(squeezed.source(1..3), 1..8);
    }

    #[test]
    fn a_needle_is_long_enough_to_mean_something() {
        assert_eq!(needle(b"hunter-2").as_deref(), Some(&b"hunter2"[..]));
        assert_eq!(needle(b"to the"), None);
        assert_eq!(needle(b"!!!!!!!!!!"), None);
    }
}
