//! Keys for signing drivers and indexes: Ed25519, each a single line of text.
//!
//! ```text
//! osiris-key:<43 characters>           the public key: 32 bytes as base64url without padding
//! osiris-secret-key:<43 characters>    the seed of the private key, in the same way
//! ```
//! The prefix identifies the algorithm; another algorithm would get another prefix.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

const PUBLIC: &str = "osiris-key:";
const SECRET: &str = "osiris-secret-key:";

/// Identifies a signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    pub(super) const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns whether this key's owner signed the message.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PUBLIC}{}", URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl FromStr for PublicKey {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with(SECRET) {
            return Err(
                "expected a public key, found a private key, which must be kept secret".to_owned()
            );
        }
        let bytes = decoded(text, PUBLIC);
        bytes.map(Self).ok_or_else(|| format!("expected `{PUBLIC}` and 43 characters"))
    }
}

/// A private key. Only [`SecretKey::to_text`] reveals it.
pub struct SecretKey {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
}

impl SecretKey {
    /// Generates a key from the system's randomness. Returns `None` if none is available.
    pub fn generate() -> Option<Self> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).ok()?;
        Self::from_seed(seed)
    }

    fn from_seed(seed: [u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
        Some(Self { seed, pair })
    }

    /// Parses the text of a key's file or variable: a single line with the key, besides empty
    /// lines and comments that start with `#`.
    ///
    /// # Errors
    /// Returns an error if the text does not contain exactly one private key; the error reveals
    /// nothing of the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut lines =
            text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let key = match (lines.next(), lines.next()) {
            (Some(line), None) if line.starts_with(PUBLIC) => {
                return Err("expected a private key, found a public key".into());
            }
            (Some(line), None) => decoded(line, SECRET).and_then(Self::from_seed),
            _ => None,
        };
        key.ok_or_else(|| format!("expected a single line with `{SECRET}` and 43 characters"))
    }

    /// Returns the text that [`SecretKey::parse`] reads, with a warning to keep the key secret.
    pub fn to_text(&self) -> String {
        let seed = URL_SAFE_NO_PAD.encode(self.seed);
        format!(
            "# The private key of {}\n# Keep it secret: whoever has it signs drivers in your name.\n{SECRET}{seed}\n",
            self.public()
        )
    }

    /// Returns the public key, which verifies signatures.
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair.sign(message).as_ref());
        bytes
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the private key of {}", self.public())
    }
}

fn decoded(text: &str, prefix: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text.strip_prefix(prefix)?).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_parse_from_their_text() {
        let key = SecretKey::generate().unwrap();
        let again = SecretKey::parse(&key.to_text()).unwrap();
        assert_eq!(again.public(), key.public());
        assert_eq!(key.public().to_string().parse(), Ok(key.public()));
        assert_eq!(key.public().to_string().len(), PUBLIC.len() + 43);
    }

    #[test]
    fn known_seed_gives_the_known_key() {
        // RFC 8032, 7.1, test 1.
        let seed = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
        let key = SecretKey::parse(&format!("{SECRET}{seed}")).unwrap();
        let public = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(key.public().to_string(), format!("{PUBLIC}{public}"));
        let signature = key.sign(b"");
        assert_eq!(signature[..4], [0xe5, 0x56, 0x43, 0x00]);
        assert!(key.public().verifies(b"", &signature));
    }

    #[test]
    fn invalid_key_is_rejected_and_not_shown() {
        let secret = "osiris-secret-key:nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2";
        let error = SecretKey::parse(secret).unwrap_err();
        assert!(!error.contains("nWGx"), "{error}");
        assert!(SecretKey::parse("").is_err());
        let two = SecretKey::generate().unwrap().to_text().repeat(2);
        assert!(SecretKey::parse(&two).is_err());
        for text in ["", "osiris-key:", "osiris-key:AAAA", "minisign:AAAA"] {
            assert!(text.parse::<PublicKey>().is_err(), "{text}");
        }
        let key = SecretKey::generate().unwrap();
        let debug = format!("{key:?}");
        assert!(!debug.contains(&URL_SAFE_NO_PAD.encode(key.seed)), "{debug}");
        // Either key in place of the other.
        assert!(SecretKey::parse(&key.public().to_string()).unwrap_err().contains("public"));
        let text = key.to_text();
        let line = text.lines().last().unwrap();
        assert!(line.parse::<PublicKey>().unwrap_err().contains("private"));
    }
}
