//! Failures of calls into drivers.

use std::borrow::Cow;
use std::fmt;

use osiris_core::redact::Redactor;
use serde::{Deserialize, Serialize};

use super::bindings::osiris::driver::types;

/// Maximum length of the message of a driver's error or panic, in bytes.
const MAX_MESSAGE: usize = 16 << 10;

/// Error kinds that the contract allows drivers to return.
const KINDS: [&str; 11] = [
    "config",
    "auth",
    "permission",
    "network",
    "timeout",
    "not-found",
    "data",
    "upstream",
    "cancelled",
    "unsupported",
    "internal",
];
/// Error kinds that only the host reports.
const HOST_KINDS: [&str; 4] = ["panic", "trap", "limit", "protocol"];

/// Cause of a failed call, with a message for the user. Contains no secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallError {
    /// One of the contract's kinds if the driver reported the failure: config, auth, permission,
    /// network, timeout, not-found, data, upstream, cancelled, unsupported, internal. The host adds
    /// panic, trap, limit and protocol.
    pub kind: String,
    /// Description of the failure, and how to fix it.
    pub message: String,
}

impl CallError {
    /// Creates a failure of a kind.
    pub fn new(kind: &str, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), message: message.into() }
    }

    /// Returns whether `kind` is a kind of failure, reported by drivers or by the host.
    pub fn is_kind(kind: &str) -> bool {
        KINDS.contains(&kind) || HOST_KINDS.contains(&kind)
    }

    /// Returns whether the contract allows drivers to report errors of `kind`.
    pub fn is_contract_kind(kind: &str) -> bool {
        KINDS.contains(&kind)
    }

    /// Returns the help for a kind of failure that is the driver's fault. Returns `None` for other
    /// kinds.
    pub fn help(kind: &str, driver: &str) -> Option<String> {
        let is_fault = ["panic", "trap", "protocol"].contains(&kind);
        is_fault.then(|| format!("this is a fault of the driver `{driver}`: tell its author"))
    }

    /// The failure of a step that depends on the failed `step`.
    pub fn upstream(step: &str) -> Self {
        Self::new("upstream", format!("the step `{step}` before it failed"))
    }

    /// Appends a denial to the message if a denial can cause a failure of this kind.
    pub(super) fn with_denial(mut self, refusal: Option<String>) -> Self {
        let may_be =
            matches!(self.kind.as_str(), "network" | "permission" | "timeout" | "internal");
        if let Some(refusal) = refusal.filter(|_| may_be) {
            self.message = format!("{}; {refusal}", self.message);
        }
        self
    }

    /// Returns whether the failure only follows from a cancellation or from the failure of another
    /// step.
    pub fn is_cascaded(&self) -> bool {
        matches!(self.kind.as_str(), "upstream" | "cancelled")
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Converts the error that a driver returned.
pub(super) fn from_driver(error: types::Error, redactor: &Redactor) -> CallError {
    let kind = KINDS.into_iter().find(|kind| *kind == error.kind).unwrap_or("internal");
    let message = match error.message.trim() {
        "" => "the driver gave no reason".to_owned(),
        _ => sanitize_message(&error.message, redactor),
    };
    CallError::new(kind, message)
}

/// Redacts a driver's message and cuts it to the maximum length. Indents its lines after the first,
/// so that none can pass for a line of the host.
pub fn sanitize_message(message: &str, redactor: &Redactor) -> String {
    let message = &without_errno(message);
    let (mut shown, end) = redactor.redact_prefix(message.as_bytes(), MAX_MESSAGE);
    if end < message.len() {
        shown.push_str(" ... (cut)");
    }
    shown.replace('\n', "\n    ").replace("\n        ", "\n    ")
}

/// Removes WASI's numbers of system errors: the preceding text has the same information, and the
/// same number means another error on Linux or macOS.
fn without_errno(message: &str) -> Cow<'_, str> {
    const BEFORE: &str = " (os error ";
    let mut parts = message.split(BEFORE);
    let first = parts.next().unwrap_or_default();
    let mut text = Cow::Borrowed(first);
    for part in parts {
        let number = part.find(|c: char| !c.is_ascii_digit()).filter(|end| *end > 0);
        match number.and_then(|end| part[end..].strip_prefix(')')) {
            Some(rest) => text.to_mut().push_str(rest),
            None => text.to_mut().extend([BEFORE, part]),
        }
    }
    text
}

/// An error that the driver itself can handle.
pub(super) fn guest_error(kind: &str, message: impl Into<String>) -> types::Error {
    types::Error { kind: kind.into(), message: message.into(), retryable: false }
}

/// A violation of the contract: traps the driver and becomes the failure of the step.
pub(super) fn contract_violation(message: impl Into<String>) -> wasmtime::Error {
    wasmtime::Error::new(ContractViolation(message.into()))
}

/// A resource limit that the driver made the host exceed: traps the driver and becomes the failure
/// of the step, with the kind `limit`.
pub(super) fn limit_exceeded(message: impl Into<String>) -> wasmtime::Error {
    wasmtime::Error::new(LimitExceeded(message.into()))
}

/// Payload of [`limit_exceeded`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct LimitExceeded(pub(super) String);

/// Payload of [`contract_violation`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ContractViolation(pub(super) String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn driver_message_lines_cannot_look_like_host_lines() {
        let redactor = Redactor::default();
        let text = "a\nerror: b\n  help: c";
        assert_eq!(sanitize_message(text, &redactor), "a\n    error: b\n      help: c");
        assert!(sanitize_message(&"é".repeat(MAX_MESSAGE), &redactor).ends_with("é ... (cut)"));
    }

    #[test]
    fn wasi_error_numbers_are_removed() {
        for (text, shown) in [
            ("a: Invalid argument (os error 28); b", "a: Invalid argument; b"),
            ("x (os error 2) (os error 29)", "x"),
            ("x (os error ) (os error 2", "x (os error ) (os error 2"),
        ] {
            assert_eq!(sanitize_message(text, &Redactor::default()), shown);
        }
    }

    #[test]
    fn cut_message_shows_no_partial_secret() {
        let redactor = Redactor::new(["hunter2hunter2".to_owned()]).unwrap();
        for before in MAX_MESSAGE - 20..MAX_MESSAGE + 4 {
            let text = format!("{}hunter2hunter2 and more", "x".repeat(before));
            let shown = sanitize_message(&text, &redactor);
            assert!(!shown.contains("hun") && shown.ends_with("(cut)"), "{before}");
        }
    }
}
