//! A client for E2B: the [`Control`] plane, which makes and ends sandboxes, and
//! [`Envd`], the daemon in each sandbox, which keeps its files and processes.
//!
//! Every call has one deadline, its retries included ([`Control::within`],
//! [`Envd::within`]); what is not safe to repeat is not repeated. Whatever a
//! server sends is bounded before it is kept. No message holds a key or a token.

mod answer;
mod control;
mod envd;
mod error;
mod http;
mod retry;
mod secret;
mod settings;

#[cfg(test)]
mod tests;

pub use self::control::{
    Build, BuildState, BuildStatus, Control, Create, Info, Listed, LogEntry, Network, Sample,
    Sandbox, State, Step, Template,
};
#[cfg(fuzzing)]
pub use self::envd::fuzzing;
pub use self::envd::{
    Command, Download, Entry, Envd, Finished, Health, Output, Process, Signal, Source, Type,
};
pub use self::error::{Error, Kind, Result};
pub use self::secret::Secret;
pub use self::settings::Settings;
