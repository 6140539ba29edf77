//! Encrypted connections.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use db_common::tls::{Authorities, Ciphers, Verifier, read};
use osiris_sdk::{Error, Result};
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use crate::auth::{Allowed, Guarded};
use crate::{Connection, SslMode};

/// Returns true if a server knows none of the ciphers that were offered.
pub(crate) fn lacks_ciphers(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error);
    source.and_then(|source| source.downcast_ref()).is_some_and(db_common::tls::lacks_ciphers)
}

/// Encrypts one connection.
#[derive(Debug)]
pub(crate) struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    allowed: Allowed,
}

impl Tls {
    pub(crate) fn new(connection: &Connection, ciphers: Ciphers) -> Result<Self> {
        let wrong = |error: &dyn std::fmt::Display| Error::config(format!("TLS: {error}"));
        let provider = ciphers.provider();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(&error))?
            .dangerous();
        // As in libpq, who names authorities wants them to be asked.
        let asks = match connection.sslmode {
            SslMode::VerifyFull | SslMode::VerifyCa => true,
            _ => connection.ca_file.is_some() && connection.sslmode == SslMode::Require,
        };
        let verifier = if asks {
            let any_name = connection.sslmode != SslMode::VerifyFull;
            Verifier::trusting(authorities(connection)?, any_name, provider)?
        } else {
            Verifier::anyone(provider)
        };
        let builder = builder.with_custom_certificate_verifier(Arc::new(verifier));
        let config = match identity(connection)? {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(|error| {
                Error::config(format!("client_cert_file and client_key_file: {error}"))
            })?,
            None => builder.with_no_client_auth(),
        };
        let name = ServerName::try_from(connection.host.clone()).map_err(|error| wrong(&error))?;
        let allowed = Allowed::of(connection, true);
        Ok(Self { config: Arc::new(config), name, allowed })
    }
}

/// Returns the authorities of `ca_file`.
fn authorities(connection: &Connection) -> Result<Option<Authorities>> {
    let Some(path) = &connection.ca_file else { return Ok(None) };
    let certificates = certificates("ca_file", path)?;
    Ok(Some(Authorities { path: path.clone(), certificates }))
}

/// Returns the certificate that the user shows to the server, and its key.
fn identity(
    connection: &Connection,
) -> Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>> {
    let (client_cert_file, client_key_file) =
        match (&connection.client_cert_file, &connection.client_key_file) {
            (Some(client_cert_file), Some(client_key_file)) => (client_cert_file, client_key_file),
            (None, None) => return Ok(None),
            _ => {
                return Err(Error::config(
                    "`client_cert_file` and `client_key_file` go together; set both",
                ));
            }
        };
    let key = PrivateKeyDer::from_pem_slice(&read("client_key_file", client_key_file.as_ref())?).map_err(|error| {
        Error::config(format!(
            "client_key_file {client_key_file}: {error}; it must be a private key in PEM without a passphrase"
        ))
    })?;
    Ok(Some((certificates("client_cert_file", client_cert_file)?, key)))
}

/// Returns the certificates of a file that a field names.
fn certificates(field: &str, path: &str) -> Result<Vec<CertificateDer<'static>>> {
    let wrong = |why: String| Error::config(format!("{field} {path}: {why}"));
    let certificates = CertificateDer::pem_slice_iter(&read(field, path.as_ref())?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(error.to_string()))?;
    if certificates.is_empty() {
        return Err(wrong("there is no certificate in it; it must be in PEM".to_owned()));
    }
    Ok(certificates)
}

impl<S> TlsConnect<S> for Tls
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        let handshake = TlsConnector::from(self.config).connect(self.name, stream);
        let allowed = self.allowed;
        Box::pin(async move {
            handshake.await.map(|stream| Encrypted(Guarded::new(stream, allowed, false)))
        })
    }
}

/// An encrypted stream.
#[derive(Debug)]
pub(crate) struct Encrypted<S>(Guarded<tokio_rustls::client::TlsStream<S>>);

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Encrypted<S> {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
