//! A connection, as `osiris_connections.yaml` has it.

use std::fmt;

use osiris_sdk::{Error, Result};
use serde::Deserialize;

use crate::Relation;

/// The fields of a connection.
#[derive(Clone, Deserialize)]
pub struct Connection {
    /// The server's name or address.
    pub host: String,
    /// The server's port.
    #[serde(default = "port")]
    pub port: u16,
    /// The database on it.
    pub database: String,
    /// The user who signs in.
    pub user: String,
    /// With what.
    #[serde(default)]
    pub password: String,
    /// Encryption, and the checks of the server.
    #[serde(default)]
    pub sslmode: SslMode,
    /// Certificates of authorities, in PEM.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// The certificate that the user shows to the server, in PEM.
    #[serde(default)]
    pub client_cert_file: Option<String>,
    /// Its private key, in PEM.
    #[serde(default)]
    pub client_key_file: Option<String>,
    /// True if the password can be sent in ways that show it to others.
    #[serde(default)]
    pub allow_insecure_auth: bool,
    /// The schema of the tables; a step can name another one.
    #[serde(default)]
    pub schema: Option<String>,
}

/// Encryption, and the checks of the server, in the words of libpq.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    /// No encryption.
    Disable,
    /// Encryption if the server has it.
    #[default]
    Prefer,
    /// Encryption, whoever the server is.
    Require,
    /// And the server's certificate is signed by a known authority.
    VerifyCa,
    /// And it is made out to the host's name.
    VerifyFull,
}

impl Connection {
    /// The schema of the tables that a step names.
    #[must_use]
    pub fn schema(&self) -> &str {
        self.schema.as_deref().unwrap_or("public")
    }

    /// Returns the table that a step names, in the schema of the connection or the step.
    ///
    /// # Errors
    /// Kind `config` if the name has a dot and no schema is set: most likely the part before the
    /// dot is meant as the schema, and not as the beginning of a table's name.
    pub fn relation(&self, table: &str) -> Result<Relation> {
        if let (None, Some((schema, name))) = (&self.schema, table.split_once('.')) {
            return Err(Error::config(format!(
                "`table: {table}` has a dot; for a table of another schema set `schema: {schema}` \
                 and `table: {name}`, and for a table that is called so set its `schema` as well"
            )));
        }
        Ok(Relation::new(self.schema(), table))
    }

    /// Checks that the host is a name or an address.
    ///
    /// # Errors
    /// Kind `config` if the host is something else, such as the path of a socket.
    pub(crate) fn check(&self) -> Result<()> {
        let host = self.host.as_str();
        if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            return Err(Error::config(format!(
                "the host {host:?} is an address in brackets; write it without them, `host: \
                 \"{address}\"`"
            )));
        }
        if host.starts_with(['/', '@']) {
            return Err(Error::config(format!(
                "the host {host:?} is a Unix socket, which a driver cannot reach; set `host` and \
                 `port` to an address that the server listens on (its `listen_addresses`)"
            )));
        }
        Ok(())
    }

    /// The server, for messages.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Without the password.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}/{}", self.user, self.address(), self.database)
    }
}

fn port() -> u16 {
    5432
}
