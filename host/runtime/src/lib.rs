//! The runtime: [`run`] executes a manifest, and [`session`] records the run.

pub mod run;
pub mod session;
