//! Failures of calls into drivers.

use std::borrow::Cow;
use std::fmt;

use osiris_core::contract::ErrorKind;
use osiris_core::diagnostic::{Diagnostic, Error};
use osiris_core::redact::Redactor;

use super::bindings::osiris::driver::types;

/// Maximum length of the message of a driver's error or panic, in bytes.
const MAX_MESSAGE: usize = 16 << 10;

/// Cause of a failed call, for the user. Contains no secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// Kind of the failure.
    pub kind: ErrorKind,
    /// Description of the failure.
    pub message: String,
    /// Instruction to fix it, if the message has none.
    pub help: Option<String>,
}

impl CallError {
    /// Creates a failure of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None }
    }

    /// Adds an instruction.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The failure of a step that depends on the failed `step`.
    pub fn upstream(step: &str) -> Self {
        Self::new(ErrorKind::Upstream, format!("upstream step `{step}` failed"))
    }

    /// Tells whose fault the failure is, if it is a fault of the driver.
    #[must_use]
    pub fn of_driver(self, driver: &str) -> Self {
        if !self.kind.is_driver_bug() {
            return self;
        }
        self.help(format!("report this bug to the author of driver `{driver}`"))
    }

    /// Appends a denial to the message if a denial can cause a failure of this kind.
    pub(super) fn with_denial(mut self, denial: Option<String>) -> Self {
        use ErrorKind::{Internal, Network, Permission, Timeout};
        let can_be = matches!(self.kind, Network | Permission | Timeout | Internal);
        if let Some(denial) = denial.filter(|_| can_be) {
            self.message = format!("{}; {denial}", self.message);
        }
        self
    }
}

/// Converts a problem of the host during a call, which has the kind `permission`.
impl From<Error> for CallError {
    fn from(error: Error) -> Self {
        let Diagnostic { message, help, .. } = error.into_first();
        Self { kind: ErrorKind::Permission, message, help }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Converts the error that a driver returned.
pub(super) fn from_driver(error: types::Error, redactor: &Redactor) -> CallError {
    let kind = ErrorKind::from_contract(&error.kind).unwrap_or(ErrorKind::Internal);
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
pub(super) fn guest_error(kind: ErrorKind, message: impl Into<String>) -> types::Error {
    types::Error { kind: kind.as_str().into(), message: message.into(), retryable: false }
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
