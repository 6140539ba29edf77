//! A stand-in for the E2B cloud on loopback, for tests: the control plane and
//! envd as clients see them, with real processes in folders of their own, and
//! faults on demand.

mod clock;
mod control;
mod envd;
mod fault;
mod listen;
mod options;
mod record;
mod route;
mod sandbox;
mod server;
mod state;

pub use fault::{Answer, Effect, Fault};
pub use options::{Options, Template, TemplateFile, Versions};
pub use server::{E2bLocal, Living};
