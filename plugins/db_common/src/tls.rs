//! Ciphers, and checks of the server's certificate, for modes that check less than everything too.

use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use osiris_sdk::{Error, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    AlertDescription, CertificateError, CipherSuite, DigitallySignedStruct, OtherError,
    RootCertStore, SignatureScheme,
};

/// The ciphers that are offered to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ciphers {
    /// ChaCha20 alone. A sandbox lacks the instructions for AES, which then takes several times as
    /// long, and servers prefer AES wherever it is offered.
    Fast,
    /// All of them.
    All,
}

impl Ciphers {
    /// Returns the provider of these ciphers.
    #[must_use]
    pub fn provider(self) -> Arc<CryptoProvider> {
        use CipherSuite as C;
        let mut provider = ring::default_provider();
        if self == Self::Fast {
            provider.cipher_suites.retain(|suite| {
                matches!(
                    suite.suite(),
                    C::TLS13_CHACHA20_POLY1305_SHA256
                        | C::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
                        | C::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
                )
            });
        }
        Arc::new(provider)
    }
}

/// Returns rustls's own error if an error of reading or writing is one.
#[must_use]
pub fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// Returns whether a server refused all ciphers that it was offered.
#[must_use]
pub fn lacks_ciphers(error: &io::Error) -> bool {
    matches!(
        tls_error(error),
        Some(rustls::Error::AlertReceived(AlertDescription::HandshakeFailure))
    )
}

/// Reads the file that an option of a connection names.
///
/// # Errors
/// Returns an error if the file cannot be read.
pub fn read(option: &str, path: &Path) -> Result<Vec<u8>> {
    fs::read(path)
        .map_err(|error| Error::from(error).context(format_args!("{option} {}", path.display())))
}

/// Certificates of a `ca_file`.
#[derive(Debug)]
pub struct Authorities {
    /// The path of the file, for messages.
    pub path: String,
    /// The certificates in it.
    pub certificates: Vec<CertificateDer<'static>>,
}

/// Checks as much of a server's certificate as a connection asks for.
#[derive(Debug)]
pub struct Verifier {
    provider: Arc<CryptoProvider>,
    /// Checks everything. `None` if any certificate will do.
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that are trusted as they are, not only for what they signed.
    pinned: Vec<CertificateDer<'static>>,
    any_name: bool,
}

impl Verifier {
    /// Creates a verifier that takes any certificate: the connection is encrypted, and no more.
    #[must_use]
    pub fn anyone(provider: Arc<CryptoProvider>) -> Self {
        Self { provider, chain: None, pinned: Vec::new(), any_name: true }
    }

    /// Creates a verifier that takes certificates signed by these authorities, or by the public
    /// ones, and the authorities' own. With `any_name`, a certificate may name another host.
    ///
    /// # Errors
    /// Returns an error of kind `config` if a certificate is not one of an authority.
    pub fn trusting(
        authorities: Option<Authorities>,
        any_name: bool,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self> {
        let (roots, pinned) = match authorities {
            None => (webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(), Vec::new()),
            Some(Authorities { path, certificates }) => {
                let mut roots = RootCertStore::empty();
                for certificate in &certificates {
                    roots
                        .add(certificate.clone())
                        .map_err(|error| Error::config(format!("ca_file {path}: {error}")))?;
                }
                (roots, certificates)
            }
        };
        let chain =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .map_err(|error| Error::config(format!("ca_file: {error}")))?;
        Ok(Self { provider, chain: Some(chain), pinned, any_name })
    }
}

/// Returns whether all that is wrong with a certificate is that it is one of an authority, as those
/// are that signed themselves. Its dates are good: they are checked first.
fn is_authority(error: &rustls::Error) -> bool {
    let rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(error))) = error
    else {
        return false;
    };
    matches!(error.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // The name is checked last, so the rest of the certificate is good.
            Err(rustls::Error::InvalidCertificate(
                NotValidForName | NotValidForNameContext { .. },
            )) if self.any_name => Ok(ServerCertVerified::assertion()),
            Err(error) if is_authority(&error) && self.pinned.iter().any(|c| c == certificate) => {
                if !self.any_name {
                    verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
                }
                Ok(ServerCertVerified::assertion())
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
