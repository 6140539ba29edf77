//! Secrets stay out of everything that a session writes.

use std::borrow::Cow;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// What stands in place of a secret.
pub const MASK: &str = "***MASKED***";

/// A shorter value is no secret: masking it would only show that it is there.
const SHORTEST: usize = 4;
/// A shorter line of a secret may stand anywhere.
const SHORTEST_LINE: usize = 16;

/// Knows the secret values of a run. Every sink of a session passes its text
/// through the run's one redactor.
#[derive(Default)]
pub struct Redactor {
    /// Finds all of them in one pass; none if there is nothing to find.
    finder: Option<AhoCorasick>,
}

impl Redactor {
    /// Masks these values in every form in which they travel. One of fewer than
    /// four bytes masks nothing.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        // A driver may have cut off the end of a line that came with it.
        let both = secrets.into_iter().flat_map(|secret| [secret.trim().to_owned(), secret]);
        let long = both.filter(|secret| secret.len() >= SHORTEST);
        let mut needles: Vec<String> = long.flat_map(|secret| forms(&secret)).collect();
        needles.sort();
        needles.dedup();
        if needles.is_empty() {
            return Self::default();
        }
        // The longest first, so that a secret that contains another is masked whole.
        let kind = MatchKind::LeftmostLongest;
        // Only a pattern set beyond any size that a connection file can have is refused.
        Self { finder: AhoCorasick::builder().match_kind(kind).build(needles).ok() }
    }

    /// The text with every known secret masked.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match &self.finder {
            Some(finder) if finder.is_match(text) => {
                let mut masked = String::with_capacity(text.len());
                finder.replace_all_with(text, &mut masked, |_, _, masked| {
                    masked.push_str(MASK);
                    true
                });
                Cow::Owned(masked)
            }
            _ => Cow::Borrowed(text),
        }
    }

    /// Masks in every key and value.
    pub fn map(&self, map: &mut Map<String, Value>) {
        if self.finder.is_none() {
            return;
        }
        for (key, mut value) in std::mem::take(map) {
            self.value(&mut value);
            map.insert(self.text(&key).into_owned(), value);
        }
    }

    /// Masks in every string of the value, keys included.
    pub fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text).into_owned(),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(map) => self.map(map),
            // A secret made of digits may have been read as a number.
            Value::Number(number) => {
                if let Cow::Owned(masked) = self.text(&number.to_string()) {
                    *value = Value::String(masked);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let forms = self.finder.as_ref().map_or(0, AhoCorasick::patterns_len);
        write!(f, "Redactor({forms} forms)")
    }
}

/// A secret as it is, in a JSON string and in one inside another, in hexadecimal,
/// percent-encoded as whole and as the part of a form, and in base64 wherever it
/// stands in what was encoded. The lines of one that has several count alone too:
/// what a driver prints goes through here line by line.
fn forms(secret: &str) -> Vec<String> {
    let once = quoted(secret);
    let mut forms = vec![secret.to_owned(), quoted(&once), once];
    for digits in [digits(secret, ""), digits(secret, "%")] {
        forms.extend([digits.to_uppercase(), digits]);
    }
    if secret.contains('\n') {
        let lines = secret.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
        forms.extend(lines.map(str::to_owned));
        // As it stands in a driver's message, whose lines are set in.
        forms.push(secret.replace('\n', "\n    "));
    }
    for set in [NON_ALPHANUMERIC, &COMPONENT, &USERINFO] {
        let encoded = utf8_percent_encode(secret, set).to_string();
        forms.push(encoded.replace("%20", "+"));
        forms.push(lowered(&encoded));
        forms.push(encoded);
    }
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for before in 0..3 {
            forms.extend(base64(engine, secret, before));
        }
    }
    forms
}

/// The inside of a JSON string.
fn quoted(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// Each byte in two digits, behind `before`.
fn digits(text: &str, before: &str) -> String {
    text.bytes().map(|byte| format!("{before}{byte:02x}")).collect()
}

/// What does not stand for itself in a query.
const COMPONENT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// What does not stand for itself before the host of an address.
const USERINFO: AsciiSet = COMPONENT
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// The same with the digits of `%C3` in lower case.
fn lowered(encoded: &str) -> String {
    let mut digits = 0;
    encoded
        .chars()
        .map(|character| {
            digits = if character == '%' { 2 } else { i32::max(digits - 1, -1) };
            if digits >= 0 { character.to_ascii_lowercase() } else { character }
        })
        .collect()
}

/// What base64 makes of the secret behind `before` other bytes, without the
/// characters that also depend on its neighbours. None if that is too little to
/// be looked for.
fn base64(engine: &GeneralPurpose, secret: &str, before: usize) -> Option<String> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret.as_bytes());
    let encoded = engine.encode(&bytes);
    let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    encoded.get(start..end).filter(|part| part.len() > SHORTEST).map(str::to_owned)
}

/// The configuration with the values at these JSON pointers masked. A pointer
/// to nothing, or to null, masks nothing; one to an object masks all of it.
#[must_use]
pub fn mask(config: &Value, pointers: &[String]) -> Value {
    let mut masked = config.clone();
    for pointer in pointers {
        if let Some(value) = masked.pointer_mut(pointer)
            && !value.is_null()
        {
            *value = Value::from(MASK);
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let redactor = Redactor::new(["pa\"ss".to_owned(), "pa\"ssword".to_owned(), String::new()]);
        assert_eq!(redactor.text("at pa\"ssword!"), "at ***MASKED***!");
        assert_eq!(redactor.text(r#"{"p":"pa\"ss"}"#), r#"{"p":"***MASKED***"}"#);
        let mut value = json!({"a": ["pa\"ss"], "pa\"ss": 1});
        redactor.value(&mut value);
        assert_eq!(value, json!({"a": [MASK], MASK: 1}));
    }

    #[test]
    fn a_secret_is_masked_in_every_form() {
        let secret = "p@ss wörd/1";
        let redactor = Redactor::new([secret.to_owned()]);
        let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
        for text in [
            percent.to_lowercase(),
            format!("mysql://u:{percent}@h/db"),
            "q=p%40ss+w%C3%B6rd%2F1&x".to_owned(),
            "704073732077C3B672642F31".to_owned(),
            "704073732077c3b672642f31".to_owned(),
            "%70%40%73%73%20%77%C3%B6%72%64%2F%31".to_owned(),
        ] {
            assert!(redactor.text(&text).contains(MASK), "{text}");
        }
        for before in ["", "u", "us", "user:"] {
            for after in ["", "!", "!!"] {
                let plain = format!("{before}{secret}{after}");
                for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
                    let text = engine.encode(&plain);
                    assert!(redactor.text(&text).contains(MASK), "{plain}: {text}");
                }
            }
        }
    }

    #[test]
    fn a_secret_is_masked_in_json_within_json() {
        let redactor = Redactor::new(["pa\"ss".to_owned()]);
        let text = json!({"body": json!({"pin": "pa\"ss"}).to_string()}).to_string();
        let masked = redactor.text(&text);
        assert!(masked.contains(MASK) && !masked.contains("pa"), "{masked}");
    }

    #[test]
    fn the_lines_of_a_key_are_masked_one_by_one() {
        let redactor = Redactor::new(["-----BEGIN-----\nMIIEvQIBADANBgkq\nend\n".to_owned()]);
        assert_eq!(redactor.text("key: MIIEvQIBADANBgkq"), format!("key: {MASK}"));
        assert_eq!(redactor.text("at the end"), "at the end");
        let set_in = "-----BEGIN-----\n    MIIEvQIBADANBgkq\n    end\n    ";
        assert_eq!(redactor.text(set_in), MASK);
    }

    #[test]
    fn what_is_too_short_masks_nothing() {
        assert_eq!(Redactor::new(["abc".to_owned()]).text("abc"), "abc");
    }

    #[test]
    fn the_end_of_a_line_is_no_part_of_a_secret() {
        let redactor = Redactor::new(["hunter2\n".to_owned()]);
        assert_eq!(redactor.text("it is hunter2!"), format!("it is {MASK}!"));
    }

    #[test]
    fn a_secret_number_is_masked() {
        let mut value = json!({"pin": 123456, "rows": 7});
        Redactor::new(["123456".to_owned()]).value(&mut value);
        assert_eq!(value, json!({"pin": MASK, "rows": 7}));
    }

    #[test]
    fn pointers_mask_only_what_is_there() {
        let config = json!({"host": "db", "auth": {"key": "k", "none": null}, "list": ["a", "b"]});
        let pointers = ["/auth/key", "/auth/none", "/list/1", "/missing/deep"].map(str::to_owned);
        assert_eq!(
            mask(&config, &pointers),
            json!({"host": "db", "auth": {"key": MASK, "none": null}, "list": ["a", MASK]})
        );
    }
}
