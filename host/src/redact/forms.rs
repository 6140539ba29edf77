//! The forms of a secret where no escape shows that it is encoded.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::plain::Plain;
use super::squeezed::needle;
use super::{LAYERS, SHORTEST};

/// A shorter line of a secret may stand anywhere.
const SHORTEST_LINE: usize = 16;
/// A larger secret is a document: it is looked for as it is, and by its lines.
const LONGEST: usize = 4 << 10;
/// A longer secret is not looked for in base64 of base64.
const LONGEST_TWICE: usize = 512;

/// The needles that are looked for.
#[derive(Default)]
pub(super) struct Forms {
    /// In text as it is.
    pub(super) plain: Vec<Vec<u8>>,
    /// In text of letters and digits only.
    pub(super) squeezed: Vec<Vec<u8>>,
}

impl Forms {
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
        // Those of ASCII are found in any case.
        if !secret.is_ascii() {
            plain.extend([secret.to_uppercase(), secret.to_lowercase()]);
        }
        if secret.contains('\n') {
            // What a driver prints comes line by line.
            let lines = secret.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
            plain.extend(lines.map(str::to_owned));
            // As it stands in a driver's message, whose lines are set in.
            plain.push(secret.replace('\n', "\n    "));
        }
        self.plain.extend(plain.into_iter().map(String::into_bytes));
        if secret.len() > LONGEST {
            return;
        }
        self.squeezed.extend(needle(secret.as_bytes()));
        // What looks like an escape in the secret is undone with those around it.
        let mut layers = vec![secret.as_bytes().to_vec()];
        for _ in 0..LAYERS {
            let undone = layers.iter().flat_map(|layer| Plain::all_of(layer));
            layers = undone.map(|layer| layer.bytes).collect();
            self.squeezed.extend(layers.iter().filter_map(|layer| needle(layer)));
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

    /// As digits of any kind.
    fn digits(&mut self, secret: &str) {
        let each = |digits: fn(u8) -> String| secret.bytes().map(digits).collect::<String>();
        self.add(&each(|byte| format!("{byte:02x}")));
        self.add(&each(|byte| format!("{byte:x}")));
        self.add(&each(|byte| format!("0x{byte:02x}")));
        self.add(&each(|byte| format!("0x{byte:x}")));
        self.add(&each(|byte| byte.to_string()));
        if !secret.is_ascii() {
            // Java's bytes have signs, JavaScript's characters have numbers.
            self.add(&each(|byte| byte.cast_signed().to_string()));
            self.add(&secret.chars().map(|c| u32::from(c).to_string()).collect::<String>());
        }
    }

    /// In base64 wherever it stands in what was encoded, `times` times.
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

    /// Takes an encoding, to be found with anything between its characters if there are
    /// enough of them.
    fn add(&mut self, encoded: &str) {
        match needle(encoded.as_bytes()) {
            Some(needle) => self.squeezed.push(needle),
            None if encoded.len() > SHORTEST => self.plain.push(encoded.as_bytes().to_vec()),
            None => {}
        }
    }
}

/// What base64 makes of bytes behind `before` others, without the characters that also
/// depend on its neighbours. None if that is too little to be looked for.
fn base64(engine: &GeneralPurpose, of: &[u8], before: usize) -> Option<String> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(of);
    let encoded = engine.encode(&bytes);
    let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    encoded.get(start..end).filter(|part| part.len() > SHORTEST).map(str::to_owned)
}
