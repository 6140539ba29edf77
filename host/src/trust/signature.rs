//! Signatures of a component, in the component.
//!
//! A signature is a custom section at the very end of the file, always of 116
//! bytes, so that there is one way to write it:
//!
//! ```text
//! 00 72 10 "osiris:signature"    custom section of 114 bytes with its name
//! 01                             version of this format
//! <32 bytes>                     the signer's Ed25519 public key
//! <64 bytes>                     the signature
//! ```
//! Several may follow each other, of a key each. All sign the same: every byte
//! before the first of them, as `"osiris driver signature v1\0"` and the sha256
//! of those bytes. Nothing stands behind the last one, and no section of this name
//! stands anywhere else in the file, so that what is signed is all of it.
//!
//! A signature that does not fit damns the file, whoever else signed it. Taking
//! whole signatures away, or putting the signatures of others in another order,
//! leaves a file that says the truth of itself; its own sha256, which manifests
//! and the lock pin, is another one then. Ed25519 here takes one encoding only of
//! a signature (RFC 8032: a scalar below the group's order), so nobody but the
//! owner of the key can make another one of it.

#[cfg(test)]
mod tests;

use memchr::memmem;
use wasmparser::{Encoding, Parser, Payload};

use super::key::{PublicKey, SecretKey};
use crate::canonical;
use crate::problem::Problem;

const NAME: &str = "osiris:signature";
/// Section 0, of 114 bytes, and its name of 16; then the format's version.
const HEAD: &[u8; 20] = b"\0\x72\x10osiris:signature\x01";
/// Bytes of a whole signature.
const SIZE: usize = HEAD.len() + 32 + 64;
/// The most signatures of one file.
const MOST: usize = 16;
/// Makes sure that nothing that the key signs elsewhere is taken for this.
const DOMAIN: &[u8] = b"osiris driver signature v1\0";

/// A file in its two parts.
struct Parts<'b> {
    /// What is signed.
    body: &'b [u8],
    /// In the file's order; not yet verified.
    signatures: Vec<Signature>,
}

/// What a section says.
struct Signature {
    signer: PublicKey,
    bytes: [u8; 64],
}

/// The keys that signed these bytes, each of them verified, in the file's order;
/// none if nobody signed.
///
/// # Errors
/// The file was changed after one of them signed it, or a signature is not where
/// it belongs.
pub fn signers(bytes: &[u8]) -> Result<Vec<PublicKey>, Problem> {
    let parts = Parts::of(bytes)?;
    parts.verify()?;
    Ok(parts.signatures.into_iter().map(|signature| signature.signer).collect())
}

/// The same bytes with this key's signature: in the place of its older one, else
/// behind those of others.
///
/// # Errors
/// The file was changed after somebody else signed it, or it has too many
/// signatures.
pub fn sign(bytes: &[u8], key: &SecretKey) -> Result<Vec<u8>, Problem> {
    let mut parts = Parts::of(bytes)?;
    let own = Signature { signer: key.public(), bytes: key.sign(&message(parts.body)) };
    match parts.signatures.iter().position(|other| other.signer == own.signer) {
        Some(index) => parts.signatures[index] = own,
        None if parts.signatures.len() == MOST => {
            return Err(refused(format!("the driver has {MOST} signatures, which is the most")));
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

/// The bytes without their signatures, whatever these are worth.
pub(super) fn body(bytes: &[u8]) -> &[u8] {
    let mut body = bytes;
    while let Some((rest, _)) = last(body) {
        body = rest;
    }
    body
}

impl<'b> Parts<'b> {
    fn of(bytes: &'b [u8]) -> Result<Self, Problem> {
        let (mut body, mut signatures) = (bytes, Vec::new());
        while let Some((rest, signature)) = last(body) {
            signatures.push(signature);
            body = rest;
        }
        signatures.reverse();
        if signatures.is_empty() && memmem::find(bytes, NAME.as_bytes()).is_none() {
            // Most drivers have none, and every start looks at them.
            return Ok(Self { body, signatures });
        }
        let starts = (0..signatures.len()).map(|index| body.len() + index * SIZE);
        if sections(bytes)? != starts.collect::<Vec<_>>() {
            return Err(refused(format!(
                "the driver has a section `{NAME}` that is no signature at the end of the file"
            )));
        }
        if signatures.len() > MOST {
            return Err(refused(format!("the driver has more than {MOST} signatures")));
        }
        Ok(Self { body, signatures })
    }

    fn verify(&self) -> Result<(), Problem> {
        if self.signatures.is_empty() {
            // Most drivers have none, and each start would hash them all for nothing.
            return Ok(());
        }
        let message = message(self.body);
        for (index, Signature { signer, bytes }) in self.signatures.iter().enumerate() {
            if self.signatures[..index].iter().any(|other| other.signer == *signer) {
                return Err(refused(format!("the driver has two signatures of {signer}")));
            }
            if !signer.verifies(&message, bytes) {
                return Err(refused(format!("the driver was changed after {signer} signed it")));
            }
        }
        Ok(())
    }
}

/// What stands before the last signature, and that signature.
fn last(bytes: &[u8]) -> Option<(&[u8], Signature)> {
    let (rest, section) = bytes.split_last_chunk::<SIZE>()?;
    let (key, signature) = section.strip_prefix(HEAD)?.split_first_chunk::<32>()?;
    let signer = PublicKey::new(*key);
    Some((rest, Signature { signer, bytes: signature.try_into().ok()? }))
}

fn message(body: &[u8]) -> Vec<u8> {
    [DOMAIN, canonical::digest(body).as_slice()].concat()
}

/// Where each section with the name of signatures starts. One within an inner
/// module or component is none.
fn sections(bytes: &[u8]) -> Result<Vec<usize>, Problem> {
    let (mut starts, mut depth) = (Vec::new(), 0);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.map_err(|error| {
            Problem::new(
                "component_invalid",
                format!("the component is damaged or cut off: {}", error.message()),
            )
            .help("build or download it again")
        })?;
        match payload {
            Payload::Version { encoding: Encoding::Component | Encoding::Module, .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::CustomSection(section) if section.name() == NAME => {
                let end = section.range().end;
                if depth != 1 || end < SIZE {
                    return Err(refused(format!("the driver has a section `{NAME}` inside")));
                }
                starts.push(end - SIZE);
            }
            _ => {}
        }
    }
    Ok(starts)
}

fn refused(message: String) -> Problem {
    Problem::new("signature_invalid", message)
        .help("get the file again from whoever made it, or build it and sign it again")
}
