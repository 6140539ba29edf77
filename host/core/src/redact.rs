//! Masks secrets in everything that a session writes.
//!
//! A secret is found verbatim, in upper and lower case, and in the forms that programs turn it
//! into:
//! - with escapes, in any mixture, up to three layers of them: JSON (`\"`, `\/`,
//!   `\u00f6`), programming languages (`\xc3\xb6`, `\303\266`, `\u{f6}`), SQL (`''`),
//!   percent-encoding and forms (`%C3%b6`, `+`), HTML (`&quot;`, `&#246;`),
//!   quoted-printable (`=C3=B6`), and UTF-16 as far as it is ASCII between NULs;
//! - with characters other than letters and digits added or removed: wrapped lines, doubled
//!   quotes, one character per line;
//! - in hexadecimal, as a list of bytes, and in base64 at any alignment, once and twice,
//!   inside JSON too, with any separators between the digits or the lines;
//! - each of its lines alone, if long enough to be unambiguous.
//!
//! A secret that a driver reverses, splits or encrypts cannot be found.

mod alphanumeric;
mod encodings;
mod unescape;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use serde_json::{Map, Value};

use self::alphanumeric::{Alphanumerics, Beginnings};
use self::encodings::Encodings;
use self::unescape::Unescaped;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, Error, Result};
use crate::telemetry::Number;

/// Replacement for a secret.
pub const MASK: &str = "***MASKED***";

/// Minimum length of a secret in bytes: masking a shorter value would only show where it occurs.
const SHORTEST: usize = 4;
/// Layers of escapes that are undone.
const LAYERS: usize = 3;
/// Maximum bytes that escapes make of one byte: `&amp;#x00f6;` is among the longest.
const GROWTH: usize = 12;
/// Bytes of a text that are searched together.
const WINDOW: usize = 64 << 10;
/// Maximum bytes of all secrets of a run together.
const MAX_BYTES: usize = 8 << 20;

/// The secret values of a run. Every output of a session passes its text through the run's one
/// redactor. Clones are cheap.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Finds all secrets in one pass, or `None` if there are no secrets.
    finder: Option<Finder>,
    /// Maximum length of a secret in a text, in bytes.
    max_length: usize,
}

#[derive(Clone)]
struct Finder {
    /// Finds secrets verbatim, in any case.
    plain: AhoCorasick,
    /// Finds the letters and digits of a secret and of its encodings in [`Alphanumerics`] text, or
    /// `None` if all of them are too short.
    alphanumeric: Option<AhoCorasick>,
    beginnings: Arc<Beginnings>,
}

impl Redactor {
    /// Creates a redactor that masks these values in all supported encodings. Values of fewer than
    /// four bytes are ignored.
    ///
    /// # Errors
    /// Returns an error if the secrets cannot be searched for, since a run without a redactor would
    /// reveal them.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Result<Self> {
        // A driver may have trimmed the newline at the end of a secret.
        let both = secrets.into_iter().flat_map(|secret| [secret.trim().to_owned(), secret]);
        let mut long: Vec<String> = both.filter(|secret| secret.len() >= SHORTEST).collect();
        long.sort();
        long.dedup();
        if long.is_empty() {
            return Ok(Self::default());
        }
        let size: usize = long.iter().map(String::len).sum();
        if size > MAX_BYTES {
            let limit = crate::text::format_bytes(MAX_BYTES as u64);
            return Err(unusable(&format!("their total size exceeds {limit}")));
        }
        let Encodings { mut plain, mut alphanumeric } = Encodings::of(&long);
        // Undoing escapes in a text also undoes apparent escapes in the secret itself.
        let mut newest = plain.clone();
        for _ in 0..LAYERS {
            newest =
                newest.iter().flat_map(|form| Unescaped::all_of(form)).map(|of| of.bytes).collect();
            plain.extend(newest.iter().filter(|form| form.len() >= SHORTEST).cloned());
        }
        for needles in [&mut plain, &mut alphanumeric] {
            needles.sort();
            needles.dedup();
        }
        let longest = plain.iter().chain(&alphanumeric).map(Vec::len).max().unwrap_or_default();
        let build = |needles: &[Vec<u8>]| {
            let built = AhoCorasick::builder().ascii_case_insensitive(true).build(needles);
            built.map_err(|error| unusable(&error.to_string()))
        };
        let beginnings = Arc::new(Beginnings::of(alphanumeric.clone()));
        let alphanumeric = (!alphanumeric.is_empty()).then(|| build(&alphanumeric)).transpose()?;
        let finder = Finder { plain: build(&plain)?, alphanumeric, beginnings };
        Ok(Self { finder: Some(finder), max_length: longest * GROWTH })
    }

    /// Returns the text with every known secret masked.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let secrets = self.secrets(text.as_bytes());
        if secrets.is_empty() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(masked(text.as_bytes(), &secrets))
    }

    /// Masks the beginning of a text and returns it with the offset where the rest begins: `limit`,
    /// or the end of the secret that crosses `limit`. A cut never leaves half a secret if `text`
    /// extends [`Redactor::lookahead`] bytes past `limit` or is complete.
    pub fn redact_prefix(&self, text: &[u8], limit: usize) -> (String, usize) {
        let mut secrets =
            self.secrets(&text[..text.len().min(limit.saturating_add(self.max_length))]);
        let end = boundary(text, limit);
        secrets.retain(|secret| secret.start < end);
        let end = secrets.last().map_or(end, |last| last.end.max(end));
        (masked(&text[..end], &secrets), end)
    }

    /// Returns the number of bytes after an offset that must be known to find every secret that
    /// begins before it.
    pub fn lookahead(&self) -> usize {
        self.max_length
    }

    /// Returns whether a text visibly ends in the middle of a secret, so that the next line can
    /// have the rest.
    pub fn may_continue(&self, text: &[u8]) -> bool {
        let Some(Finder { beginnings, .. }) = &self.finder else { return false };
        let text = &text[text.len().saturating_sub(self.max_length)..];
        beginnings.ends(text) || Unescaped::all_of(text).any(|plain| beginnings.ends(&plain.bytes))
    }

    /// Returns the ranges of the secrets, sorted and disjoint.
    fn secrets(&self, text: &[u8]) -> Vec<Range<usize>> {
        let Some(finder) = &self.finder else { return Vec::new() };
        let step = WINDOW.max(self.max_length);
        let mut all: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        // Window by window, so that the memory needed does not grow with the text.
        while from < text.len() {
            let end = text.len().min(from + step + self.max_length);
            for found in finder.in_window(&text[from..end]) {
                let found = from + found.start..from + found.end;
                if found.start >= from + step {
                    // The next window sees all of it.
                    break;
                }
                match all.last_mut() {
                    Some(last) if found.start <= last.end => last.end = last.end.max(found.end),
                    _ => all.push(found),
                }
            }
            from = if end == text.len() { end } else { from + step };
        }
        all
    }

    /// Masks secrets in every key and value.
    pub fn redact_map(&self, map: &mut Map<String, Value>) {
        if self.finder.is_none() {
            return;
        }
        for (key, mut value) in std::mem::take(map) {
            self.redact_value(&mut value);
            map.insert(self.redact(&key).into_owned(), value);
        }
    }

    /// Masks secrets in every string of the value, keys included.
    pub fn redact_value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.redact(text).into_owned(),
            Value::Array(items) => items.iter_mut().for_each(|item| self.redact_value(item)),
            Value::Object(map) => self.redact_map(map),
            // A secret made of digits may have been parsed as a number.
            Value::Number(number) => {
                if let Cow::Owned(masked) = self.redact(&number.to_string()) {
                    *value = Value::String(masked);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Returns whether a number, as text, is or contains a secret.
    pub fn hides_number(&self, number: Number) -> bool {
        let text = match number {
            Number::Unsigned(number) => number.to_string(),
            Number::Integer(number) => number.to_string(),
            Number::Float(number) => number.to_string(),
        };
        matches!(self.redact(&text), Cow::Owned(_))
    }
}

fn unusable(reason: &str) -> Error {
    let message = format!("cannot mask the secrets of the connections: {reason}");
    let help = "pass the path of a file to the connection instead of the file's content";
    Error::environment(Diagnostic::new(Code::SecretsUnusable, message).help(help))
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count = |finder: &Finder| {
            finder.plain.patterns_len()
                + finder.alphanumeric.as_ref().map_or(0, AhoCorasick::patterns_len)
        };
        let forms = self.finder.as_ref().map_or(0, count);
        write!(f, "Redactor({forms} forms)")
    }
}

impl Finder {
    /// Finds every secret in a text and in its unescaped forms, sorted by start.
    fn in_window(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.look(text, &|at| at, &mut found);
        // Separate pass, since other encodings would misread the escapes of quoted-printable.
        let printable = Unescaped::of_quoted_printable(text);
        if let Some(plain) = &printable {
            self.look(&plain.bytes, &|at| plain.source(at), &mut found);
        }
        for undo in [Unescaped::of, Unescaped::of_backslashes] {
            self.escaped(text, undo, &|at| at, &mut found);
            if let Some(plain) = &printable {
                self.escaped(&plain.bytes, undo, &|at| plain.source(at), &mut found);
            }
        }
        found.sort_by_key(|found| found.start);
        found
    }

    /// Finds secrets in each layer of a text's escapes.
    fn escaped(
        &self,
        text: &[u8],
        undo: fn(&[u8]) -> Option<Unescaped>,
        source: &dyn Fn(usize) -> usize,
        found: &mut Vec<Range<usize>>,
    ) {
        let mut layers: Vec<Unescaped> = Vec::new();
        while layers.len() < LAYERS {
            let inner = layers.last().map_or(text, |plain| &plain.bytes);
            let Some(plain) = undo(inner) else { break };
            layers.push(plain);
            let through = |at| source(layers.iter().rev().fold(at, |at, layer| layer.source(at)));
            self.look(&layers[layers.len() - 1].bytes, &through, found);
        }
    }

    /// Finds secrets in a text, verbatim and reduced to letters and digits; `source` maps offsets
    /// to the whole text.
    fn look(&self, text: &[u8], source: &dyn Fn(usize) -> usize, found: &mut Vec<Range<usize>>) {
        let mut add = |range: Range<usize>| found.push(source(range.start)..source(range.end));
        for secret in self.plain.find_overlapping_iter(text) {
            add(secret.range());
        }
        let Some(finder) = &self.alphanumeric else { return };
        let alphanumerics = Alphanumerics::of(text);
        for secret in finder.find_overlapping_iter(&alphanumerics.bytes) {
            add(alphanumerics.source(secret.range()));
        }
    }
}

/// Returns the end of the last character that ends at or before `limit`.
fn boundary(text: &[u8], limit: usize) -> usize {
    let goes_on = |at: usize| text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let limit = limit.min(text.len());
    // A longer sequence is not a UTF-8 character.
    (limit.saturating_sub(3)..=limit).rev().find(|at| !goes_on(*at)).unwrap_or(limit)
}

fn masked(text: &[u8], secrets: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for secret in secrets {
        masked.push_str(&String::from_utf8_lossy(&text[from..secret.start]));
        masked.push_str(MASK);
        from = secret.end;
    }
    masked.push_str(&String::from_utf8_lossy(&text[from..]));
    masked
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn new(secrets: impl IntoIterator<Item = String>) -> Redactor {
        Redactor::new(secrets).unwrap()
    }

    #[test]
    fn secrets_are_masked_in_text_json_and_keys() {
        let redactor = new(["pa\"ss".to_owned(), "pa\"ssword".to_owned(), String::new()]);
        assert_eq!(redactor.redact("at pa\"ssword!"), "at ***MASKED***!");
        assert_eq!(redactor.redact(r#"{"p":"pa\"ss"}"#), r#"{"p":"***MASKED***"}"#);
        let mut value = json!({"a": ["pa\"ss"], "pa\"ss": 1});
        redactor.redact_value(&mut value);
        assert_eq!(value, json!({"a": [MASK], MASK: 1}));
    }

    #[test]
    fn secrets_are_masked_in_every_encoding() {
        let secret = "p@ss wörd/1\"😀";
        let redactor = new([secret.to_owned()]);
        let each = |text: fn(u8) -> String| secret.bytes().map(text).collect::<Vec<_>>();
        let in_ascii = r#"p@ss w\u00f6rd\/1\"\ud83d\ude00"#;
        for text in [
            in_ascii.to_owned(),
            r#"p@ss w\u00F6rd/1\u0022\uD83D\uDE00"#.to_owned(),
            // Inside another JSON text, and that inside a third.
            Value::from(in_ascii).to_string(),
            Value::from(Value::from(in_ascii).to_string()).to_string(),
            format!("{secret:?}"),
            secret.escape_unicode().to_string(),
            secret.escape_default().to_string(),
            r#"p@ss w\xc3\xb6rd/1"\xF0\x9f\x98\x80"#.to_owned(),
            r#"p@ss w\303\266rd/1"\360\237\230\200"#.to_owned(),
            "mysql://u:p%40ss%20w%C3%b6rd%2F1%22%F0%9F%98%80@h/db".to_owned(),
            "q=p%40ss+w%C3%B6rd%2f1%22%f0%9f%98%80&x".to_owned(),
            "q=p%2540ss%2Bw%25C3%25B6rd%252f1%2522%25f0%259f%2598%2580".to_owned(),
            "<a b='p@ss w&#246;rd/1&quot;&#x1F600;'>".to_owned(),
            each(|byte| format!("{byte:02x}")).concat(),
            each(|byte| format!("{byte:02X}")).concat(),
            each(|byte| format!("%{byte:02x}")).concat(),
            each(|byte| format!("\\x{byte:02x}")).concat(),
            format!("{:?}", secret.as_bytes()),
            json!(secret.as_bytes()).to_string(),
        ] {
            let masked = redactor.redact(&text);
            assert!(masked.contains(MASK) && !masked.contains("ss"), "{text}: {masked}");
        }
        for before in ["", "u", "us", "user:"] {
            for after in ["", "!", "!!"] {
                let json = json!({"a": format!("{before}{secret}{after}")}).to_string();
                for plain in [format!("{before}{secret}{after}"), json] {
                    for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                        let text = engine.encode(&plain);
                        assert!(redactor.redact(&text).contains(MASK), "{plain}: {text}");
                    }
                }
            }
        }
    }

    #[test]
    fn secrets_with_escape_sequences_are_masked_raw_and_escaped() {
        for secret in [r"C:\new\u0041", "100%41&amp;+", r#"\"a\"b\""#, "a+b/c+d="] {
            let redactor = new([secret.to_owned()]);
            let json = Value::from(secret).to_string();
            let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
            let masked = [secret, &json, &Value::from(json.as_str()).to_string(), &percent]
                .map(|text| redactor.redact(&format!("x{text}x")).replace(MASK, "?"));
            // A quote next to one of the secret's own counts as that quote, doubled.
            let quoted = if secret.ends_with('"') { "x?x" } else { "x\"?\"x" };
            assert_eq!(masked, ["x?x", quoted, "x\"\\\"?\\\"\"x", "x?x"], "{secret}");
        }
    }

    #[test]
    fn secrets_in_utf_16_are_masked() {
        let redactor = new(["hunter2!".to_owned()]);
        let wide: String = "hunter2!".chars().flat_map(|c| [c, '\0']).collect();
        assert_eq!(redactor.redact(&format!("is {wide}")), format!("is {MASK}"));
        let quoted = Value::from(wide).to_string();
        assert_eq!(redactor.redact(&quoted), format!("\"{MASK}\""));
    }

    #[test]
    fn overlapping_secrets_are_masked_together() {
        let redactor = new(["abcdef".to_owned(), "efghij".to_owned()]);
        assert_eq!(redactor.redact("<abcdefghij>"), format!("<{MASK}>"));
    }

    #[test]
    fn redacting_in_pieces_leaves_no_partial_secret() {
        let secret = "p@ss wörd/1";
        let redactor = new([secret.to_owned()]);
        for form in [secret.to_owned(), r"p@ss w\u00f6rd\/1".to_owned()] {
            for before in 0..40 {
                let text = format!("{}{form}{}", "é".repeat(before), "y".repeat(400));
                let mut rest = text.as_bytes();
                let mut all = String::new();
                while !rest.is_empty() {
                    let (piece, end) = redactor.redact_prefix(rest, 32);
                    assert!(end > 0 && piece.len() <= 32 + MASK.len(), "{piece}");
                    all.push_str(&piece);
                    rest = &rest[end..];
                }
                assert_eq!(all, text.replace(&form, MASK));
            }
        }
    }

    #[test]
    fn secrets_across_window_borders_are_masked() {
        let secret = r#"p"ss"#.repeat(8);
        let redactor = new([secret.clone()]);
        let quoted = Value::from(secret.as_str()).to_string();
        for shift in 0..2 * quoted.len() {
            let before = "x".repeat(WINDOW - shift);
            let text = format!("{before}{quoted}{before}{secret}{before}");
            let expected = format!("{before}\"{MASK}\"{before}{MASK}{before}");
            assert!(redactor.redact(&text) == expected, "{shift}");
        }
    }

    #[test]
    fn invalid_utf_8_is_cut_at_the_width() {
        let redactor = Redactor::default();
        assert_eq!(redactor.redact_prefix(&[0x80; 10], 8), ("\u{fffd}".repeat(8), 8));
        assert_eq!(redactor.redact_prefix("aé".as_bytes(), 2), ("a".to_owned(), 1));
        assert_eq!(redactor.redact_prefix(b"", 8), (String::new(), 0));
    }

    #[test]
    fn secrets_in_nested_json_are_masked() {
        let redactor = new(["pa\"ss".to_owned()]);
        let text = json!({"body": json!({"pin": "pa\"ss"}).to_string()}).to_string();
        let masked = redactor.redact(&text);
        assert!(masked.contains(MASK) && !masked.contains("pa"), "{masked}");
    }

    #[test]
    fn lines_of_a_multiline_key_are_masked() {
        let redactor = new(["-----BEGIN-----\nMIIEvQIBADANBgkq\nend\n".to_owned()]);
        assert_eq!(redactor.redact("key: MIIEvQIBADANBgkq"), format!("key: {MASK}"));
        assert_eq!(redactor.redact("at the end"), "at the end");
        let set_in = "-----BEGIN-----\n    MIIEvQIBADANBgkq\n    end\n    ";
        assert_eq!(redactor.redact(set_in), MASK);
    }

    /// Returns the forms that programs give a secret without any intent to hide it.
    fn without_malice(secret: &str) -> Vec<String> {
        let digits = |between: &str, digits: fn(u8) -> String| -> String {
            secret.bytes().map(digits).collect::<Vec<_>>().join(between)
        };
        let wrapped = |text: &str, width: usize, end: &str| -> String {
            let characters: Vec<char> = text.chars().collect();
            let lines = characters.chunks(width).map(|line| line.iter().collect::<String>());
            lines.collect::<Vec<_>>().join(end)
        };
        let mail = STANDARD.encode(format!("From: {secret} {}", "and more ".repeat(20)));
        let once = STANDARD.encode(secret);
        vec![
            format!("'{}'", secret.replace('\'', "''")),
            format!("\"{}\"", secret.replace('"', "\"\"")),
            secret.to_uppercase(),
            secret.to_lowercase(),
            digits(":", |byte| format!("{byte:02x}")),
            digits(" ", |byte| format!("{byte:02X}")),
            digits(
                "-",
                |byte| if byte % 2 == 0 { format!("{byte:02x}") } else { format!("{byte:02X}") },
            ),
            digits(", ", |byte| format!("0x{byte:02x}")),
            digits(" ", |byte| byte.to_string()),
            format!("{:#?}", secret.as_bytes()),
            format!("{:#?}", Some(Some(secret.as_bytes()))),
            digits(", ", |byte| byte.cast_signed().to_string()),
            format!("{:?}", secret.chars().map(u32::from).collect::<Vec<_>>()),
            wrapped(&mail, 76, "\r\n"),
            wrapped(&once, 6, "\n  "),
            STANDARD.encode(&once),
            URL_SAFE_NO_PAD.encode(format!("xx{once}")),
            URL_SAFE.encode(wrapped(&once, 76, "\r\n")),
            wrapped(secret, 7, "\n"),
            wrapped(secret, 1, "\r\n\t"),
            Value::from(wrapped(secret, 7, "\n")).to_string(),
            Value::from(format!("{:#?}", secret.as_bytes())).to_string(),
        ]
    }

    #[test]
    fn reformatted_secrets_are_masked() {
        for secret in
            ["it's a s3cret: \"né\"", "hunter2hunter2", "7734291077", "%AA%a\\éA%%0a\"%0aa0"]
        {
            let redactor = new([secret.to_owned()]);
            for text in without_malice(secret) {
                for text in [text.clone(), format!("before {text} after")] {
                    assert!(redactor.redact(&text).contains(MASK), "{secret}: {text}");
                }
            }
        }
        let printable = "it's a s3cret: =22n=C3=\r\n=A9=22";
        let redactor = new(["it's a s3cret: \"né\"".to_owned()]);
        assert_eq!(redactor.redact(printable), MASK);
        assert_eq!(redactor.redact(&printable.replace("=22", "\\\"")), MASK);
    }

    proptest! {
        #[test]
        fn random_secrets_are_masked_at_every_cut(
            secret in "[a-zA-Z0-9'\"\\\\ é=%&+/-]{8,40}[a-z0-9]{8}",
            before in "[ -~é\n]{0,30}",
            width in 3_usize..30,
        ) {
            let redactor = new([secret.clone()]);
            for form in without_malice(&secret) {
                let text = format!("{before} {form} after");
                prop_assert!(redactor.redact(&text).contains(MASK), "{}", text);
                // In pieces, as a long line is cut.
                let (mut rest, mut all) = (text.as_bytes(), String::new());
                while !rest.is_empty() {
                    let (piece, end) = redactor.redact_prefix(rest, width);
                    prop_assert!(end > 0);
                    all.push_str(&piece);
                    rest = &rest[end..];
                }
                prop_assert!(all.contains(MASK), "{}", all);
                prop_assert!(!all.contains(&secret[secret.len() - 8..]), "{}", all);
            }
        }
    }

    #[test]
    fn text_without_secrets_is_unchanged() {
        let redactor = new(["hunter2hunter2", "correct horse", "p@ss"].map(str::to_owned));
        for text in [
            "2026-01-31T08:05:09.123Z INFO 7 rows of `a=b` read, 100 %, \"\" and ''",
            "hunter 2",
            "correct: the horse",
            "p.a.s.s",
            "=C3=A9 a==b",
            "6f1f0b3a:0c:de 1, 2, 3, 104, 117",
            "aHVudGVy",
        ] {
            assert_eq!(redactor.redact(text), text);
        }
    }

    #[test]
    fn masking_time_is_linear_in_text_length() {
        let redactor = new(["hunter2hunter2", "it's \"né\" 4 secret"].map(str::to_owned));
        for line in
            ["a line of a log with \"words\" \\u00f6 = %41 and so on\n", "a a a", "''", "=4="]
        {
            let time = |size: usize| {
                let text = line.repeat(size / line.len());
                let least = (0..3).map(|_| {
                    let started = std::time::Instant::now();
                    assert!(!redactor.redact(&text).is_empty());
                    started.elapsed()
                });
                least.min().unwrap_or_default()
            };
            let (small, large) = (time(1 << 17), time(1 << 20));
            assert!(
                large < 40 * small.max(std::time::Duration::from_micros(500)),
                "{line:?} {small:?} {large:?}"
            );
        }
    }

    #[test]
    fn too_long_secret_is_an_error() {
        let error = Redactor::new(["x".repeat(MAX_BYTES + 1)]).unwrap_err().to_string();
        assert!(error.starts_with("cannot mask the secrets of the connections"), "{error}");
    }

    #[test]
    fn too_short_secrets_are_not_masked() {
        assert_eq!(new(["abc".to_owned()]).redact("abc"), "abc");
    }

    #[test]
    fn trailing_newline_is_not_part_of_a_secret() {
        let redactor = new(["hunter2\n".to_owned()]);
        assert_eq!(redactor.redact("it is hunter2!"), format!("it is {MASK}!"));
    }

    #[test]
    fn numeric_secrets_are_masked() {
        let mut value = json!({"pin": 123456, "rows": 7});
        new(["123456".to_owned()]).redact_value(&mut value);
        assert_eq!(value, json!({"pin": MASK, "rows": 7}));
    }
}
