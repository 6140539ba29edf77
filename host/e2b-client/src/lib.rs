//! A client for E2B: [`Control`], the control plane, creates and kills sandboxes, and [`Envd`], the
//! daemon in each sandbox, manages files and processes.
//!
//! Every call has one deadline, retries included ([`Control::with_timeout`], [`Envd::with_timeout`]); calls
//! that are not safe to repeat are not repeated. Data from a server is bounded before it is
//! buffered. Messages never contain a key or a token.
//!
//! ```
//! use e2b_client::Settings;
//! use osiris_core::variable::Variable;
//!
//! let lookup = |name: &str| match name {
//!     "E2B_API_KEY" => Some(Variable::exported("e2b_0123456789abcdef".to_owned())),
//!     _ => None,
//! };
//! let settings = Settings::from(lookup)?;
//! assert_eq!(settings.api_host(), "api.e2b.app");
//! assert!(!format!("{settings:?}").contains("0123456789"));
//! # Ok::<(), e2b_client::Error>(())
//! ```

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
