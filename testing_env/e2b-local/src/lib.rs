//! An emulator of the E2B cloud on loopback, for tests: the control plane and
//! envd as clients see them, with real processes in folders of their own, and
//! faults on demand.
//!
//! A test starts one with [`E2bLocal::start`] and gives [`E2bLocal::env`] to its
//! client. Routes have the names that [`E2bLocal::requests`] counts them by, also
//! for faults:
//!
//! ```no_run
//! use e2b_local::{Answer, E2bLocal, Effect, Fault, Options};
//!
//! let server = E2bLocal::start(Options::default())?;
//! let busy = Answer::error(503, "busy").header("Retry-After", "1");
//! server.fault(Fault::on("POST /v2/sandboxes", Effect::Answer(busy)).times(2));
//! server.fault(Fault::on("POST /process.Process/Start", Effect::CutLine(3)).containing("worker"));
//! # anyhow::Ok(())
//! ```

mod clock;
mod control;
mod egress;
mod envd;
mod fault;
mod listen;
mod names;
mod options;
mod record;
mod route;
mod sandbox;
mod server;
mod state;

pub use fault::{Answer, Effect, Fault};
pub use options::{Enforce, Options, Template, TemplateFile, Versions};
pub use server::{E2bLocal, Living};
