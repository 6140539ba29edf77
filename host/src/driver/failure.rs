//! How a call into a driver goes wrong.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::bindings::osiris::driver::types;
use crate::redact::Redactor;

/// The longest message that is kept of a driver's error or panic, in bytes.
const MAX_MESSAGE: usize = 16 << 10;

/// What a driver may call its errors, by the contract.
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
/// What the host adds.
const OWN_KINDS: [&str; 4] = ["panic", "trap", "limit", "protocol"];

/// Why a call failed, in words for a person. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// One of the contract's kinds when the driver reports it: config, auth,
    /// permission, network, timeout, not-found, data, upstream, cancelled,
    /// unsupported, internal. The host adds panic, trap, limit and protocol.
    pub kind: String,
    /// What failed, and what to do about it.
    pub message: String,
}

impl Failure {
    /// A failure of a kind.
    pub fn new(kind: &str, message: impl Into<String>) -> Self {
        Self { kind: kind.into(), message: message.into() }
    }

    /// Whether a call can fail so.
    pub fn is_kind(kind: &str) -> bool {
        KINDS.contains(&kind) || OWN_KINDS.contains(&kind)
    }

    /// Whether a driver may call its error so, by the contract.
    pub fn is_told(kind: &str) -> bool {
        KINDS.contains(&kind)
    }

    /// What a failure of a kind that is the driver's own fault asks for.
    pub fn help(kind: &str, driver: &str) -> Option<String> {
        let is_fault = ["panic", "trap", "protocol"].contains(&kind);
        is_fault.then(|| format!("this is a fault of the driver `{driver}`: tell its author"))
    }

    /// Of a step that lacks what this one was to give it.
    pub fn upstream(step: &str) -> Self {
        Self::new("upstream", format!("the step `{step}` before it failed"))
    }

    /// Adds what the host refused, if that may be why.
    pub(super) fn explained(mut self, refusal: Option<String>) -> Self {
        let may_be =
            matches!(self.kind.as_str(), "network" | "permission" | "timeout" | "internal");
        if let Some(refusal) = refusal.filter(|_| may_be) {
            self.message = format!("{}; {refusal}", self.message);
        }
        self
    }

    /// Whether it only follows from another step's failure.
    pub fn is_consequence(&self) -> bool {
        matches!(self.kind.as_str(), "upstream" | "cancelled")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A driver's own error.
pub(super) fn reported(error: types::Error, redactor: &Redactor) -> Failure {
    let kind = KINDS.into_iter().find(|kind| *kind == error.kind).unwrap_or("internal");
    let message = match error.message.trim() {
        "" => "the driver gave no reason".to_owned(),
        _ => shortened(&error.message, redactor),
    };
    Failure::new(kind, message)
}

/// A driver's message, masked, and cut where nobody reads on. Its lines after the
/// first are set in unless they are, so that none can pass for one of the host's.
pub(crate) fn shortened(message: &str, redactor: &Redactor) -> String {
    let message = &without_errno(message);
    let (mut shown, end) = redactor.beginning(message.as_bytes(), MAX_MESSAGE);
    if end < message.len() {
        shown.push_str(" ... (cut)");
    }
    shown.replace('\n', "\n    ").replace("\n        ", "\n    ")
}

/// The message without the numbers that WASI has for errors of the system: the words before
/// them say the same, and a number of Linux or macOS would mean something else.
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

/// An error that the driver itself can act on.
pub(super) fn answer(kind: &str, message: impl Into<String>) -> types::Error {
    types::Error { kind: kind.into(), message: message.into(), retryable: false }
}

/// A breach of the contract: it traps the driver and becomes the step's failure.
pub(super) fn breach(message: impl Into<String>) -> wasmtime::Error {
    wasmtime::Error::new(Breach(message.into()))
}

/// That a driver made the host use more than it may: it traps the driver and becomes
/// the step's failure, of kind `limit`.
pub(super) fn beyond(message: impl Into<String>) -> wasmtime::Error {
    wasmtime::Error::new(Beyond(message.into()))
}

/// See [`beyond`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Beyond(pub(super) String);

/// See [`breach`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Breach(pub(super) String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_driver_starts_like_one_of_the_host() {
        let redactor = Redactor::default();
        let text = "a\nerror: b\n  help: c";
        assert_eq!(shortened(text, &redactor), "a\n    error: b\n      help: c");
        assert!(shortened(&"é".repeat(MAX_MESSAGE), &redactor).ends_with("é ... (cut)"));
    }

    #[test]
    fn numbers_of_wasi_are_left_out() {
        for (text, shown) in [
            ("a: Invalid argument (os error 28); b", "a: Invalid argument; b"),
            ("x (os error 2) (os error 29)", "x"),
            ("x (os error ) (os error 2", "x (os error ) (os error 2"),
        ] {
            assert_eq!(shortened(text, &Redactor::default()), shown);
        }
    }

    #[test]
    fn the_cut_leaves_no_half_secret() {
        let redactor = Redactor::new(["hunter2hunter2".to_owned()]).unwrap();
        for before in MAX_MESSAGE - 20..MAX_MESSAGE + 4 {
            let text = format!("{}hunter2hunter2 and more", "x".repeat(before));
            let shown = shortened(&text, &redactor);
            assert!(!shown.contains("hun") && shown.ends_with("(cut)"), "{before}");
        }
    }
}
