//! Names that the contract between the host and a driver fixes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The WIT package that drivers target, with its version.
pub const CONTRACT: &str = "osiris:driver@0.1.0";

/// Use of a driver by a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Reads external data into a table.
    Extract,
    /// Computes a table from tables.
    Transform,
    /// Writes a table to an external destination.
    Write,
    /// Lists the available datasets; not allowed in steps.
    Discover,
}

/// Kind of a failure: who can fix it. Drivers report the kinds of the contract; the host adds its
/// own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// The configuration is wrong in a way that only the driver can see.
    Config,
    /// A login was refused.
    Auth,
    /// A permission is missing.
    Permission,
    /// A service cannot be reached.
    Network,
    /// A service or a step took too long.
    Timeout,
    /// A file, table or column does not exist.
    NotFound,
    /// A value does not fit.
    Data,
    /// Another step failed.
    Upstream,
    /// The run was cancelled.
    Cancelled,
    /// The driver does not support the request.
    Unsupported,
    /// A fault of the driver that the driver itself noticed.
    Internal,
    /// The driver panicked.
    Panic,
    /// The driver crashed.
    Trap,
    /// The driver exceeded a limit.
    Limit,
    /// The driver, or the worker in a sandbox, violated its contract.
    Protocol,
    /// The session's files, or the state of a step, could not be written.
    Session,
    /// The process of the run disappeared.
    Crash,
    /// The sandbox failed.
    Sandbox,
    /// Dependencies could not be installed in the sandbox.
    Dependencies,
    /// A kind of a newer version of osiris.
    #[serde(other)]
    Other,
}

impl ErrorKind {
    /// Kinds that the contract allows drivers to report.
    pub const CONTRACT: [Self; 11] = [
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

    /// Returns the name of the kind, as in the contract and in `status.json`.
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
            Self::Panic => "panic",
            Self::Trap => "trap",
            Self::Limit => "limit",
            Self::Protocol => "protocol",
            Self::Session => "session",
            Self::Crash => "crash",
            Self::Sandbox => "sandbox",
            Self::Dependencies => "dependencies",
            Self::Other => "other",
        }
    }

    /// Returns the kind of the contract with this name.
    pub fn from_contract(name: &str) -> Option<Self> {
        Self::CONTRACT.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Returns whether a call into a driver can fail with this kind.
    pub fn is_of_call(self) -> bool {
        Self::CONTRACT.contains(&self)
            || matches!(self, Self::Panic | Self::Trap | Self::Limit | Self::Protocol)
    }

    /// Returns whether the failure only follows from a cancellation or from the failure of another
    /// step.
    pub fn is_cascaded(self) -> bool {
        matches!(self, Self::Upstream | Self::Cancelled)
    }

    /// Returns whether the failure is a fault of the driver that its author must fix.
    pub fn is_driver_bug(self) -> bool {
        matches!(self, Self::Panic | Self::Trap | Self::Protocol)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_kinds_are_serialized_as_their_names() {
        for kind in ErrorKind::CONTRACT {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(ErrorKind::from_contract(kind.as_str()), Some(kind));
        }
        let newer: ErrorKind = serde_json::from_str("\"of-tomorrow\"").unwrap();
        assert_eq!(newer, ErrorKind::Other);
    }

    /// The lists of the SDKs and of the contract's text.
    #[test]
    fn error_kinds_are_the_same_in_every_language() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../");
        for file in [
            "wit/driver.wit",
            "sdk/rust/src/error.rs",
            "sdk/python/osiris_sdk/errors.py",
            "sdk/javascript/src/error.js",
        ] {
            let text = std::fs::read_to_string(format!("{root}{file}")).expect(file);
            for kind in ErrorKind::CONTRACT {
                assert!(text.contains(kind.as_str()), "{file} does not have `{kind}`");
            }
        }
    }
}
