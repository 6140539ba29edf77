//! Numbers as other countries write them.

use std::borrow::Cow;

/// The characters inside of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notation {
    decimal: u8,
    thousands: Option<u8>,
}

impl Notation {
    /// The character before decimals, and the one between groups of three
    /// digits.
    pub(crate) fn new(decimal: u8, thousands: Option<u8>) -> Self {
        Self { decimal, thousands }
    }

    /// Returns whether numbers are written as programs write them.
    #[inline]
    pub(crate) fn is_plain(self) -> bool {
        self.decimal == b'.' && self.thousands.is_none()
    }

    /// A number as programs write it; none if it has a point where another
    /// character is wanted, or groups of other than three digits.
    #[inline]
    pub(crate) fn plain(self, text: &[u8]) -> Option<Cow<'_, [u8]>> {
        if self.is_plain() { Some(Cow::Borrowed(text)) } else { self.rewrite(text).map(Cow::Owned) }
    }

    fn rewrite(self, text: &[u8]) -> Option<Vec<u8>> {
        let end = text.iter().position(|byte| *byte == self.decimal).unwrap_or(text.len());
        let (whole, rest) = text.split_at(end);
        let mut plain = Vec::with_capacity(text.len());
        match self.thousands.filter(|separator| whole.contains(separator)) {
            Some(separator) => {
                let (sign, digits) = match whole {
                    [sign @ (b'+' | b'-'), digits @ ..] => (Some(*sign), digits),
                    digits => (None, digits),
                };
                plain.extend(sign);
                for (index, group) in digits.split(|byte| *byte == separator).enumerate() {
                    let full = group.len() == 3 || (index == 0 && (1..3).contains(&group.len()));
                    if !full || !group.iter().all(u8::is_ascii_digit) {
                        return None;
                    }
                    plain.extend_from_slice(group);
                }
            }
            None => plain.extend_from_slice(whole),
        }
        if plain.contains(&b'.') && self.decimal != b'.' {
            return None;
        }
        if let [_, decimals @ ..] = rest {
            if decimals.contains(&b'.') {
                return None;
            }
            plain.push(b'.');
            plain.extend_from_slice(decimals);
        }
        Some(plain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str, decimal: u8, thousands: Option<u8>) -> Option<String> {
        let plain = Notation::new(decimal, thousands).plain(text.as_bytes())?.into_owned();
        Some(String::from_utf8_lossy(&plain).into_owned())
    }

    #[test]
    fn decimal_comma_and_thousands_are_normalized() {
        for (text, decimal, thousands, expected) in [
            ("2,50", b',', None, Some("2.50")),
            ("-1.234.567,8", b',', Some(b'.'), Some("-1234567.8")),
            ("100,000.00", b'.', Some(b','), Some("100000.00")),
            ("1 000", b',', Some(b' '), Some("1000")),
            ("1,5e3", b',', None, Some("1.5e3")),
            ("1.5", b',', None, None),
            ("1.5", b',', Some(b'.'), None),
            ("1,00", b'.', Some(b','), None),
            ("1,0000", b'.', Some(b','), None),
            (",100", b'.', Some(b','), None),
            ("1,,000", b'.', Some(b','), None),
            ("1,5.0", b',', None, None),
            ("1.000,000.5", b',', Some(b'.'), None),
        ] {
            assert_eq!(plain(text, decimal, thousands).as_deref(), expected, "{text}");
        }
    }
}
