//! The signature of an index: the last line of its file.
//!
//! ```text
//! {                                                   the document: JSON, in any layout
//!   ...
//! }
//! {"key":"osiris-key:...","signature":"<86 characters>"}
//! ```
//! The signature is an Ed25519 signature, as base64url without padding, over
//! `"osiris driver index v1\0"` and the sha256 of every byte before the last line. The key in the
//! line must be the one that the reader expects. The signed bytes are the parsed bytes, so no canonical form of JSON is needed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use osiris_core::canonical;
use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

use crate::trust::{PublicKey, SecretKey};

/// Domain separator: no other message signed with the same key is a valid index signature.
const DOMAIN: &[u8] = b"osiris driver index v1\0";
/// Maximum bytes of the last line.
const MAX_LINE: usize = 256;

/// The content of the last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    key: String,
    signature: String,
}

/// Appends the signature to a document, which must end with a line break.
pub(super) fn seal(document: &str, key: &SecretKey) -> String {
    let signature = URL_SAFE_NO_PAD.encode(key.sign(&message(document.as_bytes())));
    let line = Line { key: key.public().to_string(), signature };
    // Cannot fail: the line is text.
    format!("{document}{}\n", serde_json::to_string(&line).unwrap_or_default())
}

/// Verifies the signature and returns the document.
///
/// # Errors
/// Returns an error if the index is not signed, is signed with another key or was changed.
pub(super) fn open<'b>(bytes: &'b [u8], key: &PublicKey) -> Result<&'b [u8], Diagnostic> {
    let (document, signer, signature) = parts(bytes).ok_or_else(unsigned)?;
    let message = message(document);
    if !signer.verifies(&message, &signature) {
        return Err(untrusted(format!("the index was changed after {signer} signed it")));
    }
    if signer != *key {
        let text = format!("the index is signed with {signer}, but the expected key is {key}");
        let help = "if the author announced the new key, set it in `osiris.yaml`; otherwise do not use this index";
        return Err(Diagnostic::new(Code::IndexUntrusted, text).help(help));
    }
    Ok(document)
}

/// Returns the key that signed an index, verified.
///
/// # Errors
/// Returns an error if the index is not signed or was changed.
pub(super) fn signer(bytes: &[u8]) -> Result<PublicKey, Diagnostic> {
    let (_, signer, _) = parts(bytes).ok_or_else(unsigned)?;
    open(bytes, &signer).map(|_| signer)
}

fn parts(bytes: &[u8]) -> Option<(&[u8], PublicKey, [u8; 64])> {
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let start = memchr::memrchr(b'\n', text)? + 1;
    let line = text.get(start..).filter(|line| line.len() <= MAX_LINE)?;
    let Line { key, signature } = serde_json::from_slice(line).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?.try_into().ok()?;
    Some((&bytes[..start], key.parse().ok()?, signature))
}

fn message(document: &[u8]) -> Vec<u8> {
    [DOMAIN, canonical::digest(document).as_slice()].concat()
}

fn unsigned() -> Diagnostic {
    untrusted("the index is not signed: its last line is not a signature".to_owned())
}

fn untrusted(message: String) -> Diagnostic {
    Diagnostic::new(Code::IndexUntrusted, message)
        .help("get the index from its author again; nothing in this file was used")
}
