//! Encodings of text as bytes.

use encoding_rs::{ISO_8859_2, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use serde::{Deserialize, Deserializer, de};

/// An encoding: the bytes of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8. Read: with or without a byte order mark. Written: without.
    #[default]
    Utf8,
    /// The same. Written: with a mark, as Excel wants it.
    Utf8Marked,
    /// UTF-16. Read: in the order that the byte order mark or the zeros of
    /// ASCII show. Written: little-endian with a mark.
    Utf16,
    /// UTF-16, the lower byte of a unit first. Written: without a mark.
    Utf16Little,
    /// UTF-16, the higher byte of a unit first. Written: without a mark.
    Utf16Big,
    /// The 128 characters of ASCII.
    Ascii,
    /// ISO 8859-1: the first 256 characters of Unicode.
    Latin1,
    /// One of the Encoding Standard, <https://encoding.spec.whatwg.org>.
    Other(&'static encoding_rs::Encoding),
}

impl Encoding {
    /// The Windows encoding of western Europe.
    pub const WINDOWS_1252: Self = Self::Other(WINDOWS_1252);
    /// The ISO encoding of central Europe.
    pub const LATIN_2: Self = Self::Other(ISO_8859_2);

    /// The encoding of that name: those that Python knows, then the labels of
    /// the Encoding Standard. The standard takes `ascii` and `latin-1` for
    /// windows-1252; here they are what they are called.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase().replace('_', "-");
        Some(match name.as_str() {
            "utf-8" | "utf8" => Self::Utf8,
            "utf-8-sig" | "utf8-sig" => Self::Utf8Marked,
            "utf-16" | "utf16" => Self::Utf16,
            "utf-16-le" | "utf-16le" | "utf16le" => Self::Utf16Little,
            "utf-16-be" | "utf-16be" | "utf16be" => Self::Utf16Big,
            "ascii" | "us-ascii" => Self::Ascii,
            "latin-1" | "latin1" | "l1" | "iso-8859-1" | "iso8859-1" | "iso88591" | "cp819" => {
                Self::Latin1
            }
            _ => {
                // Underscores are part of some of the standard's labels, hyphens of others.
                let label = encoding_rs::Encoding::for_label;
                let known = label(name.as_bytes())
                    .or_else(|| label(name.replace('-', "_").as_bytes()))
                    .or_else(|| label(python(&name)?.as_bytes()))?;
                match known {
                    _ if known == UTF_8 => Self::Utf8,
                    _ if known == UTF_16LE => Self::Utf16Little,
                    _ if known == UTF_16BE => Self::Utf16Big,
                    // Not of text, or of no text in particular.
                    _ if ["replacement", "x-user-defined"].contains(&known.name()) => return None,
                    _ => Self::Other(known),
                }
            }
        })
    }

    /// Its name in a configuration.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Utf8 => "utf-8".to_owned(),
            Self::Utf8Marked => "utf-8-sig".to_owned(),
            Self::Utf16 => "utf-16".to_owned(),
            Self::Utf16Little => "utf-16-le".to_owned(),
            Self::Utf16Big => "utf-16-be".to_owned(),
            Self::Ascii => "ascii".to_owned(),
            Self::Latin1 => "latin-1".to_owned(),
            Self::Other(encoding) => encoding.name().to_ascii_lowercase(),
        }
    }

    /// Returns whether the encoding is UTF-16, in any order.
    #[must_use]
    pub fn is_utf16(self) -> bool {
        matches!(self, Self::Utf16 | Self::Utf16Little | Self::Utf16Big)
    }
}

/// The standard's label of an encoding that Python calls otherwise.
fn python(name: &str) -> Option<&'static str> {
    Some(match name {
        "cp932" | "ms-kanji" | "s-jis" => "shift_jis",
        "cp936" | "ms936" => "gbk",
        "cp949" | "uhc" => "euc-kr",
        "cp950" => "big5",
        "iso8859-11" | "iso-8859-11" | "cp874" => "windows-874",
        "mac-roman" => "macintosh",
        "mac-cyrillic" => "x-mac-cyrillic",
        "eucjp" => "euc-jp",
        "euckr" => "euc-kr",
        _ => return None,
    })
}

/// Known names that a name may be a slip of the pen for. Their digits are those
/// of the name: windows-1250 is no slip for windows-1259 but another encoding,
/// which reads every byte and means something else.
fn alike(name: &str) -> Vec<&'static str> {
    const SLIPS: usize = 2;
    let name = name.trim().to_ascii_lowercase().replace('_', "-");
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let mut found: Vec<_> = KNOWN
        .iter()
        .filter(|known| digits(known) == digits(&name))
        .map(|known| (strsim::osa_distance(&known.replace('_', "-"), &name), *known))
        .filter(|(distance, known)| *distance <= SLIPS && *distance * 2 < known.len())
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, known)| known).collect()
}

/// Names of the encodings, to be proposed.
const KNOWN: [&str; 44] = [
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "ascii",
    "latin-1",
    "big5",
    "euc-jp",
    "euc-kr",
    "gb18030",
    "gbk",
    "ibm866",
    "iso-2022-jp",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-3",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "iso-8859-8",
    "iso-8859-10",
    "iso-8859-13",
    "iso-8859-14",
    "iso-8859-15",
    "iso-8859-16",
    "koi8-r",
    "koi8-u",
    "latin2",
    "macintosh",
    "shift_jis",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "x-mac-cyrillic",
    "cp1252",
];

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        Self::parse(&name).ok_or_else(|| {
            let alike = alike(&name).join(", ");
            let alike = if alike.is_empty() { alike } else { format!("; known names like it: {alike}") };
            de::Error::custom(format!(
                "{name:?} is no encoding that is known; use utf-8, utf-16, ascii, latin-1, or a \
                 name of the Encoding Standard such as windows-1250, iso-8859-2, shift_jis, gbk{alike}"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_and_standard_encoding_names_are_known() {
        for (name, expected) in [
            ("UTF-8", Encoding::Utf8),
            ("utf_8_sig", Encoding::Utf8Marked),
            ("utf-16be", Encoding::Utf16Big),
            ("iso-8859-1", Encoding::Latin1),
            ("us-ascii", Encoding::Ascii),
            ("cp1252", Encoding::WINDOWS_1252),
            ("iso8859_2", Encoding::LATIN_2),
            ("latin2", Encoding::LATIN_2),
            ("shift_jis", Encoding::Other(encoding_rs::SHIFT_JIS)),
            ("sjis", Encoding::Other(encoding_rs::SHIFT_JIS)),
            ("cp932", Encoding::Other(encoding_rs::SHIFT_JIS)),
            ("iso-8859-15", Encoding::Other(encoding_rs::ISO_8859_15)),
            ("koi8_r", Encoding::Other(encoding_rs::KOI8_R)),
            ("gb2312", Encoding::Other(encoding_rs::GBK)),
            ("windows-1251", Encoding::Other(encoding_rs::WINDOWS_1251)),
        ] {
            assert_eq!(Encoding::parse(name), Some(expected), "{name}");
            assert_eq!(Encoding::parse(&expected.name()), Some(expected), "{name}");
        }
        for name in ["", "utf-32", "utf-7", "ebcdic", "replacement", "x-user-defined"] {
            assert_eq!(Encoding::parse(name), None, "{name}");
        }
    }

    #[test]
    fn unknown_encoding_gets_no_suggestion() {
        let error = serde_json::from_value::<Encoding>("windows-1259".into()).expect_err("unknown");
        assert!(
            error.to_string().contains("\"windows-1259\" is no encoding that is known"),
            "{error}"
        );
        assert!(!error.to_string().contains("like it"), "{error}");
    }

    #[test]
    fn misspelled_encoding_gets_suggestions() {
        for (name, expected) in [
            ("uft-8", vec!["utf-8"]),
            ("UTF 16", vec!["utf-16"]),
            ("windws-1252", vec!["windows-1252"]),
            ("shift-jsi", vec!["shift_jis"]),
            ("iso_8859_15x", vec!["iso-8859-15"]),
            ("euc-jr", vec!["euc-jp", "euc-kr"]),
            // Other digits are other encodings.
            ("utf-32", vec![]),
            ("iso-8859-17", vec![]),
            ("ebcdic", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(alike(name), expected, "{name}");
        }
        let error = serde_json::from_value::<Encoding>("uft-8".into()).expect_err("unknown");
        assert!(error.to_string().ends_with("gbk; known names like it: utf-8"), "{error}");
        for name in KNOWN {
            assert!(Encoding::parse(name).is_some(), "{name}");
        }
    }
}
