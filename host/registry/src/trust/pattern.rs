//! Patterns that select the drivers of a rule.

use std::fmt;
use std::str::FromStr;

/// The drivers that a rule applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// `*`: every driver.
    All,
    /// `acme.*`: a family.
    Family(String),
    /// `acme.crm_extractor`: one name.
    Name(String),
    /// `sha256:...`: one file, signed or not.
    Sha256(String),
}

impl Pattern {
    /// Returns whether the pattern matches a driver with this name and any of these hashes.
    pub fn matches(&self, name: &str, hashes: &[&str]) -> bool {
        match self {
            Self::All => true,
            Self::Family(family) => name.split_once('.').is_some_and(|(first, _)| first == family),
            Self::Name(only) => only == name,
            Self::Sha256(hash) => hashes.contains(&hash.as_str()),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Family(family) => write!(f, "{family}.*"),
            Self::Name(name) => f.write_str(name),
            Self::Sha256(hash) => write!(f, "sha256:{hash}"),
        }
    }
}

impl FromStr for Pattern {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::All);
        }
        if let Some(hash) = text.strip_prefix("sha256:") {
            let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            return match hash.len() == 64 && hash.bytes().all(is_digit) {
                true => Ok(Self::Sha256(hash.to_owned())),
                false => Err("expected `sha256:` and 64 hex digits in lower case".to_owned()),
            };
        }
        match text.split_once('.') {
            Some((family, "*")) if is_word(family) => Ok(Self::Family(family.to_owned())),
            Some((family, role)) if is_word(family) && is_word(role) => {
                Ok(Self::Name(text.to_owned()))
            }
            _ => Err("use a name like `acme.crm_extractor`, a family like `acme.*`, \
                      `sha256:...` or `*`"
                .to_owned()),
        }
    }
}

/// Returns whether `text` is a valid part of a driver's name, before or after the dot.
fn is_word(text: &str) -> bool {
    let is_first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_part = |byte: u8| is_first(byte) || byte == b'_' || byte == b'-';
    text.bytes().next().is_some_and(is_first) && text.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_names_families_and_hashes() {
        let hash = "a".repeat(64);
        for (pattern, expected) in [
            ("*", true),
            ("acme.*", true),
            ("acme.crm", true),
            ("acme.crm_extractor", false),
            ("acmes.*", false),
            (&format!("sha256:{hash}"), true),
            (&format!("sha256:{}", "b".repeat(64)), false),
        ] {
            let parsed: Pattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches("acme.crm", &[&hash]), expected, "{pattern}");
            assert_eq!(parsed.to_string(), pattern);
        }
    }

    #[test]
    fn invalid_pattern_is_rejected() {
        for text in ["", "acme", "*.*", "acme.c*", "acme.", "a.b.c", "sha256:ABC", "Acme.crm"] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }
}
