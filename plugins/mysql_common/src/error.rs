//! Errors of a server, and of the way to it.

use std::io;

use db_common::tls::{lacks_ciphers, tls_error};
use osiris_sdk::{Error, Kind};

/// WASI's number for an I/O error: a connection that the other side has reset.
const WASI_IO: i32 = 29;

/// An error of the server, or of the connection to it.
#[derive(Debug)]
pub enum MysqlError {
    /// The server refused what it was asked. The connection can be used on.
    Server {
        /// The server's number for it.
        code: u16,
        /// The server's words.
        message: String,
    },
    /// The server knows none of the ciphers that it was offered.
    NoCommonCipher,
    /// Anything else. The connection is of no use any more.
    Other(Error),
}

/// A deadlock: the server has undone the whole transaction.
pub const DEADLOCK: u16 = 1213;
/// A lock was held for too long: the server has undone the statement.
pub const LOCK_TIMEOUT: u16 = 1205;

impl MysqlError {
    /// The server's number, if the server said it.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Server { code, .. } => Some(*code),
            Self::NoCommonCipher | Self::Other(_) => None,
        }
    }

    /// Converts an error of reading or writing; `server` and `wait` are for the message.
    pub(crate) fn io(error: &io::Error, server: &str, wait: &str) -> Self {
        use io::ErrorKind as Io;
        if lacks_ciphers(error) {
            return Self::NoCommonCipher;
        }
        let is_reset = cfg!(target_family = "wasm") && error.raw_os_error() == Some(WASI_IO);
        Self::Other(match (error.kind(), tls_error(error)) {
            _ if is_reset => closed(server),
            (_, Some(tls)) => Error::network(format!("TLS with {server} failed: {tls}")),
            (Io::TimedOut, _) => Error::timeout(format!("{server} did not answer within {wait}")),
            (
                Io::UnexpectedEof
                | Io::ConnectionReset
                | Io::ConnectionAborted
                | Io::BrokenPipe
                | Io::NotConnected,
                _,
            ) => closed(server),
            _ => Error::network(format!("the connection to {server} failed: {}", reason(error))),
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

fn closed(server: &str) -> Error {
    Error::network(format!(
        "{server} closed the connection: it was stopped, somebody ended the session with KILL, or \
         a limit was reached, the server's own or that of a proxy in between, such as \
         `wait_timeout`, `net_write_timeout` or `max_allowed_packet`; the server's log says which"
    ))
}

/// Returns the text of an error of the system, without its number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}

impl From<Error> for MysqlError {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<MysqlError> for Error {
    fn from(error: MysqlError) -> Self {
        match error {
            MysqlError::Other(error) => error,
            MysqlError::NoCommonCipher => Error::network(
                "TLS failed: the server knows none of the ciphers that it was offered; let it use \
                 TLS 1.2 with ECDHE, or TLS 1.3",
            )
            .retryable(false),
            MysqlError::Server { code, message } => explain(code, &message),
        }
    }
}

/// The kind of a server's error, and what to do about it.
fn explain(code: u16, message: &str) -> Error {
    let (kind, hint) = match code {
        1045 | 1698 => (Kind::Auth, "check `user` and `password` of the connection"),
        1130 => (Kind::Auth, "have the administrator let the user in from this host"),
        1129 => (Kind::Network, "have the administrator run FLUSH HOSTS, then try again"),
        1044 | 1142 | 1143 | 1227 | 1370 | 1410 => {
            (Kind::Permission, "ask the administrator for the privilege")
        }
        1290 if message.contains("read-only") || message.contains("read_only") => {
            (Kind::Permission, "the server takes no changes: write to the primary server")
        }
        1290 => (Kind::Permission, "ask the administrator to start the server without the option"),
        1836 | 1792 => (Kind::Permission, "it takes no changes: write to the primary server"),
        1049 => (Kind::NotFound, "check `database` of the connection"),
        1146 => (Kind::NotFound, "check the name of the table"),
        1054 => (Kind::Config, "check the names of the columns"),
        1060 | 1110 => (
            Kind::Config,
            "the server does not tell upper from lower case in names of columns; give one \
             of the two another name in a step before",
        ),
        1071 => (
            Kind::Config,
            "name fewer columns in `upsert_keys` or `primary_key`, or give them shorter types with \
             `column_types`",
        ),
        3750 => (
            Kind::Config,
            "name the columns of one in `primary_key`, or make the table with one by hand",
        ),
        1068 | 1072 | 1073 | 1074 | 1170 | 1171 => {
            (Kind::Config, "check `primary_key` and `column_types`")
        }
        1063 | 1425 | 1426 | 1427 => (Kind::Config, "check the types of the columns"),
        1064 | 1193 | 1231 | 1232 | 1273 | 1295 => (Kind::Config, "check the SQL"),
        3159 | 4151 => (Kind::Config, "set `tls: required` in the connection"),
        1040 | 1203 | 1226 => (
            Kind::Network,
            "try again when fewer are connected, or run fewer steps at the same time with \
                `limits: {steps: 10}` in osiris.yaml",
        ),
        1053 | 1077 | 1079 => (Kind::Network, "the server is being stopped; try again later"),
        1158..=1161 => (
            Kind::Network,
            "raise the server's net_read_timeout and net_write_timeout, or try again",
        ),
        1317 | 1927 => (
            Kind::Network,
            "somebody ended it with KILL, or the server is being stopped; try again",
        ),
        4031 => (Kind::Network, "raise the server's wait_timeout, or try again"),
        LOCK_TIMEOUT => (Kind::Timeout, "another transaction holds the rows; try again"),
        DEADLOCK => (Kind::Timeout, "another transaction waits for the same rows; try again"),
        1969 | 3024 => (Kind::Timeout, "the server's own limit; raise it or read less"),
        1059 | 1166 | 1300 => (Kind::Data, "rename the column"),
        1117 | 1118 => (Kind::Data, "write fewer columns, or to several tables"),
        1153 | 1301 => (Kind::Data, "raise the server's max_allowed_packet"),
        1048 | 1062 | 1216 | 1217 | 1264 | 1265 | 1292 | 1364 | 1366 | 1367 | 1406 | 1411
        | 1416 | 1451 | 1452 | 1526 | 1644 | 1690 | 3140 | 3144 | 4025 | 3819 => (Kind::Data, ""),
        1114 | 1021 => (Kind::Internal, "the server has no room left"),
        _ => (Kind::Internal, ""),
    };
    let passing =
        matches!(kind, Kind::Network | Kind::Timeout) && !matches!(code, 1129 | 1969 | 3024);
    let end = if hint.is_empty() { String::new() } else { format!("; {hint}") };
    Error::new(kind, format!("{message} (MySQL error {code}){end}")).retryable(passing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_are_shown_without_numbers() {
        let told = |error: io::Error| Error::from(MysqlError::io(&error, "db:3306", "1 s")).message;
        for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset] {
            let told = told(kind.into());
            assert!(told.starts_with("db:3306 closed the connection: "), "{told}");
            assert!(told.contains("`net_write_timeout`"), "{told}");
        }
        // 113: no route to a host.
        let told = told(io::Error::from_raw_os_error(113));
        assert!(told.starts_with("the connection to db:3306 failed: "), "{told}");
        assert!(!told.contains("os error"), "{told}");
    }
}
