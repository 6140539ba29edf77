//! Canonical encodings: the same bytes on every machine for the same value.

use std::io::{self, Read};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Formats JSON with sorted keys and without spaces. Non-ASCII characters are not escaped.
pub fn json(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// Returns the sha256 of `bytes` as 64 hex digits.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    hex(&digest(bytes))
}

/// Returns the sha256 of `bytes`.
pub fn digest(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(bytes.as_ref()).into()
}

/// Reads to the end and returns the number of bytes and their sha256 as 64 hex digits.
///
/// # Errors
/// Returns an error if reading fails.
pub fn sha256_of(mut from: impl Read) -> io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let (mut buffer, mut size) = (vec![0; 64 * 1024], 0);
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok((size, hex(&hash.finalize()))),
            count => {
                hash.update(&buffer[..count]);
                size += count as u64;
            }
        }
    }
}

/// Formats bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value = serde_json::json!({"outer": {"z": 1, "a": [{"y": 2, "x": "é"}]}});
        assert_eq!(json(&value), r#"{"outer":{"a":[{"x":"é","y":2}],"z":1}}"#);
    }

    #[test]
    fn empty_object_has_the_known_hash() {
        assert_eq!(
            sha256("{}"),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
    }
}
