//! What a server or the way to it answers when something is wrong.

use std::io;

use osiris_sdk::{Error, Kind};

/// Something went wrong.
#[derive(Debug)]
pub enum Failure {
    /// The server refused what it was asked. The connection can be used on.
    Server {
        /// The server's number for it.
        code: u16,
        /// The server's words.
        message: String,
    },
    /// Anything else. The connection is of no use any more.
    Other(Error),
}

/// A deadlock: the server has undone the whole transaction.
pub const DEADLOCK: u16 = 1213;
/// A lock was held for too long: the server has undone the statement.
pub const LOCK_TIMEOUT: u16 = 1205;

impl Failure {
    /// The server's number, if the server said it.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Server { code, .. } => Some(*code),
            Self::Other(_) => None,
        }
    }

    /// What reading or writing said; `server` and `wait` are for the message.
    pub(crate) fn io(error: &io::Error, server: &str, wait: &str) -> Self {
        use io::ErrorKind as Io;
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        Self::Other(match (error.kind(), tls) {
            (_, Some(tls)) => Error::network(format!("TLS with {server} failed: {tls}")),
            (Io::TimedOut, _) => Error::timeout(format!("{server} did not answer within {wait}")),
            (
                Io::UnexpectedEof | Io::ConnectionReset | Io::ConnectionAborted | Io::BrokenPipe,
                _,
            ) => Error::network(format!("{server} closed the connection")),
            _ => Error::network(format!("the connection to {server} failed: {error}")),
        })
    }

    /// The server said something that the protocol does not have.
    pub(crate) fn protocol(why: impl std::fmt::Display) -> Self {
        Self::Other(
            Error::network(format!(
                "the server does not speak the MySQL protocol as it should: {why}"
            ))
            .retryable(false),
        )
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Other(error) => error,
            Failure::Server { code, message } => explain(code, &message),
        }
    }
}

/// The kind of a server's error, and what to do about it.
fn explain(code: u16, message: &str) -> Error {
    let (kind, hint) = match code {
        1045 | 1698 => (Kind::Auth, "check `user` and `password` of the connection"),
        1044 | 1142 | 1143 | 1227 | 1370 | 1410 => {
            (Kind::Permission, "ask the administrator for the privilege")
        }
        1049 => (Kind::NotFound, "check `database` of the connection"),
        1146 => (Kind::NotFound, "check the name of the table"),
        1054 => (Kind::Config, "check the names of the columns"),
        1064 | 1295 => (Kind::Config, "check the SQL"),
        3159 | 4151 => (Kind::Config, "set `tls: required` in the connection"),
        1040 | 1203 | 1226 => (Kind::Network, "try again when fewer are connected"),
        1053 | 1077 | 1079 | 1317 | 1927 => (Kind::Network, "try again"),
        LOCK_TIMEOUT => (Kind::Timeout, "another transaction holds the rows; try again"),
        DEADLOCK => (Kind::Timeout, "another transaction waits for the same rows; try again"),
        1969 | 3024 => (Kind::Timeout, "the server's own limit; raise it or read less"),
        1059 | 1166 | 1300 => (Kind::Data, "rename the column"),
        1117 | 1118 => (Kind::Data, "write fewer columns, or to several tables"),
        1153 | 1301 => (Kind::Data, "raise the server's max_allowed_packet"),
        1048 | 1062 | 1264 | 1265 | 1292 | 1364 | 1366 | 1406 | 1411 | 1416 | 1451 | 1452
        | 3140 | 4025 | 3819 => (Kind::Data, ""),
        1114 | 1021 => (Kind::Internal, "the server has no room left"),
        _ => (Kind::Internal, ""),
    };
    let passing = matches!(kind, Kind::Network | Kind::Timeout) && !matches!(code, 1969 | 3024);
    let end = if hint.is_empty() { String::new() } else { format!("; {hint}") };
    Error::new(kind, format!("{message} (MySQL error {code}){end}")).retryable(passing)
}
