//! A connection, as `osiris_connections.yaml` has it.

use std::fmt;
use std::path::PathBuf;

use osiris_sdk::{Error, Result};
use serde::Deserialize;

/// The `resolved_connection` of a step.
#[derive(Clone, Deserialize)]
pub struct Connection {
    /// A name or an address.
    #[serde(default = "localhost")]
    pub host: String,
    /// The port that the server listens on.
    #[serde(default = "port")]
    pub port: u16,
    /// The database with the tables.
    pub database: String,
    /// The user that signs in.
    pub user: String,
    /// Proves it.
    #[serde(default)]
    pub password: String,
    /// Encryption, and the checks of the server.
    #[serde(default)]
    pub tls: Tls,
    /// Certificates of the authorities that may have signed the server's, PEM.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// A certificate that shows who the user is, PEM.
    #[serde(default)]
    pub client_cert_file: Option<PathBuf>,
    /// The certificate's private key, PEM.
    #[serde(default)]
    pub client_key_file: Option<PathBuf>,
    /// True if the password can be sent in ways that show it to others.
    #[serde(default)]
    pub allow_insecure_auth: bool,
}

/// Encryption, and the checks of the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Nothing is encrypted.
    Disabled,
    /// The connection is encrypted if the server can.
    #[default]
    Preferred,
    /// The connection is encrypted, whoever the server may be.
    Required,
    /// The server has a certificate of a trusted authority.
    VerifyCa,
    /// The server has such a certificate, and it names the host.
    VerifyIdentity,
}

impl Connection {
    /// Returns whether the server must prove its identity, so that nobody can pose as it.
    pub(crate) fn is_checked(&self) -> bool {
        match self.tls {
            Tls::VerifyIdentity => true,
            // Without a `ca_file`, everybody's certificate would do.
            Tls::VerifyCa => self.ca_file.is_some(),
            Tls::Disabled | Tls::Preferred | Tls::Required => false,
        }
    }

    /// Checks what can be known before a connection is tried.
    pub(crate) fn check(&self) -> Result<()> {
        let host = &self.host;
        if host.contains('/') {
            return Err(Error::config(format!(
                "host: {host:?} is the path of a unix socket, which drivers cannot use; name the \
                 host, such as `127.0.0.1`, and let the server listen there"
            )));
        }
        if let Some(inner) = host.strip_prefix('[') {
            return Err(Error::config(format!(
                "host: write the address `{}` without brackets",
                inner.trim_end_matches(']')
            )));
        }
        if self.client_cert_file.is_some() != self.client_key_file.is_some() {
            return Err(Error::config(
                "`client_cert_file` and `client_key_file` go together: set both of them",
            ));
        }
        if self.client_cert_file.is_some() && self.tls == Tls::Disabled {
            return Err(Error::config(
                "`client_cert_file` needs TLS; set `tls: required` in the connection",
            ));
        }
        Ok(())
    }

    /// Returns the host and the port, as messages name the server.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({} at {}/{})", self.user, self.address(), self.database)
    }
}

fn localhost() -> String {
    "localhost".to_owned()
}

fn port() -> u16 {
    3306
}
