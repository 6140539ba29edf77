//! Forms of a secret whose encoding no escape reveals.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::alphanumeric::needle;
use super::unescape::Unescaped;
use super::{LAYERS, SHORTEST};

/// A shorter line of a secret can occur anywhere by chance.
const SHORTEST_LINE: usize = 16;
/// A larger secret is a document: only the verbatim text and its lines are searched for.
const LONGEST: usize = 4 << 10;
/// A longer secret is not searched for in base64 of base64.
const LONGEST_TWICE: usize = 512;

/// The byte strings to search for.
#[derive(Default)]
pub(super) struct Encodings {
    /// Searched for in verbatim text.
    pub(super) plain: Vec<Vec<u8>>,
    /// Searched for in text reduced to letters and digits.
    pub(super) alphanumeric: Vec<Vec<u8>>,
}

impl Encodings {
    /// Returns the forms of all secrets.
    pub(super) fn of(secrets: &[String]) -> Self {
        let mut forms = Self::default();
        for secret in secrets {
            forms.secret(secret);
        }
        forms
    }

    fn secret(&mut self, secret: &str) {
        let mut plain = vec![secret.to_owned()];
        // ASCII secrets are found in any case.
        if !secret.is_ascii() {
            plain.extend([secret.to_uppercase(), secret.to_lowercase()]);
        }
        if secret.contains('\n') {
            // Drivers print line by line.
            let lines = secret.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
            plain.extend(lines.map(str::to_owned));
            // Following lines of a driver's message are indented.
            plain.push(secret.replace('\n', "\n    "));
        }
        self.plain.extend(plain.into_iter().map(String::into_bytes));
        if secret.len() > LONGEST {
            return;
        }
        self.alphanumeric.extend(needle(secret.as_bytes()));
        // Apparent escapes in the secret are undone together with those around it.
        let mut layers = vec![secret.as_bytes().to_vec()];
        for _ in 0..LAYERS {
            let undone = layers.iter().flat_map(|layer| Unescaped::all_of(layer));
            layers = undone.map(|layer| layer.bytes).collect();
            self.alphanumeric.extend(layers.iter().filter_map(|layer| needle(layer)));
        }
        self.digits(secret);
        let quoted = Value::from(secret).to_string();
        let wide = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let inner = quoted.as_bytes()[1..quoted.len() - 1].to_vec();
        for bytes in [secret.as_bytes().to_vec(), inner, wide] {
            let times = if secret.len() > LONGEST_TWICE { 1 } else { 2 };
            self.base64(&bytes, times);
        }
    }

    /// Adds the secret as digits of any kind.
    fn digits(&mut self, secret: &str) {
        let each = |digits: fn(u8) -> String| secret.bytes().map(digits).collect::<String>();
        self.add(&each(|byte| format!("{byte:02x}")));
        self.add(&each(|byte| format!("{byte:x}")));
        self.add(&each(|byte| format!("0x{byte:02x}")));
        self.add(&each(|byte| format!("0x{byte:x}")));
        self.add(&each(|byte| byte.to_string()));
        if !secret.is_ascii() {
            // Java prints bytes with signs; JavaScript gives code points.
            self.add(&each(|byte| byte.cast_signed().to_string()));
            self.add(&secret.chars().map(|c| u32::from(c).to_string()).collect::<String>());
        }
    }

    /// Adds the secret in base64 at any alignment, encoded up to `times` times.
    fn base64(&mut self, bytes: &[u8], times: usize) {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            for before in 0..3 {
                let Some(encoded) = base64(engine, bytes, before) else { continue };
                self.add(&encoded);
                if times > 1 {
                    self.base64(encoded.as_bytes(), times - 1);
                }
            }
        }
    }

    /// Adds an encoding. A long enough encoding is found with anything between its characters.
    fn add(&mut self, encoded: &str) {
        match needle(encoded.as_bytes()) {
            Some(needle) => self.alphanumeric.push(needle),
            None if encoded.len() > SHORTEST => self.plain.push(encoded.as_bytes().to_vec()),
            None => {}
        }
    }
}

/// Returns the base64 of bytes that follow `before` others, without the characters that also depend
/// on neighbouring bytes. Returns `None` if the rest is too short to search for.
fn base64(engine: &GeneralPurpose, of: &[u8], before: usize) -> Option<String> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(of);
    let encoded = engine.encode(&bytes);
    let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    encoded.get(start..end).filter(|part| part.len() > SHORTEST).map(str::to_owned)
}
