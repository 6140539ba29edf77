//! How a call goes wrong.

use std::fmt;
use std::time::Duration;

/// A result of this client.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in the terms in which a caller decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The key is missing or wrong.
    Auth,
    /// The sandbox does not accept the token that E2B gave out for it.
    Token,
    /// The key is right, but may not do this.
    Forbidden,
    /// The sandbox, template, file or process does not exist.
    NotFound,
    /// The state does not allow it now.
    Conflict,
    /// Too many requests, or too many sandboxes at once.
    RateLimited,
    /// E2B has no room for the sandbox now.
    Capacity,
    /// The request itself is wrong; it fails again.
    Invalid,
    /// The sandbox's disk is full.
    DiskFull,
    /// The sandbox was killed, or its lifetime is over.
    SandboxGone,
    /// No connection, no answer on it, or a gateway that gets none.
    Unreachable,
    /// A stream fell silent or ended before its end was announced.
    StreamLost,
    /// The deadline passed.
    Timeout,
    /// The server failed.
    Server,
    /// The answer is not of E2B's protocol.
    Protocol,
    /// A file on this side cannot be read.
    Local,
}

/// Whether the same request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It fails again.
    No,
    /// It never reached the server.
    Unsent,
    /// It may or may not have been done.
    Lost,
    /// The server says to try later.
    Later,
}

/// Why a call failed. Holds no secret.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What went wrong.
    pub kind: Kind,
    /// The HTTP status, when a server answered with one that is not a success.
    pub status: Option<u16>,
    /// E2B's `error_code`, or the code of Connect such as `not_found`.
    pub code: Option<String>,
    /// What failed, where, why, and what to do about it, in a line.
    pub message: String,
    /// How long the server asks to wait before the next attempt.
    pub retry_after: Option<Duration>,
    pub(super) again: Again,
    /// What the server itself said.
    pub(super) told: String,
}

impl Error {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            status: None,
            code: None,
            message: message.into(),
            retry_after: None,
            again: Again::No,
            told: String::new(),
        }
    }

    /// Something on this machine that is in the way.
    pub fn local(what: &str, why: &std::io::Error) -> Self {
        Self::new(Kind::Local, format!("cannot {what} on this machine: {why}"))
    }

    /// Returns whether the request may have reached the server.
    pub fn was_sent(&self) -> bool {
        self.again != Again::Unsent
    }

    pub(super) fn again(self, again: Again) -> Self {
        Self { again, ..self }
    }

    /// An answer that is not of E2B's protocol; it may have been done all the same.
    pub(super) fn protocol(what: &str, why: impl fmt::Display) -> Self {
        Self::new(Kind::Protocol, format!("cannot {what}: the answer is not E2B's protocol: {why}"))
    }

    /// Whether the same call may succeed later with nothing changed by the caller.
    pub fn is_transient(&self) -> bool {
        self.again != Again::No || matches!(self.kind, Kind::Timeout | Kind::StreamLost)
    }
}
