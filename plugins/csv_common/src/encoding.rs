//! How text is turned into bytes.

use serde::Deserialize;

/// How text is turned into bytes. Names are those that Python knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    #[default]
    #[serde(rename = "utf-8", alias = "utf8", alias = "utf-8-sig")]
    Utf8,
    /// UTF-16. Read: as its byte order mark says, little-endian without one.
    /// Written: little-endian with a mark.
    #[serde(rename = "utf-16", alias = "utf16")]
    Utf16,
    /// The 128 characters of ASCII.
    #[serde(rename = "ascii", alias = "us-ascii")]
    Ascii,
    /// ISO 8859-1: the first 256 characters of Unicode.
    #[serde(rename = "latin-1", alias = "latin1", alias = "iso-8859-1", alias = "iso8859-1")]
    Latin1,
    /// What Windows wrote in western Europe.
    #[serde(rename = "windows-1252", alias = "cp1252")]
    Windows1252,
}

impl Encoding {
    /// Its name in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
            Self::Ascii => "ascii",
            Self::Latin1 => "latin-1",
            Self::Windows1252 => "windows-1252",
        }
    }
}
