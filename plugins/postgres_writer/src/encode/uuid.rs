//! UUIDs.

use super::Misfit;

/// The bytes of a UUID in any of the forms that PostgreSQL reads: with or
/// without hyphens after every four digits, and with or without braces.
pub(super) fn parse(text: &[u8]) -> Result<[u8; 16], Misfit> {
    let inner = text.strip_prefix(b"{").and_then(|text| text.strip_suffix(b"}"));
    digits(inner.unwrap_or(text)).ok_or_else(|| Misfit::new("is no UUID"))
}

fn digits(text: &[u8]) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    let mut count = 0;
    let mut after_hyphen = true;
    for &character in text {
        if character == b'-' && count % 4 == 0 && !after_hyphen && count < 32 {
            after_hyphen = true;
            continue;
        }
        after_hyphen = false;
        let digit =
            char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok())?;
        let byte = bytes.get_mut(count / 2)?;
        *byte = *byte << 4 | digit;
        count += 1;
    }
    (count == 32).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_uuid_form_parses() {
        let canonical = parse(b"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11").unwrap();
        for form in [
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11",
        ] {
            assert_eq!(parse(form.as_bytes()).as_ref(), Ok(&canonical), "{form}");
        }
        for form in [
            "",
            "a0eebc99",
            "a0eebc99--9c0b4ef8bb6d6bb9bd380a11",
            "g0eebc999c0b4ef8bb6d6bb9bd380a11",
        ] {
            assert!(parse(form.as_bytes()).is_err(), "{form}");
        }
    }
}
