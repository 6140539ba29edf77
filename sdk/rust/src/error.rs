//! Errors of drivers.

use std::fmt;
use std::io;

use crate::bindings::osiris::driver::types;

/// Result type of the SDK. An [`io::Error`] is converted by `?`; other errors must be converted
/// into an [`Error`].
///
/// ```
/// use osiris_sdk::{Error, Result};
///
/// fn port(text: &str) -> Result<u16> {
///     text.parse().map_err(|error| Error::config(format!("port {text:?}: {error}")))
/// }
///
/// assert_eq!(port("5432"), Ok(5432));
/// assert_eq!(port("x").unwrap_err().message, "port \"x\": invalid digit found in string");
/// ```
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error with a kind that the host can act on.
///
/// ```
/// use osiris_sdk::{Error, Kind, Result};
///
/// fn read(path: &str) -> Result<String> {
///     std::fs::read_to_string(path).map_err(|error| Error::from(error).context(path))
/// }
///
/// let error = read("/nowhere/orders.csv").unwrap_err();
/// assert_eq!(error.kind, Kind::NotFound);
/// assert!(error.message.starts_with("/nowhere/orders.csv: "));
///
/// // The message says what was found and what was expected. The outermost context comes first.
/// let error = Error::data("`total` is \"n/a\", not a number").context("line 7").context("orders.csv");
/// assert_eq!(error.to_string(), "orders.csv: line 7: `total` is \"n/a\", not a number");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Kind of the error, on which the host and [`retry`](crate::retry) act.
    pub kind: Kind,
    /// Message for the user: what failed, and how to fix it. Must not contain secrets.
    pub message: String,
    /// Whether the same call can succeed later.
    pub retryable: bool,
}

/// Kinds of errors. Users see the kind, and [`retry`](crate::retry) depends on it.
///
/// ```
/// use osiris_sdk::{Error, Kind};
///
/// // Each kind has a constructor.
/// assert_eq!(Error::not_found("there is no table `ordrs`").kind, Kind::NotFound);
/// assert_eq!(Kind::NotFound.to_string(), "not-found");
/// assert_eq!(Kind::parse("not-found"), Kind::NotFound);
/// assert!(Error::timeout("no answer within 30 s").retryable);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The step's configuration is invalid.
    Config,
    /// The service could not authenticate the user.
    Auth,
    /// The service authenticated the user but denied access, or the sandbox did.
    Permission,
    /// The service cannot be reached.
    Network,
    /// The service takes too long to answer.
    Timeout,
    /// A requested resource does not exist.
    NotFound,
    /// The data does not match its declared form.
    Data,
    /// The upstream step failed.
    Upstream,
    /// The run was cancelled.
    Cancelled,
    /// The driver does not support the operation.
    Unsupported,
    /// A bug in the driver, or any other error.
    Internal,
}

impl Kind {
    /// Every kind, in the order of the contract.
    pub const ALL: [Self; 11] = [
        Self::Config,
        Self::Auth,
        Self::Permission,
        Self::Network,
        Self::Timeout,
        Self::NotFound,
        Self::Data,
        Self::Upstream,
        Self::Cancelled,
        Self::Unsupported,
        Self::Internal,
    ];

    /// Returns the contract's name of the kind, like `not-found`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::NotFound => "not-found",
            Self::Data => "data",
            Self::Upstream => "upstream",
            Self::Cancelled => "cancelled",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
        }
    }

    /// Returns the kind with a name. Unknown names are [`Internal`](Self::Internal).
    #[must_use]
    pub fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name).unwrap_or(Self::Internal)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error {
    /// Creates an error that is not worth retrying.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retryable: false }
    }

    /// Creates an error for an invalid configuration of the step.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    /// Creates an error for a failed authentication.
    pub fn auth(message: impl Into<String>) -> Self {
        Self::new(Kind::Auth, message)
    }

    /// Creates an error for access that the service or the sandbox denied.
    pub fn permission(message: impl Into<String>) -> Self {
        Self::new(Kind::Permission, message)
    }

    /// Creates a retryable error for a service that cannot be reached.
    pub fn network(message: impl Into<String>) -> Self {
        Self::new(Kind::Network, message).retryable(true)
    }

    /// Creates a retryable error for a service that takes too long to answer.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(Kind::Timeout, message).retryable(true)
    }

    /// Creates an error for a resource that does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// Creates an error for data that does not match its declared form.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// Creates an error for a failed upstream step.
    pub fn upstream(message: impl Into<String>) -> Self {
        Self::new(Kind::Upstream, message)
    }

    /// Creates an error for a cancelled run.
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self::new(Kind::Cancelled, message)
    }

    /// Creates an error for an operation that the driver does not support.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, message)
    }

    /// Creates an error for a bug, or for anything else.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// Sets whether the same call can succeed later.
    ///
    /// ```
    /// use osiris_sdk::Error;
    ///
    /// assert!(Error::data("the page was cut off").retryable(true).retryable);
    /// ```
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }

    /// Prefixes the message with the operation that failed.
    ///
    /// ```
    /// use osiris_sdk::Error;
    ///
    /// let error = Error::internal("disk full").context("data/a.csv");
    /// assert_eq!(error.message, "data/a.csv: disk full");
    /// ```
    #[must_use]
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.message = format!("{doing}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    /// Keeps the operating system's message; add the name of the file with
    /// [`context`](Self::context).
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as Io;
        let (kind, retryable) = match error.kind() {
            Io::NotFound => (Kind::NotFound, false),
            Io::PermissionDenied | Io::ReadOnlyFilesystem => (Kind::Permission, false),
            Io::TimedOut => (Kind::Timeout, true),
            Io::ConnectionRefused
            | Io::ConnectionReset
            | Io::ConnectionAborted
            | Io::BrokenPipe
            | Io::NotConnected
            | Io::HostUnreachable
            | Io::NetworkUnreachable => (Kind::Network, true),
            Io::InvalidData | Io::UnexpectedEof => (Kind::Data, false),
            _ => (Kind::Internal, false),
        };
        Self::new(kind, error.to_string()).retryable(retryable)
    }
}

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        let types::Error { kind, message, retryable } = error;
        Self { kind: Kind::parse(&kind), message, retryable }
    }
}

impl From<Error> for types::Error {
    fn from(error: Error) -> Self {
        let Error { kind, message, retryable } = error;
        Self { kind: kind.as_str().into(), message, retryable }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_kinds_parse_from_their_names() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), kind);
        }
        assert_eq!(Kind::parse("from-the-future"), Kind::Internal);
    }

    #[test]
    fn io_error_maps_to_a_kind() {
        let error = Error::from(io::Error::from(io::ErrorKind::NotFound)).context("opening a.csv");
        assert_eq!(error.kind, Kind::NotFound);
        assert!(error.message.starts_with("opening a.csv: "), "{error}");
        assert!(Error::from(io::Error::from(io::ErrorKind::TimedOut)).retryable);
    }
}
