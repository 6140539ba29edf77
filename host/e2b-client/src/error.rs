//! Errors of the client.

use std::fmt;
use std::time::Duration;

/// Result type of this client.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Categories of errors, as far as callers need to tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The key is missing or wrong.
    Auth,
    /// The sandbox does not accept the token that E2B gave out for it.
    Token,
    /// The key is valid, but the operation is not allowed.
    Forbidden,
    /// The sandbox, template, file or process does not exist.
    NotFound,
    /// The current state does not allow the request.
    Conflict,
    /// Too many requests, or too many sandboxes at one time.
    RateLimited,
    /// E2B has no capacity for the sandbox now.
    Capacity,
    /// The request itself is wrong and would fail again.
    Invalid,
    /// The sandbox's disk is full.
    DiskFull,
    /// The sandbox was killed, or its lifetime is over.
    SandboxGone,
    /// No connection, no response, or a gateway that gets none.
    Unreachable,
    /// A stream went silent or broke off before its end message.
    StreamLost,
    /// The deadline passed.
    Timeout,
    /// The server failed.
    Server,
    /// The response does not follow E2B's protocol.
    Protocol,
    /// A file on this side cannot be read.
    Local,
}

/// Reasons for and against sending a failed request again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retryability {
    /// The request would fail again.
    No,
    /// The request never reached the server.
    Unsent,
    /// The request might have been executed.
    Lost,
    /// The server requests a later attempt.
    Later,
}

/// Error of a call. Contains no secrets.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// Category of the error.
    pub kind: Kind,
    /// HTTP status of an error response.
    pub status: Option<u16>,
    /// E2B's `error_code`, or a code of Connect such as `not_found`.
    pub code: Option<String>,
    /// One line: what failed, where, why, and how to fix it.
    pub message: String,
    /// Time to wait before the next attempt, as requested by the server.
    pub retry_after: Option<Duration>,
    pub(super) again: Retryability,
    /// The server's own message.
    pub(super) server_message: String,
}

impl Error {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            code: None,
            message: message.into(),
            retry_after: None,
            again: Retryability::No,
            server_message: String::new(),
        }
    }

    /// Returns the error for a failed operation on this machine.
    pub fn local(what: &str, why: &std::io::Error) -> Self {
        Self::new(Kind::Local, format!("cannot {what} on this machine: {why}"))
    }

    /// Returns whether the request might have reached the server.
    pub fn was_sent(&self) -> bool {
        self.again != Retryability::Unsent
    }

    pub(super) fn again(self, again: Retryability) -> Self {
        Self { again, ..self }
    }

    /// Returns the error for a response that does not follow E2B's protocol. The request might have
    /// been executed all the same.
    pub(super) fn protocol(what: &str, why: impl fmt::Display) -> Self {
        Self::new(Kind::Protocol, format!("cannot {what}: unexpected response: {why}"))
    }

    /// Returns whether the same call can succeed later without a change by the caller.
    pub fn is_transient(&self) -> bool {
        self.again != Retryability::No || matches!(self.kind, Kind::Timeout | Kind::StreamLost)
    }
}
