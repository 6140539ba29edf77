//! What every client of a server shares: TLS, and words for what went wrong.

use std::error::Error as _;
use std::net::IpAddr;
use std::sync::Arc;

use reqwest::Url;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;

/// What the program calls itself.
pub(crate) const AGENT: &str = concat!("osiris/", env!("CARGO_PKG_VERSION"));

/// Ring, because aws-lc needs a C compiler and CMake on the builder's machine.
pub(crate) fn tls(base: &Url) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    // A machine without certificates can still talk to itself.
    Ok(match base.scheme() {
        "http" => config.with_root_certificates(RootCertStore::empty()),
        _ => config.with_platform_verifier()?,
    }
    .with_no_client_auth())
}

/// Whether it is on this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

/// The innermost reason; reqwest's own text would show the whole address.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let mut inner = error.source();
    while let Some(deeper) = inner.and_then(std::error::Error::source) {
        inner = Some(deeper);
    }
    let host = error
        .url()
        .and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
    let host = host.as_deref().unwrap_or("the service");
    match inner {
        Some(inner) if error.is_connect() => format!("no connection to {host}: {inner}"),
        Some(inner) if error.is_redirect() => inner.to_string(),
        Some(inner) => format!("the connection to {host} broke: {inner}"),
        None if error.is_timeout() => format!("no answer from {host} in time"),
        None => "the request could not be sent".to_owned(),
    }
}
