//! Encryption, and who the server is.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use osiris_sdk::{Error, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, CipherSuite, ClientConfig, ClientConnection, DigitallySignedStruct,
    OtherError, RootCertStore, SignatureScheme,
};

use crate::connection::{Connection, Tls};

/// The ciphers that a server is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ciphers {
    /// ChaCha20 alone. A component lacks the processor's own instructions for AES,
    /// which then takes several times as long, and servers choose AES wherever it
    /// is offered.
    Fast,
    /// All of them.
    All,
}

/// A client that checks of the server what the connection asks for.
pub(crate) fn client(connection: &Connection, ciphers: Ciphers) -> Result<ClientConnection> {
    let mut provider = ring::default_provider();
    if ciphers == Ciphers::Fast {
        provider.cipher_suites.retain(|suite| is_chacha(suite.suite()));
    }
    let provider = Arc::new(provider);
    let name = ServerName::try_from(connection.host.clone()).map_err(|_| {
        Error::config(format!("host: {:?} is neither a name nor an address", connection.host))
    })?;
    let (chain, pinned) = match connection.tls {
        Tls::VerifyCa | Tls::VerifyIdentity => {
            let (roots, pinned) = roots(connection)?;
            let chain =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                    .build()
                    .map_err(|error| Error::config(format!("ca_file: {error}")))?;
            (Some(chain), pinned)
        }
        Tls::Disabled | Tls::Preferred | Tls::Required => (None, Vec::new()),
    };
    let identity = connection.tls == Tls::VerifyIdentity;
    let verifier = Verifier { provider: Arc::clone(&provider), chain, pinned, identity };
    let broken = |error| Error::internal(format!("TLS cannot be set up: {error}"));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(broken)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let config = match (&connection.client_cert_file, &connection.client_key_file) {
        (Some(certificate), Some(key)) => {
            let chain = certificates("client_cert_file", certificate)?;
            let pem = read("client_key_file", key)?;
            let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| {
                Error::config(format!("client_key_file {}: {error}", key.display()))
            })?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                Error::config(format!("client_cert_file {}: {error}", certificate.display()))
            })?
        }
        _ => builder.with_no_client_auth(),
    };
    ClientConnection::new(Arc::new(config), name).map_err(broken)
}

fn is_chacha(suite: CipherSuite) -> bool {
    use CipherSuite as C;
    matches!(
        suite,
        C::TLS13_CHACHA20_POLY1305_SHA256
            | C::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
            | C::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
    )
}

/// The authorities that are trusted, those of the file or the public ones, and
/// the certificates of the file.
fn roots(connection: &Connection) -> Result<(RootCertStore, Vec<CertificateDer<'static>>)> {
    let Some(path) = &connection.ca_file else {
        return Ok((webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(), Vec::new()));
    };
    let certificates = certificates("ca_file", path)?;
    let mut roots = RootCertStore::empty();
    for certificate in &certificates {
        roots
            .add(certificate.clone())
            .map_err(|error| Error::config(format!("ca_file {}: {error}", path.display())))?;
    }
    Ok((roots, certificates))
}

/// The certificates of a file.
fn certificates(option: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let shown = path.display();
    let pem = read(option, path)?;
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Error::config(format!("{option} {shown}: {error:?}")))?;
    if certificates.is_empty() {
        return Err(Error::config(format!("{option} {shown} holds no certificate in PEM form")));
    }
    Ok(certificates)
}

fn read(option: &str, path: &Path) -> Result<Vec<u8>> {
    fs::read(path)
        .map_err(|error| Error::from(error).context(format_args!("{option} {}", path.display())))
}

/// Checks as much as the connection asks for.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    chain: Option<Arc<WebPkiServerVerifier>>,
    /// Certificates that are trusted as they are, not only for what they signed.
    pinned: Vec<CertificateDer<'static>>,
    identity: bool,
}

/// Returns whether all that is wrong with a certificate is that it is one of an
/// authority, as those are that signed themselves. Its dates are good.
fn is_authority(error: &rustls::Error) -> bool {
    let rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(error))) = error
    else {
        return false;
    };
    matches!(error.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
            // The name is checked last, so the rest of the certificate is good.
            Err(rustls::Error::InvalidCertificate(
                NotValidForName | NotValidForNameContext { .. },
            )) if !self.identity => Ok(ServerCertVerified::assertion()),
            Err(error) if is_authority(&error) && self.pinned.contains(&end_entity.to_owned()) => {
                if self.identity {
                    verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
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
