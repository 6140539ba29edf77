//! A client for E2B: [`Control`], the control plane, creates and kills sandboxes, and [`Envd`], the
//! daemon in each sandbox, manages files and processes.
//!
//! Every call has one deadline, retries included ([`Control::within`], [`Envd::within`]); calls
//! that are not safe to repeat are not repeated. Data from a server is bounded before it is
//! buffered. Messages never contain a key or a token.

mod control;
mod envd;
mod error;
mod http;
mod response;
mod retry;
mod secret;
mod settings;

#[cfg(test)]
mod tests;

pub use self::control::{
    Build, BuildState, BuildStatus, Control, Create, LogEntry, Network, Sample, Sandbox,
    SandboxInfo, SandboxSummary, State, Step, Template,
};
#[cfg(fuzzing)]
pub use self::envd::fuzzing;
pub use self::envd::{
    Command, Download, Entry, Envd, Finished, Health, Output, Process, Signal, Source, Type,
};
pub use self::error::{Error, Kind, Result};
pub use self::secret::Secret;
pub use self::settings::Settings;
