//! Undoes escapes and maps offsets back to the source.

/// Bytes whose escapes were undone, with the offset that each had in the source.
pub(super) struct Unescaped {
    pub(super) bytes: Vec<u8>,
    /// Offsets after each escape, here and in the source, in order.
    shifts: Vec<(usize, usize)>,
}

impl Unescaped {
    /// Undoes one layer of every common escape: those of JSON, of programming languages, of URLs
    /// and forms, and of HTML. Returns `None` if the text has no escapes.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        Self::undone(text, next, escape)
    }

    /// Undoes one layer of the escapes of JSON and programming languages only, since other escapes
    /// can be part of the escaped text. Returns `None` if the text has no such escapes.
    pub(super) fn of_backslashes(text: &[u8]) -> Option<Self> {
        let next = |text: &[u8], from: usize| {
            text[from..].iter().position(|byte| *byte == b'\\').map(|at| from + at)
        };
        let escape = |text: &[u8]| match text {
            [b'\\', rest @ ..] => backslash(rest).map(|(decoded, length)| (decoded, length + 1)),
            _ => None,
        };
        Self::undone(text, next, escape)
    }

    fn undone(
        text: &[u8],
        next: impl Fn(&[u8], usize) -> Option<usize>,
        escape: impl Fn(&[u8]) -> Option<(Decoded, usize)>,
    ) -> Option<Self> {
        let mut rest = next(text, 0)?;
        let mut plain = Self { bytes: Vec::with_capacity(text.len()), shifts: Vec::new() };
        plain.bytes.extend_from_slice(&text[..rest]);
        while rest < text.len() {
            let length = match escape(&text[rest..]) {
                Some((decoded, length)) => {
                    decoded.write(&mut plain.bytes);
                    plain.shifts.push((plain.bytes.len(), rest + length));
                    length
                }
                None => {
                    plain.bytes.push(text[rest]);
                    1
                }
            };
            let end = next(text, rest + length).unwrap_or(text.len());
            plain.bytes.extend_from_slice(&text[rest + length..end]);
            rest = end;
        }
        (!plain.shifts.is_empty()).then_some(plain)
    }

    /// Undoes quoted-printable, in which each `=` begins an escape. Returns `None` if the text has
    /// no such escapes.
    pub(super) fn of_quoted_printable(text: &[u8]) -> Option<Self> {
        // Quoted-printable digits are upper case, so few other texts look like it.
        let digit = |byte: &u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(byte);
        // The lines of a driver's message are indented.
        let margin =
            |text: &[u8]| text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let escape = |text: &[u8]| match text {
            [b'=', b'\r', b'\n', next @ ..] => Some((None, 3 + margin(next))),
            [b'=', b'\n', next @ ..] => Some((None, 2 + margin(next))),
            [b'=', digits @ ..] if digits.get(..2)?.iter().all(digit) => {
                Some((Some(byte(digits)?), 3))
            }
            _ => None,
        };
        let (mut rest, mut done) = (0, 0);
        let mut plain = Self { bytes: Vec::new(), shifts: Vec::new() };
        while let Some(at) = text[rest..].iter().position(|byte| *byte == b'=').map(|at| at + rest)
        {
            rest = at + 1;
            if let Some((decoded, length)) = escape(&text[at..]) {
                plain.bytes.extend_from_slice(&text[done..at]);
                plain.bytes.extend(decoded);
                (rest, done) = (at + length, at + length);
                plain.shifts.push((plain.bytes.len(), done));
            }
        }
        plain.bytes.extend_from_slice(&text[done..]);
        (!plain.shifts.is_empty()).then_some(plain)
    }

    /// Undoes one layer of escapes, and separately of quoted-printable.
    pub(super) fn all_of(text: &[u8]) -> impl Iterator<Item = Self> {
        Self::of(text).into_iter().chain(Self::of_quoted_printable(text))
    }

    /// Maps an offset to the source.
    pub(super) fn source(&self, at: usize) -> usize {
        match self.shifts.partition_point(|(here, _)| *here <= at).checked_sub(1) {
            Some(index) => self.shifts[index].1 + (at - self.shifts[index].0),
            None => at,
        }
    }
}

/// Returns the offset where the next escape can start.
fn next(text: &[u8], from: usize) -> Option<usize> {
    let starts = |byte: &u8| matches!(byte, b'\\' | b'%' | b'&' | b'+' | b'\'' | b'"' | 0);
    text[from..].iter().position(starts).map(|at| from + at)
}

/// The meaning of an escape.
enum Decoded {
    Byte(u8),
    Character(char),
    /// Half of a UTF-16 character.
    Nothing,
}

impl Decoded {
    fn write(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Byte(byte) => bytes.push(*byte),
            Self::Character(c) => {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Self::Nothing => {}
        }
    }
}

/// Decodes the escape at the beginning of `text` and returns its length too.
fn escape(text: &[u8]) -> Option<(Decoded, usize)> {
    match text {
        [0, ..] => Some((Decoded::Nothing, 1)),
        // Form encoding.
        [b'+', ..] => Some((Decoded::Byte(b' '), 1)),
        // Doubled quotes, as in SQL.
        [b'\'', b'\'', ..] | [b'"', b'"', ..] => Some((Decoded::Byte(text[0]), 2)),
        // The old `escape()` of JavaScript.
        [b'%', b'u', rest @ ..] => {
            Some((Decoded::Character(char::from_u32(number(rest.get(..4)?, 16)?)?), 6))
        }
        [b'%', rest @ ..] => Some((Decoded::Byte(byte(rest)?), 3)),
        [b'&', rest @ ..] => entity(rest).map(|(c, length)| (Decoded::Character(c), length + 1)),
        [b'\\', rest @ ..] => backslash(rest).map(|(decoded, length)| (decoded, length + 1)),
        _ => None,
    }
}

/// Decodes the text after a backslash: in JSON, and in the languages that drivers and services are
/// written in.
fn backslash(text: &[u8]) -> Option<(Decoded, usize)> {
    let decoded = match text {
        [b'u', b'{', rest @ ..] => {
            let length = rest.iter().take(7).position(|byte| *byte == b'}')?;
            let character = char::from_u32(number(&rest[..length], 16)?)?;
            return Some((Decoded::Character(character), length + 3));
        }
        [b'u', rest @ ..] => {
            let unit = number(rest.get(..4)?, 16)?;
            if let Some(character) = char::from_u32(unit) {
                return Some((Decoded::Character(character), 5));
            }
            let low = rest.get(4..)?.strip_prefix(br"\u")?.get(..4)?;
            let units = [unit, number(low, 16)?].map(|unit| unit as u16);
            let character = char::decode_utf16(units).next()?.ok()?;
            return Some((Decoded::Character(character), 11));
        }
        [b'U', rest @ ..] => {
            let character = char::from_u32(number(rest.get(..8)?, 16)?)?;
            return Some((Decoded::Character(character), 9));
        }
        [b'x', b'{', rest @ ..] => {
            let length = rest.iter().take(7).position(|byte| *byte == b'}')?;
            let character = char::from_u32(number(&rest[..length], 16)?)?;
            return Some((Decoded::Character(character), length + 3));
        }
        [b'x', rest @ ..] => return Some((Decoded::Byte(byte(rest)?), 3)),
        [b'0'..=b'3', _, _, ..] if number(&text[..3], 8).is_some() => {
            return Some((Decoded::Byte(number(&text[..3], 8)? as u8), 3));
        }
        [b'n', ..] => b'\n',
        [b't', ..] => b'\t',
        [b'r', ..] => b'\r',
        [b'b', ..] => 8,
        [b'f', ..] => 12,
        // Shell.
        [b' ', ..] => b' ',
        [mark, ..] if mark.is_ascii_punctuation() => *mark,
        _ => return None,
    };
    Some((Decoded::Byte(decoded), 1))
}

/// Decodes the text after `&` in HTML and XML. The length includes the `;`.
fn entity(text: &[u8]) -> Option<(char, usize)> {
    let length = text.iter().take(10).position(|byte| *byte == b';')?;
    let character = match &text[..length] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    Some((character, length + 1))
}

fn byte(text: &[u8]) -> Option<u8> {
    number(text.get(..2)?, 16).map(|number| number as u8)
}

/// Parses digits without a sign.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok()?;
    let sound = digits.chars().all(|digit| digit.is_digit(radix));
    u32::from_str_radix(digits, radix).ok().filter(|_| sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        Unescaped::of(text.as_bytes())
            .map_or_else(|| text.to_owned(), |plain| String::from_utf8(plain.bytes).unwrap())
    }

    #[test]
    fn every_escape_is_decoded_once() {
        for (text, expected) in [
            (r#"a\"b\\c\/d\n\t"#, "a\"b\\c/d\n\t"),
            (r"w\u00f6\u00F6\ud83D\uDe00rd", "wöö😀rd"),
            (r"w\u{f6}\u{1f600}", "wö😀"),
            (r"w\xc3\xB6 \303\266", "wö ö"),
            ("w%c3%B6+%2b", "wö +"),
            ("&lt;&gt;&amp;&quot;&apos;&#246;&#xF6;", "<>&\"'öö"),
            ("a\0b\0", "ab"),
            (r"\\u00f6", r"\u00f6"),
            ("%2541", "%41"),
            ("it''s \"\"so\"\" 'x'", "it's \"so\" 'x'"),
            (r"\x{f6}\U000000f6 a\ b", "öö a b"),
            ("%u00f6", "ö"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn invalid_escapes_are_unchanged() {
        for text in [
            "",
            "a",
            r"\",
            r"\u",
            r"\u00",
            r"\uzzzz",
            r"\ud83d",
            r"\ud83d\u0041",
            r"\u{}",
            r"\u{110000}",
            r"\u{0000041}",
            r"\x",
            r"\xg0",
            r"\a",
            r"\é",
            "%",
            "%4",
            "%zz",
            "&",
            "&;",
            "&no;",
            "&#;",
            "&#x;",
            "&#x110000;",
            "&amp",
            r"\400",
        ] {
            // The text after a lone surrogate is undone.
            let expected = if text == r"\ud83d\u0041" { r"\ud83dA" } else { text };
            assert_eq!(plain(text), expected, "{text}");
        }
    }

    #[test]
    fn quoted_printable_is_decoded_with_soft_line_breaks() {
        let text = b"w=C3=B6rd=3D=\r\n    x=20 a=bc ==";
        let plain = Unescaped::of_quoted_printable(text).unwrap();
        assert_eq!(String::from_utf8(plain.bytes.clone()).unwrap(), "wörd=x  a=bc ==");
        let at = plain.bytes.iter().position(|byte| *byte == b'x').unwrap();
        assert_eq!(text[plain.source(at)], b'x');
        assert!(
            Unescaped::of_quoted_printable(b"a=b c=12x3 q=").is_none_or(|of| of.bytes != b"a=b")
        );
        assert!(Unescaped::of_quoted_printable(b"a=b, c==").is_none());
    }

    #[test]
    fn decoded_bytes_map_to_source_offsets() {
        let plain = Unescaped::of(br"ab\u00f6c%41d").unwrap();
        assert_eq!(plain.bytes, "aböcAd".as_bytes());
        let offsets: Vec<_> = [0, 1, 2, 4, 5, 6, 7].map(|at| plain.source(at)).to_vec();
        assert_eq!(offsets, [0, 1, 2, 8, 9, 12, 13]);
    }
}
