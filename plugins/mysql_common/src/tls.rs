//! Encryption, and who the server is.

use std::path::Path;
use std::sync::Arc;

use db_common::tls::{Authorities, Ciphers, Verifier, read};
use osiris_sdk::{Error, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection};

use crate::connection::{Connection, Tls};

/// A client that checks of the server what the connection asks for.
pub(crate) fn client(connection: &Connection, ciphers: Ciphers) -> Result<ClientConnection> {
    let provider = ciphers.provider();
    let name = ServerName::try_from(connection.host.clone()).map_err(|_| {
        Error::config(format!("host: {:?} is neither a name nor an address", connection.host))
    })?;
    let verifier = match connection.tls {
        Tls::VerifyCa | Tls::VerifyIdentity => {
            let any_name = connection.tls == Tls::VerifyCa;
            Verifier::trusting(authorities(connection)?, any_name, Arc::clone(&provider))?
        }
        Tls::Disabled | Tls::Preferred | Tls::Required => Verifier::anyone(Arc::clone(&provider)),
    };
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

/// Returns the authorities of `ca_file`.
fn authorities(connection: &Connection) -> Result<Option<Authorities>> {
    let Some(path) = &connection.ca_file else { return Ok(None) };
    let certificates = certificates("ca_file", path)?;
    Ok(Some(Authorities { path: path.display().to_string(), certificates }))
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
