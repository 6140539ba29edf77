//! A connection, as `osiris_connections.yaml` has it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

/// What a step gets as `resolved_connection`.
#[derive(Clone, Deserialize)]
pub struct Connection {
    /// A name or an address.
    #[serde(default = "localhost")]
    pub host: String,
    /// Where the server listens.
    #[serde(default = "port")]
    pub port: u16,
    /// Whose tables are read or written.
    pub database: String,
    /// Who asks.
    pub user: String,
    /// Proves it.
    #[serde(default)]
    pub password: String,
    /// Whether what is sent is encrypted, and what is checked of the server.
    #[serde(default)]
    pub tls: Tls,
    /// Certificates of the authorities that may have signed the server's, PEM.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// True if the password can be sent in ways that show it to others.
    #[serde(default)]
    pub allow_insecure_auth: bool,
}

/// Whether what is sent is encrypted, and what is checked of the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Nothing is.
    Disabled,
    /// It is if the server can.
    #[default]
    Preferred,
    /// It is, whoever the server may be.
    Required,
    /// The server has a certificate of a trusted authority.
    VerifyCa,
    /// And the certificate names the host.
    VerifyIdentity,
}

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until the server has let the user in.
    pub connect: Duration,
    /// For each answer after that.
    pub read: Duration,
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

    /// How messages name the server.
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
