//! Signatures of a component, embedded in the component.
//!
//! A signature is a custom section at the very end of the file, always of 116 bytes, so that only
//! one encoding exists:
//!
//! ```text
//! 00 72 10 "osiris:signature"    custom section of 114 bytes with its name
//! 01                             version of this format
//! <32 bytes>                     the signer's Ed25519 public key
//! <64 bytes>                     the signature
//! ```
//! Several signatures of different keys can follow each other. All of them sign the same message:
//! `"osiris driver signature v1\0"` and the sha256 of every byte before the first signature.
//! Nothing follows the last signature, and no other section of the file has this name, so that
//! the signed part is the whole file.
//!
//! An invalid signature makes the file invalid, even if others are valid. Removing whole
//! signatures, or reordering them, leaves a valid file without a false claim; its sha256, which
//! manifests and the lockfile pin, is then different. This Ed25519 accepts only one encoding of a
//! signature (RFC 8032: a scalar below the group's order), so only the owner of the key can
//! create another valid one.

#[cfg(test)]
mod tests;

use memchr::memmem;
use osiris_core::canonical;
use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use wasmparser::{Encoding, Parser, Payload};

use super::key::{PublicKey, SecretKey};

const NAME: &str = "osiris:signature";
/// Section id 0, a size of 114 bytes, the name of 16 bytes, and the version of the format.
const HEAD: &[u8; 20] = b"\0\x72\x10osiris:signature\x01";
/// Bytes of a whole signature.
const SIZE: usize = HEAD.len() + 32 + 64;
/// Maximum number of signatures of a file.
const MAX_SIGNATURES: usize = 16;
/// Domain separator: no other message signed with the same key is a valid driver signature.
const DOMAIN: &[u8] = b"osiris driver signature v1\0";

/// The two parts of a file.
struct Parts<'b> {
    /// The signed bytes.
    body: &'b [u8],
    /// The signatures in file order, not verified.
    signatures: Vec<Signature>,
}

/// The content of a signature section.
struct Signature {
    signer: PublicKey,
    bytes: [u8; 64],
}

/// Returns the keys that signed these bytes, each verified, in file order. The list is empty if
/// the file is not signed.
///
/// # Errors
/// Returns an error if the file was changed after it was signed, or a signature is not at the end
/// of the file.
pub fn signers(bytes: &[u8]) -> Result<Vec<PublicKey>, Diagnostic> {
    let parts = Parts::of(bytes)?;
    parts.verify()?;
    Ok(parts.signatures.into_iter().map(|signature| signature.signer).collect())
}

/// Returns the bytes with this key's signature, which replaces an older one of the same key or is
/// appended.
///
/// # Errors
/// Returns an error if the file was changed after somebody else signed it, or has too many
/// signatures.
pub fn sign(bytes: &[u8], key: &SecretKey) -> Result<Vec<u8>, Diagnostic> {
    let mut parts = Parts::of(bytes)?;
    let own = Signature { signer: key.public(), bytes: key.sign(&message(parts.body)) };
    match parts.signatures.iter().position(|other| other.signer == own.signer) {
        Some(index) => parts.signatures[index] = own,
        None if parts.signatures.len() == MAX_SIGNATURES => {
            return Err(invalid(format!(
                "the driver already has {MAX_SIGNATURES} signatures, the maximum"
            )));
        }
        None => parts.signatures.push(own),
    }
    parts.verify()?;
    let mut signed = parts.body.to_vec();
    for Signature { signer, bytes } in &parts.signatures {
        signed.extend_from_slice(HEAD);
        signed.extend_from_slice(signer.bytes());
        signed.extend_from_slice(bytes);
    }
    Ok(signed)
}

/// Returns the bytes without their signatures, valid or not. A file that is changed must lose them
/// first, because nothing may follow a signature.
pub fn unsigned(bytes: &[u8]) -> &[u8] {
    let mut body = bytes;
    while let Some((rest, _)) = last(body) {
        body = rest;
    }
    body
}

impl<'b> Parts<'b> {
    fn of(bytes: &'b [u8]) -> Result<Self, Diagnostic> {
        let (mut body, mut signatures) = (bytes, Vec::new());
        while let Some((rest, signature)) = last(body) {
            signatures.push(signature);
            body = rest;
        }
        signatures.reverse();
        if signatures.is_empty() && memmem::find(bytes, NAME.as_bytes()).is_none() {
            // Most drivers have no signature, and every start checks them.
            return Ok(Self { body, signatures });
        }
        let starts = (0..signatures.len()).map(|index| body.len() + index * SIZE);
        if sections(bytes)? != starts.collect::<Vec<_>>() {
            return Err(invalid(format!(
                "the driver has a section `{NAME}` that is not a signature at the end of the file"
            )));
        }
        if signatures.len() > MAX_SIGNATURES {
            return Err(invalid(format!("the driver has more than {MAX_SIGNATURES} signatures")));
        }
        Ok(Self { body, signatures })
    }

    fn verify(&self) -> Result<(), Diagnostic> {
        if self.signatures.is_empty() {
            // Most drivers have no signature, and hashing all of them at every start would be
            // wasted.
            return Ok(());
        }
        let message = message(self.body);
        for (index, Signature { signer, bytes }) in self.signatures.iter().enumerate() {
            if self.signatures[..index].iter().any(|other| other.signer == *signer) {
                return Err(invalid(format!("the driver has two signatures of {signer}")));
            }
            if !signer.verifies(&message, bytes) {
                return Err(invalid(format!("the driver was changed after {signer} signed it")));
            }
        }
        Ok(())
    }
}

/// Splits off the last signature.
fn last(bytes: &[u8]) -> Option<(&[u8], Signature)> {
    let (rest, section) = bytes.split_last_chunk::<SIZE>()?;
    let (key, signature) = section.strip_prefix(HEAD)?.split_first_chunk::<32>()?;
    let signer = PublicKey::new(*key);
    Some((rest, Signature { signer, bytes: signature.try_into().ok()? }))
}

fn message(body: &[u8]) -> Vec<u8> {
    [DOMAIN, canonical::digest(body).as_slice()].concat()
}

/// Returns the start of each section with the name of signatures, except those inside inner
/// modules or components.
fn sections(bytes: &[u8]) -> Result<Vec<usize>, Diagnostic> {
    let (mut starts, mut depth) = (Vec::new(), 0);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| {
            Diagnostic::new(
                Code::ComponentInvalid,
                format!("the component is damaged or truncated: {}", error.message()),
            )
            .help("build or download it again")
        })?;
        match payload {
            Payload::Version { encoding: Encoding::Component | Encoding::Module, .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::CustomSection(section) if section.name() == NAME => {
                let end = section.range().end;
                if depth != 1 || end < SIZE {
                    return Err(invalid(format!("the driver has a nested section `{NAME}`")));
                }
                starts.push(end - SIZE);
            }
            _ => {}
        }
    }
    Ok(starts)
}

fn invalid(message: String) -> Diagnostic {
    Diagnostic::new(Code::SignatureInvalid, message)
        .help("get the file from its author again, or build and sign the driver again")
}
