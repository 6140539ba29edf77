//! The runtime: [`run`] executes a manifest, and [`session`] records the run.
//!
//! ```
//! use std::path::Path;
//!
//! use osiris_runtime::session::history;
//!
//! // A project without runs has no logs directory.
//! let runs = history::list(Path::new("no/such/project/logs"))?;
//! assert!(runs.is_empty());
//! # Ok::<(), osiris_core::diagnostic::Error>(())
//! ```

pub mod run;
pub mod session;
