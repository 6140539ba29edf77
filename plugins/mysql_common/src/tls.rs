//! Encryption, and who the server is.

use std::fs;
use std::sync::Arc;

use osiris_sdk::{Error, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, CipherSuite, ClientConfig, ClientConnection, DigitallySignedStruct,
    RootCertStore, SignatureScheme,
};

use crate::config::{Connection, Tls};

/// A client that checks of the server what the connection asks for.
pub(crate) fn client(connection: &Connection) -> Result<ClientConnection> {
    let mut provider = ring::default_provider();
    if cfg!(target_family = "wasm") {
        // Without the processor's own instructions for AES, ChaCha20 is several times faster.
        provider.cipher_suites.sort_by_key(|suite| !is_chacha(suite.suite()));
    }
    let provider = Arc::new(provider);
    let name = ServerName::try_from(connection.host.clone()).map_err(|_| {
        Error::config(format!("host: {:?} is neither a name nor an address", connection.host))
    })?;
    let chain = match connection.tls {
        Tls::VerifyCa | Tls::VerifyIdentity => Some(
            WebPkiServerVerifier::builder_with_provider(
                Arc::new(roots(connection)?),
                Arc::clone(&provider),
            )
            .build()
            .map_err(|error| Error::config(format!("ca_file: {error}")))?,
        ),
        Tls::Disabled | Tls::Preferred | Tls::Required => None,
    };
    let identity = connection.tls == Tls::VerifyIdentity;
    let verifier = Verifier { provider: Arc::clone(&provider), chain, identity };
    let broken = |error| Error::internal(format!("TLS cannot be set up: {error}"));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(broken)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
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

/// The authorities that are trusted: those of the file, or the public ones.
fn roots(connection: &Connection) -> Result<RootCertStore> {
    let Some(path) = &connection.ca_file else {
        return Ok(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect());
    };
    let shown = path.display();
    let pem = fs::read(path)
        .map_err(|error| Error::from(error).context(format_args!("ca_file {shown}")))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        certificate
            .map_err(|error| Error::config(format!("ca_file {shown}: {error:?}")))
            .and_then(|certificate| {
                roots
                    .add(certificate)
                    .map_err(|error| Error::config(format!("ca_file {shown}: {error}")))
            })?;
    }
    if roots.is_empty() {
        return Err(Error::config(format!("ca_file {shown} holds no certificate in PEM form")));
    }
    Ok(roots)
}

/// Checks as much as the connection asks for.
#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    chain: Option<Arc<WebPkiServerVerifier>>,
    identity: bool,
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
