//! What a secret looks like where no escape shows that it is encoded.

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::SHORTEST;

/// A shorter line of a secret may stand anywhere.
const SHORTEST_LINE: usize = 16;

/// A secret as it is, each of its lines, in hexadecimal, as a list of bytes, and
/// in base64 wherever it stands in what was encoded, itself or as the JSON that
/// holds it.
pub(super) fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex = list(secret, "", |byte| format!("{byte:02x}"));
    let decimal = |byte| format!("{byte}");
    let mut forms = vec![
        secret.to_owned(),
        hex.to_uppercase(),
        hex,
        list(secret, ",", decimal),
        list(secret, ", ", decimal),
    ];
    if secret.contains('\n') {
        // What a driver prints comes line by line.
        let lines = secret.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
        forms.extend(lines.map(str::to_owned));
        // As it stands in a driver's message, whose lines are set in.
        forms.push(secret.replace('\n', "\n    "));
    }
    let quoted = Value::from(secret).to_string();
    for encoded in [secret, &quoted[1..quoted.len() - 1]] {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            forms.extend((0..3).filter_map(|before| base64(engine, encoded, before)));
        }
    }
    forms.into_iter().map(String::into_bytes).collect()
}

fn list(text: &str, between: &str, digits: impl Fn(u8) -> String) -> String {
    text.bytes().map(digits).collect::<Vec<_>>().join(between)
}

/// What base64 makes of the text behind `before` other bytes, without the
/// characters that also depend on its neighbours. None if that is too little to
/// be looked for.
fn base64(engine: &GeneralPurpose, text: &str, before: usize) -> Option<String> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(text.as_bytes());
    let encoded = engine.encode(&bytes);
    let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    encoded.get(start..end).filter(|part| part.len() > SHORTEST).map(str::to_owned)
}
