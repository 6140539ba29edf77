//! What a driver says when it fails.

use std::fmt;
use std::io;

use crate::bindings::osiris::driver::types;

/// The SDK's result. Anything else is turned into an [`Error`] on the way; an
/// [`io::Error`] turns by itself.
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

/// What went wrong, in a form that the host can act on.
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
/// // What was found, what was expected, and where: the outermost place comes first.
/// let error = Error::data("`total` is \"n/a\", not a number").context("line 7").context("orders.csv");
/// assert_eq!(error.to_string(), "orders.csv: line 7: `total` is \"n/a\", not a number");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Decides what the host does about it.
    pub kind: Kind,
    /// For a person: what failed, and what to do about it. No secrets.
    pub message: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
}

/// Kinds of failure. A user sees the kind, and [`retry`](crate::retry) obeys it.
///
/// ```
/// use osiris_sdk::{Error, Kind};
///
/// // Each has a function that makes an error of it.
/// assert_eq!(Error::not_found("there is no table `ordrs`").kind, Kind::NotFound);
/// assert_eq!(Kind::NotFound.to_string(), "not-found");
/// assert_eq!(Kind::parse("not-found"), Kind::NotFound);
/// assert!(Error::timeout("no answer within 30 s").retryable);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The step's configuration is wrong.
    Config,
    /// The service does not know who asks.
    Auth,
    /// The service, or the sandbox, knows who asks and refuses.
    Permission,
    /// The service cannot be reached.
    Network,
    /// The service takes too long.
    Timeout,
    /// What was asked for does not exist.
    NotFound,
    /// The data is not what it claims to be.
    Data,
    /// The step that feeds this one failed.
    Upstream,
    /// The run was cancelled.
    Cancelled,
    /// The driver cannot do this.
    Unsupported,
    /// A bug in the driver, or anything else.
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

    /// The contract's name for it, like `not-found`.
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

    /// The kind of that name; a name that is not known is internal.
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
    /// An error that is no use to retry.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retryable: false }
    }

    /// The step's configuration is wrong.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Kind::Config, message)
    }

    /// The service does not know who asks.
    pub fn auth(message: impl Into<String>) -> Self {
        Self::new(Kind::Auth, message)
    }

    /// The service, or the sandbox, refuses.
    pub fn permission(message: impl Into<String>) -> Self {
        Self::new(Kind::Permission, message)
    }

    /// The service cannot be reached; worth a retry.
    pub fn network(message: impl Into<String>) -> Self {
        Self::new(Kind::Network, message).retryable(true)
    }

    /// The service takes too long; worth a retry.
    pub fn timeout(message: impl Into<String>) -> Self {
        Self::new(Kind::Timeout, message).retryable(true)
    }

    /// What was asked for does not exist.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// The data is not what it claims to be.
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(Kind::Data, message)
    }

    /// The step that feeds this one failed.
    pub fn upstream(message: impl Into<String>) -> Self {
        Self::new(Kind::Upstream, message)
    }

    /// The run was cancelled.
    pub fn cancelled(message: impl Into<String>) -> Self {
        Self::new(Kind::Cancelled, message)
    }

    /// The driver cannot do this.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, message)
    }

    /// A bug, or anything else.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::Internal, message)
    }

    /// Says whether the same call may succeed later.
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

    /// Puts what was being done in front.
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
    /// The message is the operating system's; name the file with
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
    fn kinds_keep_their_names() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), kind);
        }
        assert_eq!(Kind::parse("from-the-future"), Kind::Internal);
    }

    #[test]
    fn an_io_error_keeps_its_meaning() {
        let error = Error::from(io::Error::from(io::ErrorKind::NotFound)).context("opening a.csv");
        assert_eq!(error.kind, Kind::NotFound);
        assert!(error.message.starts_with("opening a.csv: "), "{error}");
        assert!(Error::from(io::Error::from(io::ErrorKind::TimedOut)).retryable);
    }
}
